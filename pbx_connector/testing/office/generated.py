"""Contacts of people who do not exist, any number of them, the same for the same seed.

Names are invented, domains are those reserved for examples, and numbers lie in the ranges that regulators keep free for
films and books. A contact is made from its number whenever it is asked for, so that 200,000 take no memory for values.
"""

from __future__ import annotations

from typing import Final, TypeVar

from pbx_connector.testing.office.entities import Value, Values

_T = TypeVar("_T")

_FIRST: Final = (
    *("Anna", "Bernd", "Carla", "David", "Elif", "Florian", "Greta", "Henning", "Ines", "Jörg", "Katharina", "Lukas"),
    *("Magdalena", "Nils", "Olga", "Paul", "Quirin", "René", "Sören", "Tanja", "Ulrike", "Viktor", "Wiebke", "Xaver"),
    *("Yasemin", "Zoë", "Aleš", "Björn", "Chloé", "Dagný", "Emre", "François", "Gülay", "Håkon", "Ivana", "José"),
)
_LAST: Final = (
    *("Achterberg", "Bäumler", "Czerny", "Dörflinger", "Eichhorn", "Fröhlich", "Gärtner", "Hübner", "Ißbrücker"),
    *("Jäger", "Köhler", "Lindqvist", "Müller-Lüdenscheid", "Nguyen", "O'Brien", "Pospíšil", "Quandt", "Rößler"),
    *("Sørensen", "Theißen", "Uğurlu", "von der Weide", "Wójcik", "Yıldız", "Zschokke", "Ångström", "Brückner"),
)
_COMPANIES: Final = (
    *("Alpenrad GmbH", "Bergblick Hotels", "Café Sonnenschein", "Deichkind Logistik", "Elbwerft AG"),
    *("Fahrzeugbau Förde", "Grünwald & Söhne", "Hafenkontor", "Isartal Druck", "Jütland Møbler"),
    *("Kraft + Werk KG", "Lüneburger Salz", "Mühlenhof Bäckerei", "Nordlicht Energie", "Obsthof Österreicher"),
)
_DEPARTMENTS: Final = ("Sales", "Support", "Purchasing", "Accounting", "IT", "Management", "Logistics", "")
_TITLES: Final = ("Managing Director", "Buyer", "Engineer", "Accountant", "Assistant", "Technician", "")
_CITIES: Final = (
    ("Berlin", "10115", "+49 30 23125 {:03d}"),
    ("München", "80331", "+49 89 99998 {:03d}"),
    ("Köln", "50667", "+49 221 4710 {:03d}"),
    ("Hamburg", "20095", "+49 40 66969 {:03d}"),
    ("Frankfurt am Main", "60311", "+49 69 90009 {:03d}"),
)
_MOBILE: Final = "+49 171 39200 {:02d}"
_ASCII: Final = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", " ": ".", "'": "", "ø": "o", "å": "a", "Å": "a"}
)
_MASK: Final = (1 << 64) - 1


class Generator:
    """Makes the values of a contact from its number."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def __call__(self, number: int) -> Values:
        pick = _Picker(_mix(self._seed, number))
        given, surname, company = pick.one_of(_FIRST), pick.one_of(_LAST), pick.one_of(_COMPANIES)
        values: dict[str, Value] = {
            "DisplayName": f"{given} {surname}",
            "FileAs": f"{surname}, {given}",
            "GivenName": given,
            "Surname": surname,
            "CompanyName": company,
            "Department": pick.one_of(_DEPARTMENTS),
            "JobTitle": pick.one_of(_TITLES),
            "EmailAddresses_EmailAddress1": f"{_ascii(given)}.{_ascii(surname)}.{number}@example.org",
        }
        values.update(_reach(pick))
        return {name: value for name, value in values.items() if value}


def _reach(pick: _Picker) -> dict[str, Value]:
    city, code, line = pick.one_of(_CITIES)
    return {
        "PhoneNumbers_BusinessPhone": line.format(pick.below(1000)),
        "PhoneNumbers_BusinessFax": line.format(pick.below(1000)) if pick.below(3) == 0 else "",
        "PhoneNumbers_MobilePhone": _MOBILE.format(pick.below(100)) if pick.below(2) else "",
        "PhysicalAddresses_Business_Street": f"Musterstraße {pick.below(120) + 1}",
        "PhysicalAddresses_Business_City": city,
        "PhysicalAddresses_Business_PostalCode": code,
        "PhysicalAddresses_Business_CountryOrRegion": "Germany",
    }


class _Picker:
    """Takes choices out of one number, each as independent as 64 bits allow."""

    def __init__(self, bits: int) -> None:
        self._bits = bits

    def below(self, limit: int) -> int:
        self._bits, chosen = divmod(self._bits, limit)
        return chosen

    def one_of(self, choices: tuple[_T, ...]) -> _T:
        return choices[self.below(len(choices))]


def _mix(seed: int, number: int) -> int:
    """SplitMix64: a cheap hash whose neighbours look unrelated."""
    bits = (seed * 0x9E3779B97F4A7C15 + number * 0xD1342543DE82EF95) & _MASK
    bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & _MASK
    return bits ^ (bits >> 31)


def _ascii(name: str) -> str:
    plain = name.lower().translate(_ASCII).encode("ascii", "ignore").decode()
    return plain.strip(".")
