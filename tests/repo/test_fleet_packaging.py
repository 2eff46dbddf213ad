"""What ships for many phone systems in containers parses, and starts commands that there are, with their options."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from pbx_directory.ways import TOKEN
from ruamel.yaml import YAML

from pbx_connector.cli.main import app
from pbx_connector.config import Config, ConfigFile, load_config
from pbx_connector.listening import PROBES
from pbx_connector.plugins import Plugins

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
        elif document["kind"] in ("Service", "PodDisruptionBudget"):
            selector = document["spec"]["selector"]
            assert [
                pods for pods in deployed() if selector.get("matchLabels", selector).items() <= labels_of(pods).items()
            ]


def deployed() -> list[Any]:
    return [document for document in manifests() if document["kind"] in ("Deployment", "StatefulSet")]


def labels_of(document: Any) -> dict[str, str]:
    return dict(document["spec"]["template"]["metadata"]["labels"])


def ports_of(document: Any) -> set[str]:
    return {port["name"] for one in document["spec"]["template"]["spec"]["containers"] for port in one["ports"]}


def serving_configs() -> dict[str, str]:
    in_kubernetes = next(one["data"] for one in manifests() if one["metadata"]["name"] == "pbx-serving")
    return {"compose": (PACKAGING / "serving.yaml").read_text(), "kubernetes": in_kubernetes["config.yaml"]}


@pytest.mark.parametrize("kind", ["compose", "kubernetes"])
def test_the_pages_and_the_directory_serve_all_tenants_by_host_name(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(serving_configs()[kind])
    environment = composed()["services"]["web"]["environment"]
    config = Plugins().configure(ConfigFile.read(path, {"HOME": str(tmp_path), **environment}))
    assert config.control is not None
    assert config.control.domain == "pbx.example.com"
    web, directory = config.plugins["web"], config.plugins["directory"]
    assert (web.listen, directory.http, directory.ldaps) == ("0.0.0.0:8080", "0.0.0.0:8443", "0.0.0.0:6636")
    assert web.url == directory.url == "https://pbx.example.com"
    assert web.proxies
    assert directory.certificate


def test_a_path_that_begins_with_a_devices_token_leads_to_the_directory() -> None:
    [path] = [
        path["path"]
        for one in manifests()
        if one["metadata"]["name"] == "pbx-directory" and one["kind"] == "Ingress"
        for rule in one["spec"]["rules"]
        for path in rule["http"]["paths"]
    ]
    assert path == f"/{TOKEN.pattern}/"
    assert f'location ~ "^/{TOKEN.pattern}/" {{ proxy_pass https://directory;' in (PACKAGING / "proxy.conf").read_text()


def test_what_an_ingress_and_a_service_name_is_there() -> None:
    services = {one["metadata"]["name"]: one["spec"] for one in manifests() if one["kind"] == "Service"}
    for spec in services.values():
        pods = [one for one in deployed() if spec["selector"].items() <= labels_of(one).items()]
        assert all(port.get("targetPort", port["name"]) in ports_of(one) for port in spec["ports"] for one in pods)
    for ingress in (one["spec"] for one in manifests() if one["kind"] == "Ingress"):
        [tls] = ingress["tls"]
        assert {rule["host"] for rule in ingress["rules"]} <= {*tls["hosts"]}
        for backend in (path["backend"]["service"] for rule in ingress["rules"] for path in rule["http"]["paths"]):
            assert backend["port"]["name"] in {port["name"] for port in services[backend["name"]]["ports"]}


def test_who_is_at_something_stays_where_he_began_it() -> None:
    """What serves keeps something in memory: several of it need somebody in front who knows whose turn it is."""
    noted = {one["metadata"]["name"]: one["metadata"]["annotations"] for one in manifests() if one["kind"] == "Ingress"}
    assert noted["pbx-web"]["nginx.ingress.kubernetes.io/affinity"] == "cookie"
    assert noted["pbx-directory"]["nginx.ingress.kubernetes.io/upstream-hash-by"] == "$remote_addr"
    ldap = next(one["spec"] for one in manifests() if one["metadata"]["name"] == "pbx-ldap")
    assert (ldap["sessionAffinity"], ldap["externalTrafficPolicy"]) == ("ClientIP", "Local")
    assert (PACKAGING / "proxy.conf").read_text().count("ip_hash;") == 2


def test_whatever_serves_is_probed_and_bounded() -> None:
    for document in deployed():
        for container in document["spec"]["template"]["spec"]["containers"]:
            assert container["resources"]["limits"]["memory"]
            assert container["readinessProbe"]
            for probe in ("readinessProbe", "livenessProbe", "startupProbe"):
                for how in container.get(probe, {}).values():
                    if isinstance(how, dict) and "path" in how:
                        assert how["path"] in PROBES
                    if isinstance(how, dict) and "port" in how:
                        assert how["port"] in ports_of(document)
    for name, service in composed()["services"].items():
        assert {*service.get("secrets", ())} <= composed()["secrets"].keys(), name
