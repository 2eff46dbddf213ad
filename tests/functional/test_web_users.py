"""Who may log in to the pages: the first administrator by a link, others by a command, and out again at once."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from product import Connector

from pbx_connector.stores import open_store

PASSWORD = "correct horse battery"
PATIENCE = 60


@contextmanager
def serving(connector: Connector) -> Iterator[dict[str, str]]:
    """What `web --json` says once it is ready."""
    command = [str(Path(sys.executable).with_name("pbx-connector")), "web", "--json"]
    process = subprocess.Popen(
        command, cwd=connector.home, env=connector.environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout
        yield json.loads(process.stdout.readline())
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0


def choose(client: httpx.Client, link: str, **fields: str) -> httpx.Response:
    """Open a link of `web setup` and choose the password."""
    found = re.search('name="csrf_token" value="([0-9a-f]+)"', client.get(link).text)
    token = found[1] if found else ""
    return client.post(link, data={"csrf_token": token, "new": PASSWORD, "again": PASSWORD, **fields})


def test_people_get_in_and_are_kept_out(connector: Connector) -> None:
    with serving(connector) as served, httpx.Client(timeout=60) as ann, httpx.Client(timeout=60) as bob:
        assert choose(ann, served["setup"], name="Ann").status_code == 303
        assert ann.get(f"{served['url']}/").status_code == 200
        added = connector("web", "users", "add", "bob", "--role", "editor", "--json").json
        assert added["setup"].startswith(served["url"])
        assert choose(bob, added["setup"]).status_code == 303
        assert bob.get(f"{served['url']}/").status_code == 200
        connector("web", "users", "role", "bob", "reader")
        assert bob.get(f"{served['url']}/").status_code == 303
        assert choose(bob, connector("web", "setup", "--user", "bob").out.strip()).status_code == 303
        assert bob.get(f"{served['url']}/runs").status_code == 403
        connector("web", "users", "disable", "bob")
        assert bob.get(f"{served['url']}/").status_code == 303
        connector("web", "users", "disable", "--undo", "bob")
        connector("web", "users", "remove", "bob")
    listed = connector("web", "users", "list", "--json").json
    assert [(user["name"], user["role"], user["password"]) for user in listed] == [("ann", "admin", True)]
    with open_store(connector.environment["PBX_CONNECTOR_STORE"]) as store:
        done = [(record.user, record.action, record.target) for record in reversed(store.audit())]
    assert done == [
        ("ann", "set-up", "ann"),
        ("ann", "log-in", ""),
        ("(command line)", "user added", "bob"),
        ("bob", "set-up", "bob"),
        ("bob", "log-in", ""),
        ("(command line)", "user changed", "bob"),
        ("bob", "set-up", "bob"),
        ("bob", "log-in", ""),
        ("(command line)", "user changed", "bob"),
        ("(command line)", "user changed", "bob"),
        ("(command line)", "user removed", "bob"),
    ]


def test_once_there_is_an_administrator_no_link_is_printed_by_itself(connector: Connector) -> None:
    with serving(connector) as served, httpx.Client(timeout=60) as client:
        choose(client, served["setup"], name="ann")
    with serving(connector) as served:
        assert served["setup"] is None
    refused = connector("web", "setup", code=2)
    assert "there is an administrator already" in refused.err
    assert "pbx-connector web setup --user NAME" in refused.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("users", "add", "a b"), "1 to 80 letters"),
        (("users", "add", "ann", "--role", "root"), "it is one of reader, editor, releaser, admin"),
        (("users", "remove", "ann"), "there is no user ann"),
        (("users", "role", "ann", "admin"), "there is no user ann"),
        (("users", "disable", "ann"), "there is no user ann"),
        (("setup", "--user", "ann"), "there is no user ann"),
    ],
    ids=str,
)
def test_what_cannot_be_is_said(connector: Connector, arguments: tuple[str, ...], said: str) -> None:
    assert said in connector("web", *arguments, code=2).err
    assert "nobody may log in" in connector("web", "users", "list").out


def test_a_link_says_when_nobody_knows_where_it_leads(connector: Connector) -> None:
    made = connector("web", "setup")
    assert made.out.startswith("http://ADDRESS/setup/")
    assert "the pages are not served yet" in made.err
    (connector.home / "config.yaml").write_text(
        "plugins: {web: {listen: '127.0.0.1:8443', url: 'https://pbx.example', proxies: 127.0.0.1/32}}\n"
    )
    assert connector("--config", "config.yaml", "web", "setup").out.startswith("https://pbx.example/setup/")
