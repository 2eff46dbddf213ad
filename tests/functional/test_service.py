"""The real service as a process: a profile is dropped in, runs, its change is seen; stops, kills and two services."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path
from typing import Any

from pbx_exchange.sandbox import Sandbox
from pbx_exchange.sandbox.faults import Fault
from product import Connector
from serving import Serve, wait_until

from pbx_connector.service.web import Web, health_page

BESIDE = ("the phone book is whole", "serving", "nobody hears of failures")
"""What other threads log while a run goes on."""


def test_a_profile_that_is_dropped_in_runs_and_its_change_takes_effect(
    connector: Connector, serve: Serve, profile: Path, profiles: Path
) -> None:
    serving = serve()
    serving.wait_for("serving")
    connector("automate", profile, "--every", "10s")
    profile.write_text(f"limits: {{change_at_most: {{share: 100%}}}}\n{profile.read_text()}")
    dropped = profiles / profile.name
    os.rename(profile, dropped)
    first = serving.wait_for("run ended", profile="exchange-contacts")
    assert first["status"] == "done"
    assert first["added"] == len(connector.entries())
    assert serving.health["ready"] is True

    dropped.write_text(dropped.read_text().replace("{{DisplayName}}", "{{DisplayName}} (dropped)"))
    serving.wait_for("profile loaded", count=2)

    def changing() -> list[dict[str, Any]]:
        """Runs after the first one that did something: one may have begun before the profile was loaded."""
        return [line for line in serving.events("run ended")[1:] if line["updated"] + line["added"]]

    wait_until(changing)
    [second] = changing()
    changed = [entry for entry in connector.entries() if entry["fields"]["display_name"].endswith("(dropped)")]
    assert second["updated"] + second["added"] == len(changed) > 0

    dropped.write_text("title: [\n")
    serving.wait_for("the profile's file cannot be used")
    serving.wait_for("run ended", count=len(serving.events("run ended")) + 1, status="done")
    [told] = serving.health["profiles"]
    assert told["broken"]

    dropped.unlink()
    serving.wait_for("profile removed; its entries stay")
    wait_until(lambda: serving.health["profiles"] == [])
    assert serving.health["profiles"] == []
    assert len(connector.entries()) == first["added"] + second["added"]
    assert serving.stop() == 0
    assert serving.lines[-1]["event"] == "stopped"


def test_it_serves_where_nothing_is_installed_that_many_tenants_need(
    connector: Connector, serve: Serve, profile: Path, profiles: Path, tmp_path: Path
) -> None:
    lacking = tmp_path / "lacking"
    lacking.mkdir()
    for name in ("procrastinate", "psycopg", "psycopg_pool"):
        (lacking / f"{name}.py").write_text("raise ImportError('it is not installed')\n")
    connector.environment["PYTHONPATH"] = str(lacking)
    control = connector.home / "control.yaml"
    control.write_text("control: {database: postgresql://provider@db.example.com/pbx}\n")
    assert "pbx-connector[scale]" in connector.process("--config", control, "fleet", "status", code=2).err
    connector("automate", profile, "--every", "1h")
    os.rename(profile, profiles / profile.name)
    serving = serve()
    assert serving.wait_for("run ended")["status"] == "done"
    assert serving.stop() == 0


def test_odd_files_in_the_folder_stop_neither_the_others_nor_a_page(
    connector: Connector, serve: Serve, profile: Path, profiles: Path, config: Path
) -> None:
    """A named pipe, an endless device, a name that is no UTF-8: each is named, and harms itself alone."""
    os.mkfifo(profiles / "a-pipe.yaml")
    (profiles / "b-zero.yaml").symlink_to("/dev/zero")
    Path(os.fsdecode(os.fsencode(profiles) + b"/c\xff.yaml")).write_text("title: [")
    connector("automate", profile, "--every", "1h")
    os.rename(profile, profiles / profile.name)
    serving = serve()
    serving.wait_for("run ended", status="done")
    assert 'profile_broken{profile="c\\\\xff"} 1.0' in serving.get("/metrics")
    broken = {one["id"]: one["broken"] for one in serving.health["profiles"] if one["broken"]}
    assert broken == {
        "a-pipe": "it is a named pipe, not a file",
        "b-zero": "it is a device, not a file",
        "c\\xff": "its name is not UTF-8 text",
    }
    config.write_text(f"service: {{listen: '{serving.wait_for('serving')['health']}'}}\n")
    status = connector("--config", config, "status", code=None)
    assert "c\\xff" in status.out
    serving.stop()
    offline = connector("--config", config, "status", code=None)
    assert "c\\xff" in offline.out


def test_every_line_of_a_run_names_profile_and_run_and_no_contact(
    connector: Connector, serve: Serve, profile: Path, profiles: Path
) -> None:
    connector("automate", profile, "--every", "1h")
    os.rename(profile, profiles / profile.name)
    serving = serve()
    serving.wait_for("run ended")
    serving.stop()
    events = [line["event"] for line in serving.lines]
    of_run = serving.lines[events.index("run begins") : events.index("run ended") + 1]
    of_run = [line for line in of_run if not line["event"].startswith(BESIDE)]
    assert {(line["profile"], line["run"]) for line in of_run} == {("exchange-contacts", "2")}  # 1: the accounts
    text = serving.lines_file.read_text()
    for entry in connector.entries():
        assert entry["fields"]["display_name"] not in text
        assert entry["fields"].get("phone", "no phone") not in text


def test_metrics_and_status_tell_the_same(
    connector: Connector, serve: Serve, profile: Path, profiles: Path, config: Path
) -> None:
    connector("automate", profile, "--every", "1h")
    os.rename(profile, profiles / profile.name)
    serving = serve()
    serving.wait_for("run ended")
    wait_until(lambda: "last_success_age_seconds{" in serving.get("/metrics"))
    page = serving.get("/metrics")
    assert 'pbx_connector_runs_total{profile="exchange-contacts",status="done"} 1.0' in page
    address = serving.wait_for("serving")["health"]
    config.write_text(f"service: {{listen: '{address}'}}\n")
    told = connector("--config", config, "status")
    assert "exchange-contacts" in told.out
    assert "reachable" in told.out
    asked = connector("--config", config, "status", "--json").json
    assert asked["profiles"][0]["id"] == "exchange-contacts"
    assert asked["service"] == {"listen": address, "answers": True}
    listed = connector("--config", config, "schedule", "--json").json
    assert listed[0]["schedule"] == "every 1h"
    serving.stop()
    silent = connector("--config", config, "status", "--json", code=4)
    assert "no service answers" in silent.err
    assert silent.json["service"]["answers"] is False
    [before], [after] = asked["profiles"], silent.json["profiles"]
    assert {name for name in before if before[name] != after[name]} <= {"last_success_age"}


def test_without_a_service_status_says_what_store_and_folder_know(
    connector: Connector, profile: Path, profiles: Path, config: Path
) -> None:
    connector("automate", profile, "--every", "10s")
    (connector.home / "password.txt").write_text("wrong")
    connector("run", profile, code=4)
    os.rename(profile, profiles / profile.name)
    (profiles / "broken.yaml").write_text("title: [\n")
    told = connector("--config", config, "status", code=4)
    assert re.search(r"broken .* line 2", told.out)
    assert re.search(r"exchange-contacts .* every 10s .* (in \d+s|due) .* failed .* failing", told.out)
    assert re.search(r"exchange-contacts: .*password", told.out)
    assert "hint: start it with: pbx-connector serve" in told.err


def test_a_service_that_has_just_started_says_so(connector: Connector, profiles: Path, config: Path) -> None:
    content = {"ready": False, "store": {"place": "x", "reachable": True}, "folder": {"path": "y", "trouble": None}}
    web = Web("127.0.0.1:0", {"/health": health_page(lambda: (False, content | {"profiles": []}))})
    web.start()
    config.write_text(f"service: {{listen: '{web.address}'}}\n")
    told = connector("--config", config, "status", code=4)
    web.stop()
    assert "no profile is in y" in told.out
    assert "just starting" in told.err


def test_status_makes_no_phone_book(connector: Connector, profiles: Path, config: Path) -> None:
    told = connector("--config", config, "status", code=4)
    assert "book.sqlite does not exist" in told.out
    assert not (connector.home / "book.sqlite").exists()


def test_two_services_on_one_store_make_each_run_once(
    connector: Connector, serve: Serve, profile: Path, profiles: Path
) -> None:
    connector("automate", profile, "--every", "1h")
    first, second = serve(), serve()
    first.wait_for("serving")
    second.wait_for("serving")
    os.rename(profile, profiles / profile.name)
    wait_until(lambda: first.events("run ended") or second.events("run ended"))
    for serving in (first, second):
        serving.wait_for("profile loaded")
    time.sleep(3)
    assert len(first.events("run ended") + second.events("run ended")) == 1
    assert first.stop() == 0
    assert second.stop() == 0


def test_a_service_killed_in_the_middle_of_a_run_makes_up_for_it_once(
    connector: Connector, sandbox: Sandbox, serve: Serve, profile: Path, profiles: Path
) -> None:
    connector("automate", profile, "--every", "1h")
    sandbox.faults.add(Fault(name="silent", times=None))
    os.rename(profile, profiles / profile.name)
    killed = serve()
    wait_until(lambda: any(profile["running"] for profile in killed.health["profiles"]))
    killed.stop(signal.SIGKILL)
    assert connector.entries() == []
    sandbox.faults.clear()
    again = serve()
    assert again.wait_for("run ended")["status"] == "done"
    assert again.stop() == 0
    assert len(again.events("run ended")) == 1
    assert connector.entries() != []


def test_sigterm_in_the_middle_of_a_run_abandons_it_in_time_and_loses_nothing(
    connector: Connector, sandbox: Sandbox, serve: Serve, profile: Path, profiles: Path
) -> None:
    connector("automate", profile, "--every", "1h")
    sandbox.faults.add(Fault(name="silent", times=None))
    os.rename(profile, profiles / profile.name)
    serving = serve()
    wait_until(lambda: any(profile["running"] for profile in serving.health["profiles"]))
    begun = time.monotonic()
    assert serving.stop() == 0
    assert time.monotonic() - begun < 45  # the source would be waited for longer
    abandoned = "run abandoned, it changed nothing; it is made up for at the next start"
    assert serving.events(abandoned), serving.lines_file.read_text()
    sandbox.faults.clear()
    again = serve()
    assert again.wait_for("run ended")["status"] == "done"
    again.stop()
