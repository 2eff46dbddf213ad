"""The page "Write a source", followed to the letter from an empty folder, makes a source; and the kit that it begins
with is as good as a source can be."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from product import Connector
from stranger import Stranger, quotes

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/write-a-source.md"
RULES = "E,F,W,I,B,UP,SIM,RUF,PT,PIE,C4,ISC,TID,PERF"


def test_the_page_followed_to_the_letter_makes_a_source(tmp_path: Path) -> None:
    (home := tmp_path / "home").mkdir()
    with Stranger(home) as stranger:
        assert stranger.follow(PAGE, port="8090") == 21


def test_what_the_page_quotes_is_what_the_kit_writes(connector: Connector) -> None:
    connector("new-plugin", "cards")
    found = quotes(PAGE)
    assert len(found) > 5
    for name, text in found:
        assert text in (connector.home / "cards" / name).read_text(), name


@pytest.fixture(params=["cards", "my-own-crm-2"])
def plugin(connector: Connector, request: pytest.FixtureRequest) -> Path:
    connector("new-plugin", request.param)
    return connector.home / str(request.param)


def tool(*words: str, folder: Path) -> None:
    environment = os.environ | {
        "MYPYPATH": f".:tests:{ROOT}:{ROOT}/grammar",
        "MYPY_CACHE_DIR": f"{ROOT}/.mypy_cache/kit",
    }
    command = [sys.executable, "-m", *words]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_its_code_is_formatted_and_clean_under_any_name(plugin: Path) -> None:
    tool("ruff", "check", "--isolated", "--no-cache", "--line-length=120", f"--select={RULES}", ".", folder=plugin)
    tool("ruff", "format", "--isolated", "--no-cache", "--line-length=120", "--check", ".", folder=plugin)
    assert "acme" not in "".join(path.read_text().lower() for path in plugin.rglob("*") if path.is_file())


def test_its_types_are_right(connector: Connector) -> None:
    connector("new-plugin", "cards")
    words = ("mypy", "--strict", "--explicit-package-bases", "pbx_cards", "tests")
    tool(*words, folder=connector.home / "cards")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("My CRM", r"'My CRM' cannot be the name of a source\n.*such as my-crm"),
        ("Müller & Söhne", r"such as muller-sohne"),
        ("7", r"such as my-crm"),
        ("a" * 41, r"at most 40"),
        ("ldap_2", r"such as ldap-2"),
        ("ldap", r"the source ldap exists already"),
        ("mail", r"a plugin mail is installed already"),
        ("exchange-office", r"the starting profile exchange-office exists already, of the source exchange"),
        ("rules", r"the Python module pbx_rules, .* exists already"),
    ],
)
def test_a_name_that_cannot_be_is_refused_in_words(connector: Connector, name: str, said: str) -> None:
    assert re.search(said, connector("new-plugin", name, code=2).err)
    assert not any(path.is_dir() for path in connector.home.iterdir())


def test_what_a_folder_has_is_left_as_it_is(connector: Connector) -> None:
    home = connector.home
    (home / "full").mkdir()
    (home / "full" / "file").write_text("mine")
    (home / "empty").mkdir()
    assert "is there already, and not empty" in connector("new-plugin", "cards", "--folder", "full", code=2).err
    assert [path.name for path in (home / "full").iterdir()] == ["file"]
    assert "Not a directory" in connector("new-plugin", "cards", "--folder", "full/file", code=2).err
    assert "cannot be written" in connector("new-plugin", "cards", "--folder", "/proc/none", code=2).err
    connector("new-plugin", "cards", "--folder", "empty")
    assert (home / "empty" / "pyproject.toml").exists()
    connector("new-plugin", "cards", "--folder", "with blanks/below")
    assert "cd 'with blanks/more'" in connector("new-plugin", "cards", "--folder", "with blanks/more").out


def test_what_is_installed_has_the_whole_kit(tmp_path: Path) -> None:
    kit = "pbx_connector/application/plugin_kit"
    tool("hatchling", "build", "-t", "wheel", "-d", str(tmp_path), folder=ROOT)
    [wheel] = tmp_path.iterdir()
    packed = {name for name in ZipFile(wheel).namelist() if name.startswith(f"{kit}/")}
    assert packed == {str(path.relative_to(ROOT)) for path in (ROOT / kit).rglob("*.tmpl")}
    assert len(packed) > 15


@pytest.fixture
def installed(connector: Connector, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The kit's small server; the plugin `cards` is installed for processes of `connector`."""
    connector("new-plugin", "cards")
    folder, site = connector.home / "cards", connector.home / "site"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--target", str(site), str(folder)], check=True)
    connector.environment |= {"PYTHONPATH": str(site), "CARDS_TOKEN": "t0ken"}
    names: dict[str, Any] = {"__name__": "small_server"}
    exec(compile((folder / "tests/small_server.py").read_text(), "small_server.py", "exec"), names)
    with names["SmallServer"]() as server:
        names["fill"](server)
        yield server


def test_the_kit_keeps_personal_books_private_and_asks_for_news_alone(connector: Connector, installed: Any) -> None:
    server, run = installed, connector.process
    server.put("customers", "5", name="Odd", birthday="yesterday")
    run("accounts", "add", "ann", "--email", "Ann@example.com")
    run("accounts", "add", "bo", "--email", "bo@example.com")
    run("new", "cards", "--url", server.url, "--token-env", "CARDS_TOKEN")
    tested = run("test-connection", "cards.yaml").out
    assert re.search(r"ok +address books: 2 found\nok +account ann", tested), tested
    assert re.search(r"warning +account bo: the server has no book of theirs", tested), tested
    report = run("run", "cards.yaml", "--json", code=None).json
    assert (report["counts"]["added"], report["skipped"]) == (6, {"a distribution list": 2})
    assert [problem["code"] for problem in report["problems"]] == ["CARDS8"]
    entries = run("phonebook", "list", "--json").json
    assert {entry["account"] for entry in entries} == {None, "ann"}
    server.asked.clear()
    run("run", "cards.yaml", code=None)
    assert "/books/ann/changes" in server.asked
    assert "/books/ann/index" not in server.asked
    assert "/books/customers/index" in server.asked  # for the sake of the odd one


def test_what_the_kit_cannot_read_removes_nothing_and_is_said_in_words(connector: Connector, installed: Any) -> None:
    server, run = installed, connector.process
    run("new", "cards", "--url", server.url, "--token-env", "CARDS_TOKEN")
    run("run", "cards.yaml")
    before = run("phonebook", "list", "--json").out
    profile = connector.home / "cards.yaml"
    text = profile.read_text()
    connector.environment["CARDS_TOKEN"] = "another"
    server.asked.clear()
    assert "put it where token: says" in run("run", "cards.yaml", "--full", code=4).err
    assert len(server.asked) <= 2
    connector.environment["CARDS_TOKEN"] = "t0ken"
    server.answer = lambda path, query: {"error": "this is another API"}
    assert "not what this plugin expects" in run("run", "cards.yaml", "--full", code=4).err
    profile.write_text(text.replace(server.url, "http://cards.example.com"))
    told = run("check", profile, code=2).err
    assert re.search(r"'url': expected https.*\n.*cards.yaml:4:8", told), told
    assert json.loads(before) == run("phonebook", "list", "--json").json
