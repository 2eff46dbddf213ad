"""Safety rule 10: a secret reaches no log, no report, no exception and no page, in good times and in bad ones."""

from __future__ import annotations

import os
import re
from base64 import b64encode
from pathlib import Path

from pbx_exchange.sandbox import Fault, Sandbox
from product import Connector
from serving import Serve

WRONG = "wr0ng-passw0rd"
MAIL = "mail-passw0rd"
HOOK = "hook-s3cret-0f-the-rec3iver"
STORE = "st0re#passw0rd"
NOBODY = "127.0.0.1:1"
"""No server listens there."""


def found(secrets: list[str], *places: str) -> list[str]:
    """Those that stand somewhere, as they are or as HTTP carries them."""
    texts = "\n".join(places)
    return [secret for secret in secrets if secret in texts or b64encode(secret.encode()).decode() in texts]


def test_rule_10_no_command_and_no_store_shows_a_source_s_password(
    connector: Connector, profile: Path, sandbox: Sandbox
) -> None:
    login = f"{sandbox.email}:{sandbox.password}"
    said = []

    def say(*commands: str) -> None:
        for command in commands:
            done = connector(*command.replace("PROFILE", profile.name).split(), code=None)
            said.append(done.out + done.err)

    say("check PROFILE", "test-connection PROFILE", "simulate PROFILE --save --json", "run PROFILE --json")
    for name in ("401", "garbage"):
        sandbox.faults.add(Fault(name=name, times=None))
        say("test-connection PROFILE", "run PROFILE")
        sandbox.faults.clear()
    (connector.home / "password.txt").write_text(WRONG)
    say("test-connection PROFILE", "run PROFILE --json")
    profile.write_text(profile.read_text().replace("password: {", f"password: '{WRONG}' # {{"))
    say("check PROFILE", "run PROFILE", "history --json", "history show 3 --json", "plan show 2 --json", "status")
    assert "Reception" in "".join(said), "nothing was said at all"
    assert found([sandbox.password, login, WRONG], *said) == []
    kept = [path.read_bytes().decode("latin-1") for path in connector.home.glob("book.sqlite*")]
    assert "Reception" in "".join(kept)
    assert found([sandbox.password, login, WRONG], *kept) == []


def test_rule_10_a_password_that_was_typed_where_its_name_belongs_is_shown_nowhere(
    connector: Connector, profile: Path
) -> None:
    said = []
    reference = re.compile("password: {.*}")
    for place in (
        f"{{env: {WRONG}}}",
        f"{{file: {WRONG}}}",
        f"{{keyring: {WRONG}}}",
        f"{{{WRONG}: x}}",
        f"{{{WRONG}}}",
    ):
        profile.write_text(reference.sub(f"password: {place}", profile.read_text()))
        for command in ("check", "fmt", "run", "simulate", "test-connection"):
            done = connector(command, profile.name, code=None)
            said.append(done.out + done.err)
    done = connector("history", "--json", code=None)
    assert "is not set" in "".join(said), "nothing was said at all"
    assert found([WRONG], *said, done.out) == []
    kept = [path.read_bytes().decode("latin-1") for path in connector.home.glob("book.sqlite*")]
    assert found([WRONG], *kept) == []


def test_rule_10_the_service_shows_no_secret_in_its_log_or_on_its_pages(
    connector: Connector, serve: Serve, profile: Path, profiles: Path, config: Path, sandbox: Sandbox
) -> None:
    (connector.home / "password.txt").write_text(WRONG)
    connector("automate", profile, "--every", "1h")
    os.rename(profile, profiles / profile.name)
    connector.environment |= {"MAIL_PASSWORD": MAIL, "HOOK_SECRET": HOOK}
    server = "host: 127.0.0.1, port: 1, sender: pbx@example.com, to: it@example.com"
    with config.open("a") as file:
        file.write(f"mail: {{{server}, user: pbx, password: {{env: MAIL_PASSWORD}}}}\n")
        file.write(f"webhook: {{url: 'http://{NOBODY}/hook', secret: {{env: HOOK_SECRET}}}}\n")
    serving = serve()
    serving.wait_for("run failed")
    for notifier in ("mail", "webhook"):
        serving.wait_for("could not tell", notifier=notifier)
    pages = [serving.get("/health"), serving.get("/metrics")]
    serving.stop()
    assert "exchange-contacts" in pages[0]
    assert found([WRONG, MAIL, HOOK, sandbox.password], *pages, serving.lines_file.read_text()) == []


def test_rule_10_a_store_that_does_not_answer_is_named_without_its_password(
    connector: Connector, serve: Serve, profiles: Path
) -> None:
    connector.environment["PBX_CONNECTOR_STORE"] = f"postgresql://ann:{STORE}@{NOBODY}/book"
    serving = serve()
    health = serving.health
    serving.stop()
    assert health["store"]["reachable"] is False
    assert f"@{NOBODY}/book" in health["store"]["place"]
    status = connector.process("status", code=None)
    assert NOBODY in status.out + status.err
    assert found([STORE, *STORE.split("#")], str(health), serving.lines_file.read_text(), status.out, status.err) == []
