"""The plugin author's guide builds plugins; built exactly as printed and installed from an empty folder, they work."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from product import Connector
from serving import Serving

ROOT = Path(__file__).resolve().parents[2]
GUIDE = "".join((ROOT / f"docs/{page}.md").read_text() for page in ("plugin-authors", "write-a-source"))
BROKEN = "raise RuntimeError('this plugin was written in a hurry')\n"


def files_of_the_guide(*names: str) -> dict[str, str]:
    printed = {match[1]: match[2] for match in re.finditer(r"```\w+\n# (\S+)\n(.*?)```", GUIDE, re.DOTALL)}
    return {name: printed[name] for name in names}


def joined_file_of_the_guide(name: str) -> str:
    """A file that the guide prints in several parts."""
    return "".join(re.findall(rf"```python\n# {name}(?:, continued)?\n(.*?)```", GUIDE, re.DOTALL))


def distribution_of(name: str) -> str:
    """The guide's pyproject.toml for another plugin."""
    return files_of_the_guide("pyproject.toml")["pyproject.toml"].replace("initials", name)


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


@contextmanager
def serving(site: Path, config: Path) -> Iterator[Serving]:
    home = Connector(config.parent)
    home.environment |= {"PYTHONPATH": str(site), "PBX_CONNECTOR_STORE": f"sqlite:///{site}/book.sqlite"}
    started = Serving(home, config)
    try:
        yield started
    finally:
        if started.process.poll() is None:
            started.process.kill()
            started.process.wait()


def csv_profile(folder: Path, lines: str) -> Path:
    """For the plugin `sheet` of the guide."""
    (folder / "contacts.csv").write_text(f"Name,Phone\n{lines}", encoding="utf-8")
    profile = folder / "from-csv.yaml"
    profile.write_text(
        f'title: From CSV\nsource: sheet\nsettings: {{file: "{folder}/contacts.csv"}}\n'
        'structure:\n  phonebook:\n    - 028pho_bez: "{{Name}}"\n      028pho_phone: "{{Phone}}"\n'
    )
    return profile


@pytest.fixture(scope="module")
def installed_sheet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sheet")
    files = {"pyproject.toml": distribution_of("sheet"), **files_of_the_guide("pbx_sheet.py")}
    install(folder / "project", files, folder / "site")
    return folder / "site"


@pytest.fixture
def site(tmp_path: Path, installed_sheet: Path) -> Path:
    return shutil.copytree(installed_sheet, tmp_path / "site")


def test_the_plugin_of_the_guide_shows_up_and_fills_the_phone_book(site: Path, tmp_path: Path) -> None:
    listed = connector(site, "sources")
    assert listed.returncode == 0
    assert "Contacts from a CSV file" in listed.stdout
    assert "exchange" in listed.stdout
    profile = csv_profile(tmp_path, '"Ann ""Bo"" Lee",+499912345\nJo\\n,1\n')
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
        "title: From CSV\nsource: sheet\nsettings: {file: contacts.csv}\nrules: |\n  Short = initials([Name])\n"
        'structure:\n  phonebook:\n    - 028pho_bez: "{{Name}}"\n      028pho_notes: "{{Short}}"\n'
    )
    mapped = connector(site, "map", str(profile), "--rows", str(tmp_path / "rows.jsonl"), "--json")
    assert mapped.returncode == 0, mapped.stderr
    assert json.loads(mapped.stdout)["records"][0]["fields"]["028pho_notes"] == "AVL"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path / "initials")]
    tested = subprocess.run(command, env=os.environ | {"PYTHONPATH": str(site)}, capture_output=True, text=True)
    assert "1 passed" in tested.stdout, tested.stdout


CONTRACT_OF_CSV = """
import pytest
from pbx_sheet import Settings, pbx_sources
from pbx_connector.api import SourceContext
from pbx_connector.testing import MovingSourceContract, SourceContract, SourceStage

[CSV] = pbx_sources()

class Stage(SourceStage):
    def __init__(self, file):
        self.file, self.rows = file, {name: "+491" for name in ("Ann", "Bob", "Cy")}
        self.write()

    def write(self):
        lines = ["Name,Phone", *[f"{name},{number}" for name, number in self.rows.items()]]
        self.file.write_text("\\n".join(lines) + "\\n")

    def open(self): return CSV.open(Settings(file=self.file), SourceContext())
    def is_staged(self, book): return True
    def count(self): return len(self.rows)
    def add(self): self.rows[f"new {len(self.rows)}"] = "+492"; self.write()
    def change(self): self.rows["Ann"] = "+493"; self.write()
    def remove(self): del self.rows["Bob"]; self.write()
    def remove_book(self): pytest.skip("a file that is not there is no proof")
    def cut_short(self): self.file.write_bytes(self.file.read_bytes()[:-100])
    def break_down(self): self.file.unlink()

class TestStandingStill(SourceContract):
    @pytest.fixture
    def source(self, tmp_path):
        with Stage(tmp_path / "contacts.csv").open() as source:
            yield source

    @pytest.fixture
    def source_type(self): return CSV

class TestMoving(MovingSourceContract):
    @pytest.fixture
    def stage(self, tmp_path): return Stage(tmp_path / "contacts.csv")
"""


def keeps_every_promise(folder: Path) -> None:
    """Runs the tests of a plugin in its folder."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder), str(folder)]
    environment = os.environ | {"PYTHONPATH": str(folder)}
    tested = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stdout
    assert re.search(r"\d\d passed", tested.stdout), tested.stdout


def test_the_source_of_a_file_keeps_every_promise(tmp_path: Path) -> None:
    (tmp_path / "pbx_sheet.py").write_text(files_of_the_guide("pbx_sheet.py")["pbx_sheet.py"])
    (tmp_path / "test_csv.py").write_text(CONTRACT_OF_CSV)
    keeps_every_promise(tmp_path)


@pytest.fixture(scope="module")
def installed_phones(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("phones")
    files = {"pyproject.toml": distribution_of("phones"), "pbx_phones.py": joined_file_of_the_guide("pbx_phones.py")}
    install(folder / "project", files, folder / "site")
    return folder / "site"


@pytest.fixture
def phones_site(tmp_path: Path, installed_phones: Path) -> Path:
    return shutil.copytree(installed_phones, tmp_path / "phones-site")


@pytest.fixture
def phones(phones_site: Path, tmp_path: Path) -> Path:
    """The configuration for the plugin `phones` of the guide, as printed; the phone book has two entries."""
    config = tmp_path / "config.yaml"
    config.write_text(files_of_the_guide("config.yaml")["config.yaml"] + "service: {listen: '127.0.0.1:0'}\n")
    for name, number in (("Ann", "+49891234"), ("Bob", "+49895678")):
        added = connector(phones_site, "phonebook", "add", "--display-name", name, "--phone", number)
        assert added.returncode == 0, added.stderr
    return config


def test_the_command_and_the_format_of_the_guide_work(phones_site: Path, phones: Path) -> None:
    assert re.search(r"who +Print who has a number", connector(phones_site, "--help").stdout)
    assert connector(phones_site, "who", "+49891234").stdout == "Ann\n"
    assert connector(phones_site, "who", "110").stdout == "unknown caller\n"
    assert connector(phones_site, "--config", str(phones), "who", "110").stdout == "nobody we know\n"
    exported = connector(phones_site, "phonebook", "export", "--format", "names")
    assert exported.stdout == "'Ann': +49891234\n'Bob': +49895678\n"
    with_ids = connector(phones_site, "phonebook", "export", "--format", "names", "--variant", "with-ids").stdout
    found = re.fullmatch(r"(\S+)/1 'Ann': \+49891234\n(\S+)/2 'Bob': \+49895678\n", with_ids)
    assert found, with_ids
    assert found[1] == found[2]
    unknown = connector(phones_site, "phonebook", "export", "--format", "names", "--variant", "short")
    assert (unknown.returncode, "known ones are with-ids" in unknown.stderr) == (2, True)
    twice = connector(phones_site, "phonebook", "export", "--raw", "--variant", "raw")
    assert (twice.returncode, "--variant excludes --raw" in twice.stderr) == (2, True)
    mistyped = connector(phones_site, "phonebook", "export", "--format", "nams")
    assert (mistyped.returncode, "did you mean names?" in mistyped.stderr) == (2, True)


def test_the_command_of_the_guide_runs_a_profile_as_the_core_does(
    phones_site: Path, site: Path, tmp_path: Path
) -> None:
    profile = csv_profile(tmp_path, "Ann,+49891234\n")
    with_csv = Connector(tmp_path)
    with_csv.environment |= {"PYTHONPATH": f"{phones_site}{os.pathsep}{site}"}
    report = with_csv.process("refresh", profile).json
    assert (report["status"], report["counts"]["added"]) == ("done", 1)
    assert with_csv.process("history", "--json").json[0]["run"] == report["run"]
    profile.write_text(profile.read_text().replace("sheet", "shet"))
    assert "from-csv.yaml:2:9" in with_csv.process("refresh", profile, code=2).err


def test_the_configuration_of_the_guide_is_checked_like_the_cores(
    phones_site: Path, phones: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = json.loads(connector(phones_site, "schema", "--config").stdout)
    assert schema["properties"]["plugins"]["properties"]["phones"]["properties"]["port"]["default"] == 8389
    monkeypatch.setenv("PBX_CONNECTOR_PLUGINS_PHONES_UNKNOWN", "who knows")
    assert connector(phones_site, "--config", str(phones), "who", "110").stdout == "who knows\n"
    phones.write_text("plugins:\n  phones: {prt: 1}\n  phone: {}\n")
    told = connector(phones_site, "--config", str(phones), "who", "110")
    assert told.returncode == 2
    assert re.search(r"config.yaml:2:12.*\n(.*\n)*.*did you mean port\?", told.stderr), told.stderr
    assert re.search(r"config.yaml:3:3.*\n(.*\n)*.*did you mean phones\?", told.stderr), told.stderr
    assert connector(phones_site, "--config", str(phones), "phonebook", "list").returncode == 0  # it loads no plugin


def test_the_server_of_the_guide_answers_until_the_service_ends(phones_site: Path, phones: Path) -> None:
    (phones.parent / "profiles").mkdir()
    with serving(phones_site, phones) as service:
        started = service.wait_for("server started")
        assert (started["plugin"], started["server"]) == ("phones", "callers")
        with urllib.request.urlopen(f"{started['address']}/+49895678", timeout=100) as answer:
            assert answer.read() == b"Bob"
        with urllib.request.urlopen(f"{started['address']}/runs/from-csv", timeout=100) as answer:
            assert answer.read() == b"it never ran"
        told = {"plugin": "phones", "name": "callers", "address": started["address"], "reason": None}
        assert service.health["servers"] == [told]
        port = started["address"].rpartition(":")[2]
        phones.write_text(f"plugins: {{phones: {{port: {port}}}}}\nservice: {{listen: '127.0.0.1:0'}}\n")
        with serving(phones_site, phones) as second:
            failed = second.wait_for("a server cannot start")
            assert f"port {port} cannot be had" in failed["reason"]
            assert second.health["servers"] == [{**told, "address": None, "reason": failed["reason"]}]
            assert second.stop() == 0
        assert service.stop() == 0
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(started["address"], timeout=100)
