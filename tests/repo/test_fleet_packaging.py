"""What ships for many phone systems in containers parses, and starts commands that there are, with their options."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from ruamel.yaml import YAML

from pbx_connector.cli.main import app
from pbx_connector.config import Config, load_config

PACKAGING = Path(__file__).resolve().parents[2] / "packaging"
MANIFESTS = sorted((PACKAGING / "kubernetes").glob("*.yaml"))
OURS = "pbx-connector"
WITH_PODS = ("Deployment", "StatefulSet", "Job")


def documents(path: Path) -> list[Any]:
    return list(YAML(typ="safe").load_all(path))


def composed() -> dict[str, Any]:
    [document] = documents(PACKAGING / "compose.yaml")
    return dict(document)


def manifests() -> list[Any]:
    found = [document for path in MANIFESTS for document in documents(path)]
    return [item for document in found for item in document.get("items", [document])]


def containers() -> Iterator[tuple[str, list[str]]]:
    """Name and arguments of each that is ours."""
    for name, service in composed()["services"].items():
        if service["image"] == OURS:
            yield f"compose {name}", service["command"]
    for pod in (item["spec"]["template"] for item in manifests() if item["kind"] in WITH_PODS):
        for container in pod["spec"]["containers"]:
            if container["image"] == OURS:
                yield f"kubernetes {container['name']}", container["args"]


STARTED = list(containers())


@pytest.mark.parametrize(("name", "arguments"), STARTED, ids=[name for name, _ in STARTED])
def test_every_container_starts_a_command_that_there_is(name: str, arguments: list[str]) -> None:
    assert all(isinstance(argument, str) for argument in arguments)
    command: Any = typer.main.get_command(app)
    context = command.make_context("pbx-connector", list(arguments), resilient_parsing=False)
    while hasattr(command, "commands") or hasattr(command, "get_command"):
        found, command, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        assert command is not None, found
        context = command.make_context(found, rest, parent=context)


def test_all_parts_are_there_in_both() -> None:
    started = {(name.split()[0], word) for name, arguments in STARTED for word in arguments}
    for kind in ("compose", "kubernetes"):
        for word in ("worker", "dispatcher", "web", "directory", "prepare"):
            assert (kind, word) in started
    images = {container["image"] for container in composed()["services"].values()}
    assert any(image.startswith("postgres:") for image in images)


def test_the_environment_is_one_that_the_configuration_knows(tmp_path: Path) -> None:
    settings = next(document["data"] for document in manifests() if document["kind"] == "ConfigMap")
    for given in (settings, composed()["services"]["worker"]["environment"]):
        config = load_config(None, {"HOME": str(tmp_path), **given})
        assert config.control is not None
        assert config.control.database.startswith("postgresql://pbx@")
        assert config.service.listen == "0.0.0.0:9464"


def test_a_worker_is_not_killed_while_it_stops() -> None:
    needed = Config().service.stop_within + timedelta(seconds=30)
    grace = composed()["services"]["worker"]["stop_grace_period"]
    assert timedelta(seconds=int(grace.removesuffix("s"))) > needed
    worker = next(document for document in manifests() if document["metadata"]["name"] == "pbx-worker")
    assert timedelta(seconds=worker["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]) > needed


def test_whoever_is_asked_for_answers_where_it_listens() -> None:
    for document in manifests():
        if document["metadata"]["name"] in ("pbx-worker", "pbx-dispatcher"):
            [container] = document["spec"]["template"]["spec"]["containers"]
            assert container["livenessProbe"]["httpGet"]["path"] == "/livez"
            assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
            assert container["ports"] == [{"name": "health", "containerPort": 9464}]


def test_selectors_meet_their_pods() -> None:
    for document in manifests():
        if document["kind"] in ("Deployment", "StatefulSet"):
            labels = document["spec"]["template"]["metadata"]["labels"]
            assert document["spec"]["selector"]["matchLabels"].items() <= labels.items()
