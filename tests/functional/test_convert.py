"""The command, from the original's tabs to a profile that passes the check, and to its report."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pbx_convert.findings import CannotSay
from pbx_convert.originals import EXCHANGE_STRUCTURE, read_original
from pbx_convert.structure import template
from pbx_exchange.fields import FIELDS
from product import Connector
from ruamel.yaml import YAML

from pbx_connector.api import UsageError

ROOT = Path(__file__).resolve().parents[2]
Write = Callable[..., Path]


@pytest.fixture
def original(tmp_path: Path) -> Write:
    """Writes a folder of the original; `name="text"` is a variable."""

    def write(prefilter: str = "return true;", structure: str = EXCHANGE_STRUCTURE, **variables: str) -> Path:
        folder = tmp_path / "original"
        folder.mkdir(exist_ok=True)
        (folder / "prefilter.php").write_text(prefilter)
        (folder / "structure.json").write_text(structure)
        (folder / "variables.json").write_text(json.dumps(variables))
        return folder

    return write


def body_of(text: str) -> Any:
    """What a profile says besides its settings, however it is laid out."""
    profile = YAML(typ="safe").load(text)
    return {name: value for name, value in profile.items() if name not in ("title", "settings")}


def test_the_whole_template_becomes_the_standard_profile(connector: Connector, original: Write) -> None:
    folder = original(**{name: f'return $row["{name}"];' for name in FIELDS.names()})
    (folder / "basic.txt").write_text(
        "Basic Data\nTitle: Exchange contacts\n"
        "Mode: Create and update records. Remove missing records from previous imports.\n"
    )
    done = connector("convert", folder, "--out", "made.yaml", "--json").json
    assert (done["unsaid"], done["differences"], done["suggestions"], done["assumed"]) == ([], [], [], [])
    made = (connector.home / "made.yaml").read_text()
    shipped = (ROOT / "profiles/exchange-contacts.yaml").read_text()
    assert 'title: "Exchange contacts"' in made
    assert body_of(made) == body_of(shipped)


def test_the_whole_template_maps_each_row_of_an_exchange_as_the_standard_profile_does(
    connector: Connector, original: Write, profile: Path
) -> None:
    connector("rows", profile, "--out", "rows.jsonl")
    connector("convert", original(), "--out", "made.yaml")
    records = [
        connector("map", made, "--rows", "rows.jsonl", "--json", code=None).out for made in (profile, "made.yaml")
    ]
    assert records[0].count("028pho_bez") > 5
    assert records[0] == records[1]


def test_a_structure_that_is_not_given_is_that_of_the_template(connector: Connector, tmp_path: Path) -> None:
    (tmp_path / "prefilter.php").write_text("return true;")
    connector("convert", tmp_path / "prefilter.php", "--out", "made.yaml")
    shipped = (ROOT / "profiles/exchange-contacts.yaml").read_text()
    assert body_of((connector.home / "made.yaml").read_text()) == body_of(shipped)
    done = connector("convert", tmp_path / "prefilter.php", "--source", "csv", code=2)
    assert "the structure is missing" in done.err


def test_what_cannot_be_said_fails_the_check_at_its_place(connector: Connector, original: Write) -> None:
    folder = original("return time() > 0;", DisplayName="$x = 1;\nreturn md5($row['Surname']);")
    done = connector("convert", folder, "--out", "made.yaml", "--json", code=1)
    assert [(one["what"], one["line"], one["reason"]) for one in done.json["unsaid"]] == [
        ("pre filter", 1, "time() has no counterpart"),
        ("DisplayName", 2, "md5() has no counterpart"),
    ]
    assert "#   return md5($row['Surname']);" in done.json["profile"]
    found = [one for one in done.json["findings"] if one["severity"] == "error"]
    assert ["not_converted" in one["message"] for one in found] == [True, True]
    lines = done.json["profile"].splitlines()
    assert lines[found[1]["line"] - 1].strip().startswith("DisplayName = not_converted(")
    connector("check", "made.yaml", code=2)


def test_a_structure_that_cannot_be_said_fails_the_check(connector: Connector, original: Write) -> None:
    folder = original(structure='{"phonebook": [{"028pho_bez": "{{upper DisplayName}}"}]}')
    done = connector("convert", folder, "--json", code=1).json
    assert done["unsaid"][0]["what"] == "structure"
    assert "# structure, line 1 of the original" in done["profile"]
    assert any("not_converted" in one["message"] for one in done["findings"])


def test_a_structure_that_cannot_be_said_fails_the_check_whatever_fields_the_source_has(
    connector: Connector, original: Write
) -> None:
    connector("convert", original(structure="{"), "--source", "ldap", "--out", "made.yaml", code=1)
    assert "not_converted" in connector("check", "made.yaml", code=2).err


def test_an_unknown_field_is_found_and_no_success(connector: Connector, original: Write) -> None:
    done = connector("convert", original(DisplayName="return $row['displayName'] . '!';"), "--json", code=1).json
    assert done["unsaid"] == []
    assert [one["code"] for one in done["findings"] if one["severity"] == "error"] == ["R0201"]
    report = connector("convert", original(DisplayName="return $row['displayName'] . '!';"), code=1).err
    assert "hint: did you mean [DisplayName]?" in report


def test_a_name_that_is_neither_variable_nor_known_field_is_told(connector: Connector, original: Write) -> None:
    structure = '{"phonebook": [{"028pho_bez": "{{{name}}}", "028pho_mobile": "{{{mobil}}}"}]}'
    folder = original(structure=structure, name="return $row['cn'];", mobile="return $row['mobile'];")
    done = connector("convert", folder, "--source", "ldap", "--out", "made.yaml")
    assert "no variables, and so taken for fields of the source: mobil\n" in done.out


def test_rows_make_no_tests_of_a_profile_that_fails_the_check_which_is_told(
    connector: Connector, original: Write
) -> None:
    (connector.home / "rows.jsonl").write_text('{"DisplayName": "Ann"}\n')
    folder = original(DisplayName="return md5('x');")
    done = connector("convert", folder, "--rows", "rows.jsonl", "--out", "made.yaml", code=1)
    assert "no tests are made of rows.jsonl" in done.err


def test_block_helpers_become_conditions_and_repetitions(connector: Connector, original: Write) -> None:
    structure = """{"phonebook": [{
        "028pho_bez": "{{{DisplayName}}}",
        {{#if Web}}"028pho_notes": "{{{Web}}}",{{/if}}
        "028pho_organisation": "{{#if CompanyName}}{{CompanyName}}{{else}}none{{/if}}",
        "post": {"phonebook.phonebooklabel": [
            {{#unless Vip}}{"050lab_bez": "Normal", "028050pholab_value": "yes"},{{/unless}}
            {{#each All}}{"050lab_bez": "in {{this}}", "028050pholab_value": "yes"},{{/each}}
            {"050lab_bez": "All", "028050pholab_value": "{{#each All}}{{this}};{{/each}}"}
    ]}}]}"""
    folder = original(
        structure=structure, Web="return $row['BusinessHomePage'];", Vip="return $row['NickName'] == 'x';",
        All="return $row['Categories'];",
    )  # fmt: skip
    rows = connector.home / "rows.jsonl"
    rows.write_text('{"DisplayName": "Ann \\"Bo\\"", "Categories": ["a", "b"], "BusinessHomePage": "w"}\n')
    connector("convert", folder, "--rows", rows, "--out", "made.yaml")
    mapped = connector("map", "made.yaml", "--rows", rows, "--json").json["records"][0]
    assert mapped["fields"] == {"028pho_bez": 'Ann "Bo"', "028pho_notes": "w", "028pho_organisation": "none"}
    assert mapped["labels"] == {"Normal": "yes", "in a": "yes", "in b": "yes", "All": "a;b;"}
    assert "1 passed, 0 failed" in connector("test", "made.yaml").out


def test_a_number_that_is_cleaned_by_hand_is_a_case_for_phone_which_is_offered(
    connector: Connector, original: Write
) -> None:
    php = "return str_replace(array(' ', '-'), '', $row['PhoneNumbers_BusinessPhone']);"
    done = connector("convert", original(PhoneNumbers_BusinessPhone=php), "--json").json
    assert [one["what"] for one in done["suggestions"]] == ["PhoneNumbers_BusinessPhone"]
    assert "= phone(" not in done["profile"]


def test_unused_and_renamed_variables_are_told(connector: Connector, original: Write) -> None:
    structure = '{"phonebook": [{"028pho_bez": "{{{is}}}"}]}'
    done = connector(
        "convert", original(structure=structure, **{"is": "return $row['Surname'];", "Gone": "return 'x';"}), "--json"
    )
    assert done.json["renamed"] == {"is": "Value_is"}
    assert done.json["unused"] == ["Gone"]
    assert "Value_is = [Surname]" in done.json["profile"]
    assert '# Gone = "x"' in done.json["profile"]


def test_a_file_that_is_there_is_not_overwritten(connector: Connector, original: Write) -> None:
    (connector.home / "made.yaml").write_text("mine")
    done = connector("convert", original(), "--out", "made.yaml", code=2)
    assert "exists already" in done.err
    assert (connector.home / "made.yaml").read_text() == "mine"


def test_hostile_text_stays_one_comment_and_one_title(connector: Connector, tmp_path: Path) -> None:
    file = tmp_path / "one.json"
    odd = 'x"\n  Y = [A] # \x1b[2J'
    file.write_text(
        json.dumps(
            {
                "title": odd,
                "variables": {"DisplayName": f"return foo('{odd}');"},
                "structure": json.loads(EXCHANGE_STRUCTURE),
            }
        )
    )
    done = connector("convert", file, code=1)
    assert "\x1b" not in done.out + done.err
    assert "\n  Y = [A]" not in done.out


def test_the_same_original_in_each_form(tmp_path: Path, original: Write) -> None:
    php = "if ($row['A']) {\n  return 1;\n}\nreturn \"x\";"
    folder = read_original([original(prefilter="return $row['B'];", V=php)])
    one = tmp_path / "one.json"
    one.write_text(
        json.dumps(
            {
                "Pre Filter": "return $row['B'];",
                "Variables": [{"name": "V", "value": php}],
                "Structure": EXCHANGE_STRUCTURE,
            }
        )
    )
    pasted = tmp_path / "pasted.txt"
    pasted.write_text(f"Pre Filter\nreturn $row['B'];\nVariables\nV\t{php}\nStructure\n{EXCHANGE_STRUCTURE}\n")
    assert read_original([one]) == read_original([pasted]) == folder
    windows = tmp_path / "windows.txt"
    windows.write_bytes(pasted.read_text().replace("\n", "\r\n").encode("utf-16"))
    assert read_original([windows]) == folder
    table = tmp_path / "variables.csv"
    with table.open("w", newline="") as stream:
        csv.writer(stream).writerows([("name", "value"), ("V", php)])
    assert read_original([table]).variables == folder.variables


def test_german_tabs_and_what_stands_behind_the_structure(tmp_path: Path) -> None:
    pasted = tmp_path / "eingefügt.txt"
    pasted.write_text("Basisdaten\nTitel: x\nVorfilter\n\nVariablen\n\nStruktur\n{}\nAutomatisieren\ntäglich 12:00\n")
    found = read_original([pasted])
    assert (found.title, found.prefilter, found.variables, found.structure) == ("x", "", {}, "{}")


def test_names_of_variables_may_have_blanks_and_php_may_look_like_variables(tmp_path: Path) -> None:
    pasted = tmp_path / "pasted.txt"
    pasted.write_text(
        "Variables\nMobile Phone\treturn $row['M'];\nTeam: switch ($row['T']) {\ncase 1:\treturn 'x';\n}\n"
    )
    variables = {"Mobile Phone": "return $row['M'];", "Team": "switch ($row['T']) {\ncase 1:\treturn 'x';\n}"}
    assert read_original([pasted]).variables == variables
    table = tmp_path / "variables.csv"
    with table.open("w", newline="") as stream:
        csv.writer(stream).writerows([*variables.items(), ("V", "return [\nA => 1];")])
    assert read_original([table]).variables == {**variables, "V": "return [\nA => 1];"}


@pytest.mark.parametrize(
    ("name", "raw", "message", "hint"),
    [
        ("prefilter.php", b"return true;\n// M\xfcller", "is no UTF-8, in line 2", "save it as UTF-8"),
        (
            "pasted.txt",
            b"Variables\n$row['x'];\n",
            "no variable begins with `$row['x'];`",
            "its name, a tab or a colon",
        ),
        ("variables.csv", b'A,"' + b"x" * 200_000, "is no table", "variables.json (or .csv)"),
        ("one.json", b'{"variables": {"A": 1}}', "the variable A in", "write its PHP in quotes"),
        ("one.json", b'{"title": 5, "structure": {}}', "title in", "write it in quotes"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_place(
    tmp_path: Path, name: str, raw: bytes, message: str, hint: str
) -> None:
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(UsageError) as refused:
        read_original([tmp_path / name])
    assert message in str(refused.value)
    assert hint in refused.value.hint


@pytest.mark.parametrize("text", ["", "[1]", '{"x": 1}', '{"variables": [1]}', '{"structure": '])
def test_what_is_no_profile_is_refused_with_a_hint(tmp_path: Path, text: str) -> None:
    file = tmp_path / "x.json"
    file.write_text(text)
    with pytest.raises(UsageError) as refused:
        read_original([file])
    assert "prefilter.php" in refused.value.hint


@pytest.mark.parametrize(
    ("text", "reason", "line"),
    [
        ('{"a": "{{#if x}}b"}', "{{#if}} is not closed", 1),
        ('{"a":\n {{x}', "these braces are not closed", 2),
        ('{"a": [{{/if}}]}', "{{/if}} closes nothing", 1),
        ('{"a": "b', "a text is not closed", 1),
        ('{"a": "\\x"}', "this escape in a text is no JSON", 1),
        ('{"a" "b"}', "a colon is missing", 1),
        ('{"a": nothing}', "this is no JSON", 1),
        ("[" * 40, "the structure is too deeply nested", 1),
        ('{"a": "{{lookup b c}}"}', "{{lookup b c}} has no counterpart", 1),
    ],
)
def test_a_structure_that_is_none_is_named_at_its_line(text: str, reason: str, line: int) -> None:
    with pytest.raises(CannotSay) as why:
        template.read(text)
    assert (why.value.reason, why.value.line) == (reason, line)
