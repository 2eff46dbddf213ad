"""Every hook is described for plugin authors, with an example that works, and its plugins tell one after the other."""

from __future__ import annotations

import inspect
import re
import sys
import types
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from pbx_connector import hookspecs
from pbx_connector.config import Config
from pbx_connector.errors import ConnectorError
from pbx_connector.model import Counts, Report, RunStatus
from pbx_connector.notice import Notice, NoticeKind
from pbx_connector.plugins import GROUP, Plugins

GUIDE = (Path(__file__).resolve().parents[2] / "docs/plugin-authors.md").read_text()
MAIL = {"host": "mail.example", "sender": "pbx@x.example", "to": "ann@x.example"}
REPORT = Report("1", "crm", RunStatus.FAILED, Counts(rows=7))
NOTICE = Notice(NoticeKind.FAILING, "crm", "Customers: the runs fail", "no answer", "all safe", "pbx-connector status")


@pytest.mark.parametrize("name", [name for name in vars(hookspecs) if name.startswith("pbx_")])
def test_every_hook_has_a_sentence_and_a_place_in_the_guide(name: str) -> None:
    first_line = (getattr(hookspecs, name).__doc__ or "").splitlines()[0]
    assert re.fullmatch(r"[A-Z].+\.", first_line)
    assert name in GUIDE


def test_the_signatures_of_the_guide_are_those_of_the_code() -> None:
    printed = dict(re.findall(r"^def (pbx_\w+)(\(.*\) -> .+): \.\.\.$", GUIDE, re.MULTILINE))
    hooks = {name: hook for name, hook in vars(hookspecs).items() if name.startswith("pbx_")}
    assert printed == {name: str(inspect.signature(hook)).replace("'", "") for name, hook in hooks.items()}


@pytest.fixture
def news() -> Iterator[EntryPoint]:
    """The plugin of the guide's section on this hook, as printed."""
    section = GUIDE[GUIDE.index("## Hearing how runs end") :]
    code = re.search(r"```python\n(.+?)```", section, re.DOTALL)
    assert code is not None
    module = types.ModuleType("plugin_of_the_guide")
    exec(code[1], vars(module))
    sys.modules[module.__name__] = module
    yield EntryPoint("news", module.__name__, GROUP)
    del sys.modules[module.__name__]


def test_the_example_of_the_guide_is_told(news: EntryPoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PBX_NEWS_FILE", str(tmp_path / "news"))
    notifiers = Plugins([news]).notifiers(Config())
    notifiers["news"](REPORT, [NOTICE], Config(), "d1")
    assert (tmp_path / "news").read_text() == "Customers: the runs fail: no answer (7 rows)\n"
    monkeypatch.setenv("PBX_NEWS_FILE", str(tmp_path / "no folder" / "news"))
    with pytest.raises(ConnectorError, match="cannot be written"):
        notifiers["news"](REPORT, [NOTICE], Config(), "d1")


def test_the_notifiers_that_ship_are_plugins_like_any_other() -> None:
    both = Config.model_validate({"mail": MAIL, "webhook": {"url": "https://x.example/", "secret": {"env": "X"}}})
    assert {"mail", "webhook"} <= Plugins().notifiers(both).keys()


def test_only_those_tell_who_are_configured() -> None:
    plugins = Plugins()
    assert not {"mail", "webhook"} & plugins.notifiers(Config()).keys()
    assert {"mail", "webhook"} & plugins.notifiers(Config.model_validate({"mail": MAIL})).keys() == {"mail"}
