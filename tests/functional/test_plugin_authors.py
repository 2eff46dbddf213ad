"""The plugin author's guide builds a plugin; built exactly as printed and installed from an empty folder, it works."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs/plugin-authors.md").read_text()
BROKEN = "raise RuntimeError('this plugin was written in a hurry')\n"


def files_of_the_guide(*names: str) -> dict[str, str]:
    printed = {match[1]: match[2] for match in re.finditer(r"```\w+\n# (\S+)\n(.*?)```", GUIDE, re.DOTALL)}
    return {name: printed[name] for name in names}


def distribution_of(name: str) -> str:
    """The guide's pyproject.toml for another plugin."""
    return files_of_the_guide("pyproject.toml")["pyproject.toml"].replace("csv", name)


def install(folder: Path, files: dict[str, str], site: Path) -> None:
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run([*command, "--target", str(site), str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def connector(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("pbx-connector")), *arguments]
    environment = os.environ | {"PYTHONPATH": str(site), "PBX_CONNECTOR_STORE": f"sqlite:///{site}/book.sqlite"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    site = tmp_path / "site"
    install(tmp_path / "project", files_of_the_guide("pyproject.toml", "pbx_csv.py"), site)
    return site


def test_the_plugin_of_the_guide_shows_up_and_fills_the_phone_book(site: Path, tmp_path: Path) -> None:
    listed = connector(site, "sources")
    assert listed.returncode == 0
    assert "Contacts from a CSV file" in listed.stdout
    assert "exchange" in listed.stdout
    (tmp_path / "contacts.csv").write_text('Name,Phone\n"Ann ""Bo"" Lee",+499912345\nJo\\n,1\n', encoding="utf-8")
    profile = tmp_path / "from-csv.yaml"
    profile.write_text(
        f'title: From CSV\nsource: csv\nsettings: {{file: "{tmp_path}/contacts.csv"}}\n'
        'structure:\n  phonebook:\n    - 028pho_bez: "{{Name}}"\n      028pho_phone: "{{Phone}}"\n'
    )
    ran = connector(site, "run", str(profile))
    assert ran.returncode == 0, ran.stderr
    shown = connector(site, "phonebook", "list").stdout
    assert 'Ann "Bo" Lee' in shown
    assert "Jo\\n" in shown


def test_a_plugin_that_raises_on_import_is_named_and_harms_nobody(site: Path, tmp_path: Path) -> None:
    files = {"pyproject.toml": distribution_of("hasty"), "pbx_hasty.py": BROKEN}
    install(tmp_path / "hasty", files, site)
    listed = connector(site, "sources")
    assert listed.returncode == 0
    assert "plugin 'hasty' is left out: RuntimeError: this plugin was written in a hurry" in listed.stderr
    assert "Contacts from a CSV file" in listed.stdout
    assert "Traceback" not in listed.stderr


def test_the_function_of_the_guide_is_listed_called_and_true_to_its_examples(site: Path, tmp_path: Path) -> None:
    files = files_of_the_guide("pbx_initials.py", "test_initials.py")
    install(tmp_path / "initials", {"pyproject.toml": distribution_of("initials"), **files}, site)
    described = connector(site, "functions", "initials")
    assert described.returncode == 0, described.stderr
    assert 'initials("Ann van Lee") gives "AVL"' in described.stdout
    (tmp_path / "rows.jsonl").write_text('{"Name": "Ann van Lee"}')
    profile = tmp_path / "from-csv.yaml"
    profile.write_text(
        "title: From CSV\nsource: csv\nsettings: {file: contacts.csv}\nrules: |\n  Short = initials([Name])\n"
        'structure:\n  phonebook:\n    - 028pho_bez: "{{Name}}"\n      028pho_notes: "{{Short}}"\n'
    )
    mapped = connector(site, "map", str(profile), "--rows", str(tmp_path / "rows.jsonl"), "--json")
    assert mapped.returncode == 0, mapped.stderr
    assert json.loads(mapped.stdout)["records"][0]["fields"]["028pho_notes"] == "AVL"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path / "initials")]
    tested = subprocess.run(command, env=os.environ | {"PYTHONPATH": str(site)}, capture_output=True, text=True)
    assert "1 passed" in tested.stdout, tested.stdout
