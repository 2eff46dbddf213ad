"""Holds what a sandbox is asked and answers against the schema of Microsoft Graph: nothing said in a test may break it.

The schema is not ours to ship. It tells reading alone: what writes is not held against it.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

from jsonschema import Draft202012Validator
from pbx_microsoft365.sandbox.messages import GraphAnswer, GraphRequest
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
from ruamel.yaml import YAML

_BASE: Final = "urn:graph"
_WRITING: Final = ("PATCH", "PUT", "DELETE")
_CAST: Final = "/microsoft.graph.user"
_JSON: Final = "application/json"
_HEADERS: Final = ("Prefer", "ConsistencyLevel")
_SHOWN: Final = 500


class SchemaWatcher:
    """Collects what breaks the schema in `violations`, each with its direction and address.

    `lenient`: a request that the sandbox refuses may break it, as the tests of the sandbox send such on purpose.
    """

    def __init__(self, file: Path, *, lenient: bool = False) -> None:
        self._schema = load_schema(file)
        self._lenient = lenient
        self._lock = threading.Lock()
        self.violations: list[str] = []
        self.checked = 0

    def see(self, request: GraphRequest, answer: GraphAnswer | None) -> None:
        if request.method in _WRITING:
            return
        refused = answer is not None and answer.status >= HTTPStatus.BAD_REQUEST
        with self._lock:
            self.checked += 1
            if not (self._lenient and refused):
                self._note("request", request, self._schema.check_request(request))
            if answer is not None:
                self._note("answer", request, self._schema.check_answer(request, answer))

    def _note(self, direction: str, request: GraphRequest, found: Iterable[str]) -> None:
        self.violations.extend(f"{direction} {request.method} {request.path}: {one[:_SHOWN]}" for one in found)


@cache
def load_schema(file: Path) -> Schema:
    return Schema(YAML(typ="safe").load(file))


class Schema:
    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._paths = [(_pattern(path), path) for path in sorted(document["paths"], key=lambda one: one.count("{"))]
        resource = Resource.from_contents(document, default_specification=DRAFT202012)
        self._registry: Registry[Any] = Registry().with_resource(_BASE, resource)
        self._validators: dict[str, Draft202012Validator] = {}

    def check_request(self, request: GraphRequest) -> Iterator[str]:
        found = self._find(request)
        if found is None:
            if request.method == "GET":
                yield "the schema has no such address"
            return
        place, operation = found
        declared = {one["name"]: where for where, one in self._parameters(place, operation)}
        given = dict(request.options) | _headers(request)
        for name, text in given.items():
            if name not in declared:
                yield f"{name}: the schema does not have this here"
            else:
                yield from self._check_text(f"{declared[name]}/schema", name, text)
        if "requestBody" in operation:
            yield from self._check_body(place, operation, request)

    def check_answer(self, request: GraphRequest, answer: GraphAnswer) -> Iterator[str]:
        found = self._find(request)
        if found is None:
            return
        place, operation = found
        names = (str(int(answer.status)), f"{answer.status // 100}XX")
        name = next((name for name in names if name in operation["responses"]), None)
        if name is None:
            yield f"the schema has no answer {answer.status} here"
            return
        where, response = self._resolve(f"{place}/responses/{name}")
        if _JSON in response.get("content", {}):
            yield from self._check(f"{where}/content/{_escape(_JSON)}/schema", answer.body)

    def _find(self, request: GraphRequest) -> tuple[str, dict[str, Any]] | None:
        """Where the operation stands in the schema; a cast to users takes and answers what `/users` does."""
        path = "/".join(unquote(part).replace("/", "%2F") for part in request.path.split("/"))
        path = "/users" if path.startswith("/groups/") and path.endswith(_CAST) else path
        for pattern, template in self._paths:
            operations = self._document["paths"][template]
            if pattern.fullmatch(path) and request.method.lower() in operations:
                method = request.method.lower()
                return f"/paths/{_escape(template)}/{method}", operations[method]
        return None

    def _parameters(self, place: str, operation: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        for at in range(len(operation.get("parameters", ()))):
            where, parameter = self._resolve(f"{place}/parameters/{at}")
            if parameter["in"] != "path":
                yield where, parameter

    def _resolve(self, place: str) -> tuple[str, dict[str, Any]]:
        """What stands there, or where it says that it stands."""
        found = self._document
        for part in place.split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            found = found[int(key)] if isinstance(found, list) else found[key]
        return self._resolve(found["$ref"].removeprefix("#")) if "$ref" in found else (place, found)

    def _check_text(self, place: str, name: str, text: str) -> Iterator[str]:
        _, schema = self._resolve(place)
        value: Any = text
        if schema.get("type") == "array":
            value = text.split(",")
        elif schema.get("type") == "integer" and text.isdecimal():
            value = int(text)
        for said in self._check(place, value):
            yield f"{name}: {said}"

    def _check_body(self, place: str, operation: Mapping[str, Any], request: GraphRequest) -> Iterator[str]:
        (kind,) = operation["requestBody"]["content"]
        text = request.body.decode()
        body = json.loads(text) if kind == _JSON else dict(parse_qsl(text))
        yield from self._check(f"{place}/requestBody/content/{_escape(kind)}/schema", body)

    def _check(self, place: str, value: Any) -> Iterator[str]:
        if place not in self._validators:
            schema = {"$ref": f"{_BASE}#{place}"}
            self._validators[place] = Draft202012Validator(schema, registry=self._registry)
        for error in self._validators[place].iter_errors(value):
            yield f"{error.json_path}: {error.message}"


def _headers(request: GraphRequest) -> dict[str, str]:
    return {name: request.headers[name.lower()] for name in _HEADERS if name.lower() in request.headers}


def _pattern(template: str) -> re.Pattern[str]:
    """Of the paths that a template stands for."""
    parts = re.split(r"\{[^}]*\}", template)
    return re.compile("[^/]+".join(re.escape(part) for part in parts))


def _escape(name: str) -> str:
    """As a JSON pointer has it."""
    return name.replace("~", "~0").replace("/", "~1")
