"""Random programs of the supported subset of PHP, and random rows for them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

TEXT_FIELDS = ("A", "B", "C")
LIST_FIELD = "L"
_TEXTS = (
    *("", "0", "x", "Ann", "Lee", "ann@example.org", " two  words ", "Müller", "10", "01", "a,b,,c", "Ann,x,Lee"),
    *("030 23125-201", "+49 30 1", "CN=Sales,DC=x", "a;b", "two lines\n"),
)
_LITERALS = ("", "x", "Ann", "a", "@", ",", " ", "1", "Sales", "10", "e")
_PATTERNS = (
    "/a/",
    "/^A/i",
    "/[0-9]+/",
    "/n$/",
    "/(a|x)+/",
    "/[^a-z]/",
    "/^\\+?[0-9 ]*$/",
    "/\\d\\d/",
    "/ü/u",
    "/\\s+/",
)

Programs = st.SearchStrategy[str]


def _quoted(text: str) -> str:
    return f"'{text}'"


fields = st.sampled_from([f'$row["{name}"]' for name in TEXT_FIELDS])
variables = st.sampled_from(("$v", "$w"))
literals = st.sampled_from(_LITERALS).map(_quoted)
words = st.sampled_from([text for text in _LITERALS if text]).map(_quoted)
patterns = st.sampled_from(_PATTERNS).map(_quoted)
separators = st.sampled_from((",", ";", ", ")).map(_quoted)
numbers = st.integers(min_value=0, max_value=5)
atoms = fields | fields | fields | literals | variables


def filled(template: str, *parts: st.SearchStrategy[Any]) -> Programs:
    return st.tuples(*parts).map(lambda made: template.format(*made))


def arrays(of: Programs, least: int = 0) -> Programs:
    return st.lists(of, min_size=least, max_size=3).map(lambda made: f"[{', '.join(made)}]")


def lists() -> Programs:
    """What can be gone through."""
    cut = filled("explode({}, {})", separators, fields)
    return st.one_of(
        cut,
        cut,
        st.just(f'$row["{LIST_FIELD}"]'),
        filled("array_filter({})", cut),
        filled("array_map('trim', {})", cut),
        filled("preg_grep({}, {})", patterns, cut),
        filled("preg_split('/[,;]/', {})", fields),
        arrays(fields, 1),
    )


def _calls(inner: Programs) -> Programs:
    """Texts made of texts."""
    one = st.sampled_from(
        ("trim", "strtolower", "strtoupper", "mb_strtolower", "ucfirst", "lcfirst", "ucwords", "rtrim", "strval")
    )
    asked = conditions(inner)
    return st.one_of(
        filled("{}({})", one, inner),
        filled("mb_substr({}, {}, {})", inner, numbers, numbers),
        filled("substr({}, {})", inner, st.integers(min_value=-3, max_value=4)),
        filled("str_replace({}, {}, {})", literals, literals, inner),
        filled("str_replace({}, {}, {})", arrays(words, 1), literals | arrays(literals), inner),
        filled("preg_replace({}, {}, {})", patterns, literals, inner),
        filled("{} . {}", inner, inner),
        filled("({} ?: {})", inner, inner),
        filled("({} ?? {})", fields, inner),
        filled("({} ? {} : {})", asked, inner, inner),
        filled("({} ? {} : ({} ? {} : {}))", asked, inner, asked, inner, inner),
        filled("implode({}, {})", literals, lists()),
        filled("implode({}, {})", literals, arrays(inner, 1)),
        filled("explode({}, {})[{}]", separators, fields, st.integers(min_value=0, max_value=2)),
        filled("sprintf('%s-%s', {}, {})", inner, inner),
    )


def conditions(of: Programs) -> Programs:
    single = st.one_of(
        filled("isset({})", fields),
        filled("empty({})", fields | variables),
        filled("!empty({})", fields),
        filled("{} == {}", of, literals),
        filled("{} === {}", of, literals),
        filled("{} != {}", of, literals),
        filled("strpos({}, {}) !== false", of, words),
        filled("strpos({}, {}) === 0", of, words),
        filled("stripos({}, {})", of, words),
        filled("mb_strlen({}) > {}", of, numbers),
        filled("strlen({}) == {}", of, numbers),
        filled("preg_match({}, {})", patterns, of),
        filled("in_array({}, {})", of, arrays(words, 1)),
        filled("in_array({}, {}, true)", of, arrays(words, 1)),
        filled("in_array({}, {})", words, lists()),
        filled("count({}) {} {}", lists(), st.sampled_from((">", "==", "<=", "!=")), numbers),
        filled("{}", fields | variables),
    )
    return st.one_of(
        single,
        filled("({} && {})", single, single),
        filled("({} || {})", single, single),
        filled("!({})", single),
    )


texts = st.recursive(atoms, _calls, max_leaves=5)
small = st.recursive(atoms, _calls, max_leaves=2)
asked = conditions(atoms)


def _loops() -> Programs:
    element = st.sampled_from(("$e", "trim($e)", "strtolower($e)", "$e . '!'", "'<' . $e . '>'"))
    of_element = conditions(st.just("$e") | st.just("$e") | fields)
    whole = (lists(), of_element, element)
    collected = st.sampled_from(("return implode(';', $r);", "return $r;", "return count($r) > 1 ? 'many' : 'few';"))
    return st.one_of(
        filled("$r = []; foreach ({} as $e) {{ if ({}) {{ $r[] = {}; }} }} {}", *whole, collected),
        filled("$r = []; foreach ({} as $e) {{ if ({}) continue; $r[] = {}; }} {}", *whole, collected),
        filled("foreach ({} as $e) {{ if ({}) return {}; }} return {};", *whole, small),
        filled("foreach ({} as $e) {{ if ({}) return true; }} return false;", *whole[:2]),
        filled("$v = {}; foreach ({} as $e) {{ if ({}) {{ $v = {}; break; }} }} return $v;", small, *whole),
        filled("$v = {}; foreach ({} as $e) {{ if ({}) {{ $v = {}; }} }} return $v;", small, *whole),
        filled("$v = ''; foreach ({} as $e) {{ if ({}) $v .= {}; }} return $v;", *whole),
    )


def _blocks(inner: Programs) -> Programs:
    """Statements that may go on in what stands behind them."""
    body = st.lists(inner, min_size=1, max_size=2).map(" ".join)
    return st.one_of(
        filled("if ({}) {{ {} }}", asked, body),
        filled("if ({}) {{ {} }} else {{ {} }}", asked, body, body),
        filled("if ({}) {{ {} }} elseif ({}) {{ {} }} else {{ {} }}", asked, body, asked, body, body),
        filled("if ({}) {} elseif ({}) {}", asked, inner, asked, inner),
        filled(
            "switch ({}) {{ case {}: {} break; case {}: case {}: {} break; default: {} }}",
            *(fields | variables, words, inner, words, words, inner, inner),
        ),
    )


_simple = st.one_of(
    filled("return {};", small),
    filled("{} = {};", variables, small),
    filled("{} .= {};", variables, small),
    filled("{} = preg_match({}, {}, $m) ? $m[0] : '';", variables, patterns, atoms),
)
statements = st.recursive(_simple, _blocks, max_leaves=4)
_straight = filled("{} return {};", st.lists(statements, max_size=3).map(" ".join), texts)
programs = st.one_of(_straight, _straight, _loops(), filled("return {};", texts), filled("return {};", asked))

_values = st.sampled_from(_TEXTS)
rows: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {}, optional={**dict.fromkeys(TEXT_FIELDS, _values), LIST_FIELD: st.lists(_values, max_size=3)}
)
