"""Distinguished names (RFC 4514) as far as books need them: equal ones, what lies below what, and readable parts."""

from __future__ import annotations

import re

_ESCAPED = re.compile(r"\\([0-9A-Fa-f]{2}|.)", re.DOTALL)
_ENDS = ",;"


def parts(dn: str) -> list[str]:
    """The relative names, the innermost first, as they stand there."""
    found, begin, place, quoted = [], 0, 0, False
    while place < len(dn):
        if dn[place] == "\\":
            place += 1
        elif dn[place] == '"':
            quoted = not quoted
        elif dn[place] in _ENDS and not quoted:
            found.append(_stripped(dn[begin:place]))
            begin = place + 1
        place += 1
    found.append(_stripped(dn[begin:]))
    return [part for part in found if part]


def _stripped(text: str) -> str:
    """Without blanks around it, but for one that is escaped."""
    clean = text.strip()
    escapes = len(clean) - len(clean.rstrip("\\"))
    return clean + " " if escapes % 2 else clean


def is_dn(text: str) -> bool:
    names = parts(text)
    return bool(names) and all(re.fullmatch(r"[A-Za-z0-9.-]+\s*=.*", part, re.DOTALL) for part in names)


def value(part: str) -> str:
    """What a relative name calls the entry: `Sales, Europe` of `ou=Sales\\2c Europe`."""
    text = _stripped(part.partition("=")[2])
    if text.startswith('"') and text.endswith('"') and len(text) > 1:
        text = text[1:-1]
    octets = _ESCAPED.sub(lambda found: _octet(found[1]), text)
    return octets.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _octet(escaped: str) -> str:
    if len(escaped) == 1:
        return escaped
    return bytes.fromhex(escaped).decode("utf-8", "surrogateescape")


def normal(dn: str) -> str:
    """The same for names that differ in case, blanks and escapes alone."""
    return ",".join(_normal_part(part) for part in parts(dn))


def _normal_part(part: str) -> str:
    name = part.partition("=")[0].strip().lower()
    text = " ".join(value(part).casefold().split())
    return f"{name}=" + re.sub(r'([\\,+"<>;])', r"\\\1", text)


def is_below(dn: str, base: str) -> bool:
    """Whether it is `base` or lies below; everything lies below the empty name."""
    inner, outer = parts(normal(dn)), parts(normal(base))
    return not outer or inner[-len(outer) :] == outer


def depth_below(dn: str, base: str) -> int:
    """Levels: 0 for `base` itself. Ask `is_below` first."""
    return len(parts(dn)) - len(parts(base))


def escape_value(text: str) -> str:
    """As the value of a relative name: nothing in it is taken for syntax."""
    escaped = re.sub(r'([\\,+"<>;=#])', r"\\\1", text).replace("\0", "\\00")
    if escaped.startswith(" "):
        escaped = "\\" + escaped
    return escaped[:-1] + "\\ " if escaped.endswith(" ") and not escaped.endswith("\\ ") else escaped


def common_name(dn: str) -> str:
    """`Anna Berg` of `CN=Anna Berg,OU=Sales,DC=example,DC=com`; what is no name at all stays as it is."""
    return value(parts(dn)[0]) if is_dn(dn) else dn


def folder_path(dn: str) -> str:
    """`/People/Sales` of `CN=Anna Berg,OU=Sales,OU=People,DC=example,DC=com`: where an entry lies, without the
    domain."""
    above = [part for part in parts(dn)[1:] if part.partition("=")[0].strip().lower() not in ("dc", "o", "c")]
    return "/" + "/".join(value(part) for part in reversed(above))
