"""What a device gets, without a device: for `directory test`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pbx_connector.api import PhoneBook
from pbx_directory import caller
from pbx_directory.answers import answer
from pbx_directory.devices import Telephone
from pbx_directory.dialing import asked
from pbx_directory.formats import Format, Protocol

SHOWN = 20_000
"""Characters of an answer that are shown."""


@dataclass(frozen=True, slots=True)
class Trial:
    device: Telephone
    wanted: str
    looked_up: tuple[str, ...]
    """The numbers that the phone book was asked for; empty for a name."""
    caller: caller.Caller | None
    answer: str
    """What the device's format shows for it."""

    def as_json(self) -> Mapping[str, Any]:
        return {
            "device": self.device.id,
            "format": self.device.format,
            "asked": self.wanted,
            "looked_up": list(self.looked_up),
            "caller": asdict(self.caller) if self.caller else None,
            "answer": self.answer,
        }

    def as_text(self) -> str:
        lines = [
            f"{self.device.name} asks for {self.wanted}, and reads {self.device.format}:",
            "",
            self.answer.rstrip(),
        ]
        if self.caller is not None:
            lines += ["", f"A call from there, looked up as {' or '.join(self.looked_up) or 'nothing'}:"]
            lines += [f"  {self.caller.name or 'nobody has that number'}"]
            lines += [f"  {name}: {value}" for name, value in self.caller.labels.items()]
        return "\n".join(lines)


def tried(book: PhoneBook, asker: Telephone, format: Format, wanted: str) -> Trial:
    """Raises `StoreError`."""
    is_number = any(sign.isdigit() for sign in wanted) and not any(sign.isalpha() for sign in wanted)
    term = "".join(wanted.split()) if is_number else wanted
    parameters = format.question(term) if isinstance(format, Protocol) else [("term", term)]
    made = answer(format, parameters, book, asker, "http://directory")
    text = b"".join(made.body).decode("utf-8", "replace")[:SHOWN]
    called = caller.look_up(book, wanted, asker) if is_number else None
    return Trial(asker, wanted, asked(wanted, asker.form) if is_number else (), called, text)
