"""A form of a page as a browser without scripts would send it."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx


@dataclass
class Filled(HTMLParser):
    """The form with `id="draft"`: `fields` are what would be sent, `buttons` the values of `do`."""

    html: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[str] = field(default_factory=list)
    _select: str | None = None
    _chosen: str | None = None
    _area: tuple[str, list[str]] | None = None

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = {name: value or "" for name, value in attrs}
        name, kind = held.get("name", ""), held.get("type", "text")
        if tag == "button" and name == "do":
            self.buttons.append(held["value"])
        elif tag == "input" and name and (kind not in ("radio", "checkbox") or "checked" in held):
            self.fields.append((name, held.get("value", "")))
        elif tag == "select" and name:
            self._select, self._chosen = name, None
        elif tag == "option" and self._select and ("selected" in held or self._chosen is None):
            self._chosen = held.get("value", "")
        elif tag == "textarea" and name:
            self._area = (name, [])

    def handle_data(self, data: str) -> None:
        if self._area:
            self._area[1].append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "select" and self._select:
            self.fields.append((self._select, self._chosen or ""))
            self._select = None
        elif tag == "textarea" and self._area:
            name, parts = self._area
            text = "".join(parts).removeprefix("\n")
            self.fields.append((name, text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")))
            self._area = None

    def value(self, name: str) -> str:
        return dict(self.fields)[name]

    def sent(self, do: str, changes: dict[str, str]) -> dict[str, list[str]]:
        missing = changes.keys() - {name for name, _ in self.fields}
        assert not missing, f"the page has no input {missing}"
        data: dict[str, list[str]] = {}
        for name, value in self.fields:
            data.setdefault(name, []).append(changes.get(name, value))
        return data | {"do": [do]}


def send(client: httpx.Client, page: httpx.Response, do: str = "apply", **changes: str) -> httpx.Response:
    """Press a button of a page after typing; `set__title` stands for the input `set/title`."""
    path = page.url.path
    typed = {name.replace("__", "/"): value for name, value in changes.items()}
    return client.post(path, data=Filled(page.text).sent(do, typed))
