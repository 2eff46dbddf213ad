"""Random edits of a form, over every profile that ships and over some that are hard: an edit changes what it is about,
nothing else, and can be taken back."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path as FilePath
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pbx_rules.document import Mapping, Scalar
from profile_texts import TEXTS

from pbx_connector.application import Installation
from pbx_connector.application.drafts import (
    AddFilter,
    AddLabel,
    AddVariable,
    Edit,
    Form,
    MoveRule,
    Remove,
    RemoveLabel,
    RemoveRule,
    ReplaceFilter,
    ReplaceVariable,
    SetField,
    SetLabel,
    SetList,
    SetSchedule,
    SetSecret,
    SetText,
    apply,
    check,
    read_form,
)
from pbx_connector.config import Config
from pbx_connector.documents.editing import Path, YamlText
from pbx_connector.errors import UsageError
from pbx_connector.plugins import Plugins
from pbx_connector.profile.rules_block import RulesBlock
from pbx_connector.profile.statements import normalized
from pbx_connector.schedule import Schedule

PLUGINS = Plugins()
INSTALLATION = Installation(Config(), PLUGINS)
FILE = FilePath("office.yaml")
FEW = settings(max_examples=150, suppress_health_check=list(HealthCheck), phases=[Phase.generate])

NASTY = (
    *("x", "Büro & Söhne", 'a "b"', "it's", "# no comment", "a # b", "a: b", "a:", "- a", "[a]", "{a: b}", "{{Name}}"),
    *(
        " a",
        "a ",
        "",
        "yes",
        "null",
        "0041",
        "1.50",
        "-",
        "?",
        "*a",
        "&a",
        "!a",
        "%a",
        "@a",
        "`a`",
        "|",
        ">",
        "\\n",
        "\\",
    ),
    *("a\nb", "a\n\n b\n", "\ta", "a, b", "]", "}", "'", '"', "=", "~", "👍", "a\\\nb", "---", "..."),
)
values = st.one_of(
    st.sampled_from(NASTY),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Zl", "Zp", "Cf"]), max_size=12),
)
words = values.filter(lambda value: value.strip() and "\n" not in value)
rules = st.sampled_from(
    [
        *("[DisplayName]", '"a # b"', '[A]\nelse [B]\n  else "c"', '"open', "[open", ")", "x y", "", "keep when a"),
        *("left([A],\n\n  3)", "A = b", "blank because", "a\nskip when b", "  [A]  ", "#", "[A] # why", "/a#/", "'#'"),
    ]
)
names = st.sampled_from(["Neu", "Ä_1", "x", "Name", "Phone", "Very_long_name_of_a_variable", "keep", "1a", "a b", ""])
reasons = st.sampled_from(["", "no name", 'a "b"', "# x", "ü"])


@st.composite
def edits(draw: st.DrawFn, form: Form) -> Edit:
    """Any edit that such a form has a control for, and a few that it has not."""
    inputs = [each for each in (*form.basic, *form.settings) if not each.fault]
    lists = [each for each in inputs if each.kind == "list"]
    secrets = [each for each in inputs if each.kind == "secret"]
    texts = [each for each in inputs if each.kind not in ("list", "secret", "other")]
    numbers = st.integers(0, len(form.rules))
    records = st.integers(0, max(0, len(form.records) - 1))
    codes = st.sampled_from(["028pho_bez", "028pho_fax", "028pho_notes", "when", "028pho_x"])
    labels = st.integers(0, 2)
    kinds = st.sampled_from(["keep", "skip"])
    paths = st.sampled_from([each.path for each in inputs] or [("title",)])
    some = [
        st.builds(SetText, paths if not texts else st.sampled_from([each.path for each in texts]), values),
        st.builds(Remove, paths),
        st.builds(AddVariable, names, rules, st.none() | numbers),
        st.builds(AddFilter, kinds, rules, reasons, st.none() | numbers),
        st.builds(ReplaceVariable, numbers, rules),
        st.builds(ReplaceFilter, numbers, kinds, rules, reasons),
        st.builds(RemoveRule, numbers),
        st.builds(MoveRule, numbers, numbers),
        st.builds(SetField, records, codes, values),
        st.builds(AddLabel, records, words, values),
        st.builds(SetLabel, records, labels, words, values),
        st.builds(RemoveLabel, records, labels),
        st.builds(
            SetSchedule, st.sampled_from([None, Schedule(cron="5 4 * * *"), Schedule.model_validate({"every": "2h"})])
        ),
        st.builds(SetText, st.builds(lambda key: ("tables", "towns", key), words), values),
    ]
    if lists:
        paths_of_lists = st.sampled_from([each.path for each in lists])
        some.append(st.builds(SetList, paths_of_lists, st.lists(words, max_size=4)))
    if secrets:
        secret_paths = st.sampled_from([each.path for each in secrets])
        some.append(st.builds(SetSecret, secret_paths, st.sampled_from(["env", "file", "keyring"]), words))
    drawn: Any = draw(st.one_of(some))
    return drawn  # type: ignore[no-any-return]  # one of the edits above


def plain(text: str, lost: Collection[str]) -> Any:
    """What a file says, but for the sections that could not be read."""
    root = YamlText(text).root.plain()
    return {name: value for name, value in root.items() if name not in lost}


def without(values: Any, path: Path) -> Any:
    """A file's values but for what is below a path, and but for what becomes empty with that."""
    if not isinstance(values, dict) or not path:
        return values if path else None
    inner = {name: part for name, part in values.items() if name != path[0]}
    below = without(values.get(path[0]), path[1:]) if len(path) > 1 else None
    return {**inner, path[0]: below} if below else inner


def part_of(edit: Edit, form: Form) -> Path:
    """The path below which alone a file may say something else."""
    match edit:
        case SetText(path) | SetList(path) | SetSecret(path) | Remove(path):
            return path
        case SetSchedule():
            return ("schedule",)
        case SetField() | AddLabel() | SetLabel() | RemoveLabel():
            return ("structure",)
    return ("rules",)


def difference(before: str, after: str) -> tuple[int, int, str]:
    """Where `before` has what `after` has not, and what that has instead."""
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    end = 0
    while end < min(len(before), len(after)) - start and before[-1 - end] == after[-1 - end]:
        end += 1
    return start, len(before) - end, after[start : len(after) - end]


def region(edit: Edit, yaml: YamlText, form: Form) -> tuple[int, int] | None:
    """All that may differ; None for what adds and removes whole lines."""
    match edit:
        case ReplaceVariable(number, _) | ReplaceFilter(number, _, _, _):
            return RulesBlock(yaml).ends(number)
        case SetText(path, _) | SetSecret(path, _, _):
            return spot(yaml, path)
        case SetField(record, code, text) if text.strip():
            return spot(yaml, (*form.records[record].path, code))
        case SetLabel(record, label, _, _):
            return spot(yaml, form.records[record].labels[label].path)
    return None


def spot(yaml: YamlText, path: Path) -> tuple[int, int] | None:
    """Where a value stands, a blank at its beginning included."""
    node = yaml.at(path)
    if node is None or (isinstance(node, Scalar) and not node.text):
        return None
    start, end = yaml.layout.ends(node)
    return start, max(end, yaml.layout.end(node, None))


def check_bytes(edit: Edit, before: str, after: str, form: Form) -> None:
    """What was there and is gone is no more than what the edit is about."""
    yaml = YamlText(before)
    start, end, come = difference(yaml.body, YamlText(after).body)
    allowed = region(edit, yaml, form)
    gone = yaml.body[start:end]
    if allowed is not None:
        assert allowed[0] <= start <= end <= allowed[1] or not gone + come, (edit, gone, come)
        return
    match edit:
        case AddVariable() | AddFilter() | AddLabel() | SetText():
            assert not gone.strip() or gone.strip() == "[]", edit
        case RemoveRule() | RemoveLabel() | Remove():
            assert come.strip() in ("", "{}", "[]"), edit
        case MoveRule():
            assert sorted(before.split()) == sorted(after.split()), edit


@FEW
@given(st.data())
def test_an_edit_changes_what_it_is_about_and_nothing_else(data: st.DataObject) -> None:
    text = TEXTS[data.draw(st.sampled_from(list(TEXTS)))]
    for _ in range(2):
        form = read_form(text, PLUGINS)
        edit = data.draw(edits(form))
        try:
            changed = apply(text, [edit])
        except UsageError:
            continue
        path = part_of(edit, form)
        lost = YamlText(text).document.unread
        assert without(plain(changed, lost), path) == without(plain(text, lost), path), edit
        assert changed.count("\r\n") == changed.count("\n") or "\r\n" not in text, edit
        assert changed.startswith("\ufeff") == text.startswith("\ufeff")
        check_bytes(edit, text, changed, form)
        check_read_back(edit, form, read_form(changed, PLUGINS))
        check_taken_back(edit, text, changed)
        text = changed


def check_read_back(edit: Edit, before: Form, after: Form) -> None:
    match edit:
        case SetText(path, value) if path[0] != "tables":
            found = next(each for each in (*after.basic, *after.settings) if each.path == path)
            assert found.value == value or found.fault, edit
        case SetList(path, values):
            found = next(each for each in after.settings + after.basic if each.path == path)
            assert list(found.values) == list(values) or found.fault, edit
        case SetSecret(path, kind, _):
            found = next(each for each in after.settings if each.path == path)
            assert found.reference == kind, edit
        case AddVariable(name, rule, place):
            number = len(before.rules) if place is None else place
            assert (after.rules[number].name, after.rules[number].text) == (name, normalized(rule)), edit
            assert without_number(after, number) == contents(before), edit
        case AddFilter(kind, rule, because, place):
            number = len(before.rules) if place is None else place
            found_rule = after.rules[number]
            assert (found_rule.kind, found_rule.text, found_rule.because) == (kind, normalized(rule), because), edit
            assert without_number(after, number) == contents(before), edit
        case ReplaceVariable(number, rule):
            assert after.rules[number].text == normalized(rule), edit
            assert without_number(after, number) == without_number(before, number), edit
        case ReplaceFilter(number, kind, rule, because):
            found_rule = after.rules[number]
            assert (found_rule.kind, found_rule.text, found_rule.because) == (kind, normalized(rule), because), edit
            assert without_number(after, number) == without_number(before, number), edit
        case RemoveRule(number):
            assert contents(after) == without_number(before, number), edit
        case MoveRule(number, to):
            moved = contents(before)
            moved.insert(to, moved.pop(number))
            assert contents(after) == moved, edit
        case SetField(record, code, value):
            fields = (*after.records[record].fields, *after.records[record].conditions)
            shown = next((field.text for field in fields if field.code == code), "")
            assert shown == (value if value.strip() else ""), edit
        case AddLabel(record, name, value):
            assert (after.records[record].labels[-1].name, after.records[record].labels[-1].value) == (name, value), (
                edit
            )
        case SetLabel(record, label, name, value):
            found_label = after.records[record].labels[label]
            assert (found_label.name, found_label.value) == (name, value), edit
        case RemoveLabel(record, label):
            assert len(after.records[record].labels) == len(before.records[record].labels) - 1, edit
        case SetSchedule(schedule):
            assert after.schedule.schedule == schedule, edit


def contents(form: Form) -> list[tuple[str, ...]]:
    return [(rule.kind, rule.name, rule.text, rule.because, rule.comment) for rule in form.rules]


def without_number(form: Form, number: int) -> list[tuple[str, ...]]:
    return [said for place, said in enumerate(contents(form)) if place != number]


def check_taken_back(edit: Edit, before: str, after: str) -> None:
    """What came goes again, to the byte; what was replaced comes back as it was if it was written in the usual way."""
    form = read_form(before, PLUGINS)
    opposite: Edit
    match edit:
        case AddVariable(_, _, place) | AddFilter(_, _, _, place):
            if not form.rules:
                return  # an empty block goes as a whole
            opposite = RemoveRule(len(form.rules) if place is None else place)
        case AddLabel(record, _, _):
            opposite = RemoveLabel(record, len(form.records[record].labels))
            if "phonebook.phonebooklabel: []" in before:
                return
        case MoveRule(number, to):
            opposite = MoveRule(to, number)
        case SetText(path, _) if YamlText(before).at(path) is None:
            if after == before:
                return
            parent = YamlText(before).at(path[:-1])
            is_kept = parent is not None or path[0] == "settings"
            if is_kept and not (isinstance(parent, Mapping) and parent.items):
                return  # `settings:` becomes `settings: {}`
            opposite = Remove(path)
        case ReplaceVariable(number, _):
            opposite = ReplaceVariable(number, form.rules[number].text)
            if "\n" in form.rules[number].text or not form.rules[number].text:
                return
        case _:
            return
    assert apply(after, [opposite]) == before, (edit, opposite)


SCRAPS = (*"\"'{]#|\n\r\t\x00\ufeff", ": ", "- ", "&a ", "*a", "rules: |\n", "---\n")


@settings(max_examples=40, phases=[Phase.generate])
@given(st.data())
def test_whatever_a_text_says_a_form_shows_it_and_an_edit_is_made_or_refused(data: st.DataObject) -> None:
    text = TEXTS[data.draw(st.sampled_from(list(TEXTS)))]
    for _ in range(3):
        at = data.draw(st.integers(0, len(text)))
        text = text[:at] + data.draw(st.sampled_from(SCRAPS)) + text[at + data.draw(st.integers(0, 5)) :]
    edit = data.draw(edits(read_form(text, PLUGINS)))
    check(INSTALLATION, FILE, text)
    try:
        changed = apply(text, [edit])
    except UsageError:
        return
    read_form(changed, PLUGINS)
