"""What the server says of itself: the root of all trees, and the schema (RFC 4512)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pbx_directory.ldap.attributes import ATTRIBUTES, CLASS_OID, OPERATIONAL, Attribute, Holder
from pbx_directory.ldap.codes import ALL_OPERATIONAL, CONTROLS, START_TLS, TRUE_FALSE_FILTERS
from pbx_directory.ldap.tree import BASE, SUBSCHEMA, Special

_TEXT, _OID, _DN, _PHONE, _BOOLEAN, _PARTS = (
    f"1.3.6.1.4.1.1466.115.121.1.{number}" for number in (15, 38, 12, 50, 7, 58)
)
_MATCHING = "EQUALITY caseIgnoreMatch ORDERING caseIgnoreOrderingMatch SUBSTR caseIgnoreSubstringsMatch"
_NUMBER_MATCHING = "EQUALITY telephoneNumberMatch SUBSTR telephoneNumberSubstringsMatch"
_OPERATIONAL_TYPES = {
    "structuralObjectClass": ("2.5.21.9", "objectIdentifierMatch", _OID),
    "entryDN": ("1.3.6.1.1.20", "distinguishedNameMatch", _DN),
    "subschemaSubentry": ("2.5.18.10", "distinguishedNameMatch", _DN),
    "hasSubordinates": ("2.5.18.9", "booleanMatch", _BOOLEAN),
}
_RULES = {
    "caseIgnoreMatch": ("2.5.13.2", _TEXT),
    "caseIgnoreOrderingMatch": ("2.5.13.3", _TEXT),
    "caseIgnoreSubstringsMatch": ("2.5.13.4", _PARTS),
    "telephoneNumberMatch": ("2.5.13.20", _PHONE),
    "telephoneNumberSubstringsMatch": ("2.5.13.21", _PARTS),
    "objectIdentifierMatch": ("2.5.13.0", _OID),
    "distinguishedNameMatch": ("2.5.13.1", _DN),
    "booleanMatch": ("2.5.13.13", _BOOLEAN),
}
_MAY = " $ ".join(each.name for each in ATTRIBUTES if each.name not in ("objectClass", "cn", "sn", "uid", "ou", "dc"))
_CLASSES = (
    "( 2.5.6.0 NAME 'top' ABSTRACT MUST objectClass )",
    "( 2.5.6.6 NAME 'person' SUP top STRUCTURAL MUST ( sn $ cn ) MAY ( telephoneNumber $ description ) )",
    "( 2.5.6.7 NAME 'organizationalPerson' SUP person STRUCTURAL )",
    "( 2.16.840.1.113730.3.2.2 NAME 'inetOrgPerson' SUP organizationalPerson STRUCTURAL MAY uid )",
    f"( {CLASS_OID} NAME 'pbxEntry' SUP top AUXILIARY MUST uid MAY ( {_MAY} ) )",
    "( 2.5.6.5 NAME 'organizationalUnit' SUP top STRUCTURAL MUST ou MAY description )",
    "( 0.9.2342.19200300.100.4.13 NAME 'domain' SUP top STRUCTURAL MUST dc MAY description )",
    "( 2.5.20.1 NAME 'subschema' AUXILIARY )",
)


def described(special: Special, *, has_start_tls: bool) -> Mapping[str, Sequence[str]]:
    return _root(has_start_tls) if special is Special.ROOT else _SCHEMA


def _root(has_start_tls: bool) -> Mapping[str, Sequence[str]]:
    return {
        "objectClass": ("top",),
        "namingContexts": (BASE,),
        "subschemaSubentry": (SUBSCHEMA,),
        "supportedLDAPVersion": ("2", "3"),
        "supportedControl": CONTROLS,
        "supportedExtension": (START_TLS,) if has_start_tls else (),
        "supportedFeatures": (ALL_OPERATIONAL, TRUE_FALSE_FILTERS),
        "vendorName": ("pbx-connector",),
    }


def _attribute_type(attribute: Attribute) -> str:
    names = " ".join(f"'{name}'" for name in (attribute.name, *attribute.other_names))
    if attribute.is_ is Holder.CLASS:
        kind = f"EQUALITY objectIdentifierMatch SYNTAX {_OID}"
    elif attribute.is_number:
        kind = f"{_NUMBER_MATCHING} SYNTAX {_PHONE}"
    elif attribute.key is not None:
        kind = f"{_MATCHING} SYNTAX {_TEXT}"
    elif attribute.is_ is Holder.NOTES:
        kind = f"SYNTAX {_TEXT}"
    else:
        kind = f"EQUALITY caseIgnoreMatch SYNTAX {_TEXT}"
    return f"( {attribute.oid} NAME ( {names} ) {kind}{'' if attribute.many else ' SINGLE-VALUE'} )"


def _operational_type(name: str) -> str:
    oid, rule, syntax = _OPERATIONAL_TYPES[name]
    return (
        f"( {oid} NAME '{name}' EQUALITY {rule} SYNTAX {syntax} SINGLE-VALUE NO-USER-MODIFICATION "
        "USAGE directoryOperation )"
    )


_SCHEMA: Mapping[str, Sequence[str]] = {
    "objectClass": ("top", "subschema"),
    "cn": ("Subschema",),
    "attributeTypes": (*map(_attribute_type, ATTRIBUTES), *map(_operational_type, OPERATIONAL)),
    "objectClasses": _CLASSES,
    "matchingRules": tuple(f"( {oid} NAME '{name}' SYNTAX {syntax} )" for name, (oid, syntax) in _RULES.items()),
    "ldapSyntaxes": tuple(f"( {syntax} )" for syntax in sorted({syntax for _, syntax in _RULES.values()})),
}
