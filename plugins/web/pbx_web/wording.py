"""The words for what runs do and say: actions, states, kinds and the fields of an entry, in a reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pbx_connector.api import shortened
from pbx_web.asking import Ask
from pbx_web.contact_texts import visible
from pbx_web.language import Language
from pbx_web.personal import Viewer

SIGNS = {"add": "+", "update": "~", "remove": "−", "move": "→", "keep": "="}


@dataclass(frozen=True, slots=True)
class Wording:
    speak: Language

    def action(self, name: str) -> str:
        """What is done with an entry."""
        speak = self.speak
        words = {
            "add": speak("added"),
            "update": speak("changed"),
            "remove": speak("removed"),
            "move": speak("moved in the source"),
            "keep": speak("unchanged"),
        }
        return words.get(name, name)

    def sign(self, action: str) -> str:
        return SIGNS.get(action, "")

    def status(self, name: str) -> str:
        """How a run ended."""
        speak = self.speak
        words = {
            "done": speak("done"),
            "partial": speak("done in part"),
            "refused": speak("refused"),
            "failed": speak("failed"),
        }
        return words.get(name, name)

    def book_status(self, name: str) -> str:
        speak = self.speak
        words = {
            "done": speak("read"),
            "failed": speak("failed"),
            "unknown": speak("cannot be told"),
            "gone": speak("gone"),
        }
        return words.get(name, name)

    def kind(self, name: str) -> str:
        """What changed the phone book."""
        speak = self.speak
        words = {
            "run": speak("run"),
            "undo": speak("undo"),
            "hand": speak("by hand"),
            "accounts": speak("accounts"),
            "adopt": speak("handed over"),
            "remove": speak("profile removed"),
        }
        return words.get(name, name)

    def field(self, name: str) -> str:
        """A field of an entry, its owner or a label, as `FieldChange.name` has it."""
        speak = self.speak
        words = {
            "display_name": speak("Display name"),
            "phone": speak("Telephone"),
            "first_name": speak("First name"),
            "last_name": speak("Last name"),
            "organisation": speak("Organisation"),
            "email": speak("E-mail"),
            "mobile": speak("Mobile"),
            "home_phone": speak("Telephone (private)"),
            "fax": speak("Fax"),
            "notes": speak("Notes"),
            "account": speak("Owner"),
            "username": speak("User name"),
        }
        if name.startswith("label "):
            return speak("Label %(name)s", name=name.removeprefix("label "))
        return words.get(name, name)


KINDS = {"good": ("done",), "warn": ("partial", "refused", "unknown"), "bad": ("failed",)}


def mood(status: str) -> str:
    """The kind of a badge."""
    return next((kind for kind, those in KINDS.items() if status in those), "plain")


def words_for(ask: Ask, see: Viewer) -> Mapping[str, Any]:
    """What the macros of `changes.html` need."""
    return {"w": Wording(ask.language), "viewer": see, "visible": visible, "shortened": shortened, "mood": mood}
