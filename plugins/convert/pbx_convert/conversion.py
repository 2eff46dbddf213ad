"""From a profile of the original to one of pbx-connector, and to what is to be told about it."""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass, field

from pbx_convert import profile_text
from pbx_convert.findings import CannotSay, Kind, Note, Unsaid
from pbx_convert.originals import EXCHANGE_STRUCTURE, Original
from pbx_convert.php import snippets
from pbx_convert.php.snippets import Said
from pbx_convert.php.translator import WORDS
from pbx_convert.simplify import YES, not_
from pbx_convert.structure import template
from pbx_convert.structure.records import Structure, Writer, names_in
from pbx_convert.terms import (
    And,
    Call,
    Compare,
    Field,
    Member,
    Name,
    Not,
    Term,
    Text,
    TooLarge,
    fields_of,
    walk,
    written,
)

PHONES = ("028pho_phone", "028pho_mobile", "028pho_homephone", "028pho_fax")
_NAME = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Something that the language could do better, and that nothing in the original asks for."""

    what: str
    message: str


@dataclass
class Conversion:
    rules: list[str] = field(default_factory=list)
    """Lines of the block."""
    structure: list[str] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    unsaid: list[Unsaid] = field(default_factory=list)
    suggestions: list[Suggestion] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    """Variables that the structure does not use."""
    renamed: dict[str, str] = field(default_factory=dict)
    """Variables whose names no rule can have."""
    assumed: list[str] = field(default_factory=list)
    """Names in the structure that are no variable, and so are taken for fields of the source."""
    feeds: dict[str, set[str]] = field(default_factory=dict)
    """By the code of a target field, the names that go into it."""


def convert(original: Original, fields: Set[str] = frozenset()) -> Conversion:
    """`fields` are those that the source lists; a structure that is not given is that of the Exchange template."""
    made = Conversion()
    read = _read_structure(original, made)
    used = names_in(read) if read else set(original.variables)
    if original.variables:
        made.assumed = sorted(used - set(original.variables) - fields - {"this", ""})
    names = _rule_names(original.variables, made)
    if original.prefilter and original.prefilter.strip():
        _pre_filter(made, original.prefilter, frozenset(names.values()))
    terms = _variables(made, original.variables, names, used)
    plain = {name for name, term in terms.items() if term == Field(name)}
    _structure(made, original, read, names, plain)
    _suggest(made, terms)
    if any(not line.startswith("#") for line in made.rules):
        made.notes.append(Note(Kind.WHITE_SPACE, "rules", 1))
    return made


def _read_structure(original: Original, made: Conversion) -> template.Value | None:
    try:
        return template.read(original.structure or EXCHANGE_STRUCTURE)
    except CannotSay as why:
        made.unsaid.append(Unsaid("structure", max(1, why.line), why.reason, original.structure or ""))
        return None


def _rule_names(variables: dict[str, str], made: Conversion) -> dict[str, str]:
    """The rule's name for each variable."""
    names: dict[str, str] = {}
    for name in variables:
        plain = name
        if not _NAME.fullmatch(name) or name.lower() in WORDS:
            plain = re.sub(r"\W", "_", name) or "_"
            plain = plain if _NAME.fullmatch(plain) and plain.lower() not in WORDS else f"Value_{plain}"
            while plain in names.values() or plain in variables:
                plain += "_"
            made.renamed[name] = plain
        names[name] = plain
    return names


def _pre_filter(made: Conversion, php: str, taken: frozenset[str]) -> None:
    said = snippets.pre_filter(php, taken)
    if isinstance(said, Unsaid):
        made.unsaid.append(said)
        made.rules += [*_left_over(said), f"keep when {_error(said)}"]
        return
    made.notes += said.notes
    parts = said.term.operands if isinstance(said.term, And) else (said.term,)
    for part in parts:
        if part != YES:
            made.rules.append(_filter(part))


def _filter(term: Term) -> str:
    """`skip when` for what `keep when` could say only with a `not`."""
    return f"skip when {written(not_(term))}" if _is_negative(term) else f"keep when {written(term)}"


def _is_negative(term: Term) -> bool:
    match term:
        case Not():
            return True
        case Compare(operator, _, right):
            return (" not" in operator and written(right) != "blank") or operator == "does not match"
        case Member(negated=negated):
            return negated
    return False


def _left_over(unsaid: Unsaid) -> list[str]:
    """The original text, as a comment."""
    lines = [f"# {unsaid.what}, line {unsaid.line} of the original: {unsaid.reason}."]
    return lines + [f"#   {profile_text.printable(line)}" for line in unsaid.text.strip().splitlines()]


def _error(unsaid: Unsaid) -> str:
    """A call of no function: the check names it, at its place."""
    return f"not_converted({written(_quoted(unsaid))})"


def _quoted(unsaid: Unsaid) -> Term:
    return Text(profile_text.printable(unsaid.reason))


def _variables(made: Conversion, variables: dict[str, str], names: dict[str, str], used: set[str]) -> dict[str, Term]:
    taken = frozenset(names.values())
    terms: dict[str, Term] = {}
    for name, php in variables.items():
        said = snippets.variable(name, php, taken)
        if name not in used:
            made.unused.append(name)
            made.rules += _unused(names[name], name, said)
        elif isinstance(said, Unsaid):
            made.unsaid.append(said)
            made.rules += [*_left_over(said), f"{names[name]} = {_error(said)}"]
        else:
            terms[name] = said.term
            made.notes += said.notes
            if said.term != Field(name):
                made.rules.append(f"{names[name]} = {written(said.term)}")
    return terms


def _unused(rule: str, name: str, said: Said | Unsaid) -> list[str]:
    """As comments, unless it is a field of the same name."""
    if isinstance(said, Unsaid):
        return _left_over(said)
    return [] if said.term == Field(name) else [f"# {rule} = {written(said.term)}"]


def _structure(
    made: Conversion, original: Original, read: template.Value | None, names: dict[str, str], plain: set[str]
) -> None:
    def refer(name: str) -> Term:
        return Name(names[name]) if name in names and name not in plain else Field(name)

    if read is None:
        _no_structure(made, made.unsaid[0])
        return
    try:
        written_ = Writer(refer, set(names.values())).write(read)
    except (CannotSay, TooLarge) as why:
        reason, line = (why.reason, why.line) if isinstance(why, CannotSay) else ("a text is too long", 1)
        made.unsaid.append(Unsaid("structure", max(1, line), reason, original.structure or ""))
        _no_structure(made, made.unsaid[-1])
        return
    _take(made, written_)


def _take(made: Conversion, structure: Structure) -> None:
    made.structure = structure.lines
    made.rules += [f"{name} = {written(term)}" for name, term in structure.rules.items()]
    made.notes += structure.notes
    made.feeds = structure.feeds


def _no_structure(made: Conversion, unsaid: Unsaid) -> None:
    """The original as a comment, and a record whose rule does not pass the check, whatever fields the source has."""
    made.rules.append(f"Not_converted = {_error(unsaid)}")
    lines = [f"  {line}" for line in _left_over(unsaid)]
    made.structure = [*lines, "  phonebook:", '    - 028pho_bez: "{{Not_converted}}"']


def _suggest(made: Conversion, terms: dict[str, Term]) -> None:
    """`phone()` for what feeds a number and is cleaned by hand; offered, as it gives other texts than PHP did."""
    for name in sorted({name for code in PHONES for name in made.feeds.get(code, ())}):
        term = terms.get(name)
        if term is not None and _cleans(term):
            fields = ", ".join(f"phone([{one}])" for one in sorted(fields_of([term])))
            made.suggestions.append(
                Suggestion(
                    name, f"{fields} writes the number in international form by itself, if the profile has a region"
                )
            )


def _cleans(term: Term) -> bool:
    return any(isinstance(found, Call) and found.function in ("replace", "digits", "mid") for found in walk(term))


def summary(kinds: Sequence[Note]) -> dict[Kind, list[Note]]:
    """Notes by their kind, in the order in which they came."""
    by_kind: dict[Kind, list[Note]] = {}
    for note in kinds:
        by_kind.setdefault(note.kind, []).append(note)
    return by_kind
