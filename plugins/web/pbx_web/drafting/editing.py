"""One request that edits a draft: what was typed is put into its text.

What cannot be put there stays in its input, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from pbx_connector.api import UsageError, application
from pbx_web.asking import Ask
from pbx_web.drafting.carried import Carried
from pbx_web.drafting.secrets import keep
from pbx_web.drafting.typed import Typed, name_of, said, typed_edits

drafts = application.drafts


@dataclass
class Editing:
    ask: Ask
    draft: Carried
    errors: dict[str, str] = field(default_factory=dict)
    """By the name of an input: what was typed there is not in the draft."""
    added: str = ""
    """The name of the input by which something new was made."""

    @cached_property
    def form(self) -> application.drafts.Form:
        return drafts.read_form(self.draft.text, self.ask.site.installation.plugins)

    def value(self, name: str, otherwise: str) -> str:
        """What an input shows: what was typed, if it is not in the draft."""
        typed = self.ask.form.get(name)
        return typed if self.errors and isinstance(typed, str) else otherwise

    def put(self, name: str, *edits: application.drafts.Edit) -> None:
        """Notes an error at the input if that cannot be."""
        try:
            self.set_text(drafts.apply(self.draft.text, edits))
        except UsageError as error:
            self.errors[name] = said(error)

    def set_text(self, text: str) -> None:
        self.draft = self.draft.with_text(text)
        self.__dict__.pop("form", None)

    def take_typed(self) -> None:
        for one in list(typed_edits(self.ask, self.draft, self.form)):
            self._take(one)
        for one in self._secrets():
            self._take(one)
        for one in self._added():
            self._take(one)
            self.added = one.name

    def _take(self, one: Typed) -> None:
        if one.edit is None:
            self.errors[one.name] = one.error
        else:
            self.put(one.name, one.edit)

    def _secrets(self) -> Iterator[Typed]:
        """A secret that was typed is kept at once in a place that the draft refers to: it is in no page again."""
        for one in self.form.settings if self.draft.tab == "basic" else ():
            name = name_of(one)
            typed = self.ask.text(name) if one.kind == "secret" else ""
            if typed:
                yield self._kept(name, one, typed)

    def _kept(self, name: str, one: application.drafts.Input, secret: str) -> Typed:
        wanted, ask = f"{self.draft.file.stem}-{one.path[-1]}", self.ask
        try:
            kept = keep(ask, secret, wanted)
        except UsageError as error:
            return Typed(name, None, said(error))
        return Typed(name, drafts.SetSecret(one.path, kept.kind, kept.name))

    def _added(self) -> Iterator[Typed]:
        """What was typed into the inputs for something new, whatever button was pressed: it must not be lost."""
        match self.draft.tab:
            case "filter":
                yield from self._new_filter()
            case "variables":
                yield from self._new_variable()
                yield from self._new_table_entries()
            case "structure":
                yield from self._new_labels()

    def _new_filter(self) -> Iterator[Typed]:
        condition, because = self.ask.text("new/text").strip(), self.ask.text("new/because").strip()
        if condition:
            kind: Literal["keep", "skip"] = "keep" if self.ask.text("new/kind") == "keep" else "skip"
            yield Typed("new/text", drafts.AddFilter(kind, condition, because))
        elif because:
            yield Typed("new/text", None, self.ask.language("Write a condition."))

    def _new_variable(self) -> Iterator[Typed]:
        name, rule = self.ask.text("new/name").strip(), self.ask.text("new/text").strip()
        source_field = self.ask.text("new/field")
        if source_field and not rule:
            rule = f"[{source_field}]"
            name = name or "".join(letter for letter in source_field if letter.isalnum() or letter == "_")
        if name and rule:
            yield Typed("new/name", drafts.AddVariable(name, rule))
        elif name:
            yield Typed("new/text", None, self.ask.language("Write a rule, or take a field."))
        elif rule:
            yield Typed("new/name", None, self.ask.language("Give it a name."))

    def _new_table_entries(self) -> Iterator[Typed]:
        for table in self.form.tables:
            at = f"new-entry/{table.name}"
            key, value = self.ask.text(f"{at}/key").strip(), self.ask.text(f"{at}/value")
            if key:
                yield Typed(f"{at}/key", drafts.SetText((*table.path, key), value))

    def _new_labels(self) -> Iterator[Typed]:
        for record in self.form.records:
            at = f"new-label/{record.number}"
            name, value = self.ask.text(f"{at}/name").strip(), self.ask.text(f"{at}/value").strip()
            if name or value:
                yield Typed(f"{at}/name", drafts.AddLabel(record.number, name, value))

    def carry_out(self, what: str, argument: str) -> str:
        """What a button does to the draft; gives the name of what whoever edits goes on at. Raises `UsageError`, also
        for a button that nobody knows."""
        numbers = [int(part) for part in argument.split(":") if part.isascii() and part.isdigit()]
        match what, numbers:
            case "remove-rule", [number]:
                self._apply(drafts.RemoveRule(number))
            case "up-rule" | "down-rule", [number]:
                return f"{what.removesuffix('-rule')}/{self._move(number, -1 if what == 'up-rule' else 1)}"
            case "remove-label", [record, label]:
                self._apply(drafts.RemoveLabel(record, label))
            case "remove-entry", [table, entry]:
                self._apply(drafts.Remove(_entry(self.form, table, entry)))
            case "remove-secret", _:
                self._apply(drafts.Remove(tuple(argument.split("/"))))
            case _:
                raise UsageError("no button of this page does that", hint="load the page anew")
        return ""

    def _apply(self, edit: application.drafts.Edit) -> None:
        self.set_text(drafts.apply(self.draft.text, [edit]))

    def _move(self, number: int, step: int) -> int:
        """Past its neighbour in the list that is shown; gives the number that it has then."""
        shown = self.form.filters if self.draft.tab == "filter" else _with_others(self.form)
        numbers = [rule.number for rule in shown]
        place = numbers.index(number) + step if number in numbers else -1
        if 0 <= place < len(numbers):
            self._apply(drafts.MoveRule(number, numbers[place]))
            return numbers[place]
        return number


def _with_others(form: application.drafts.Form) -> list[application.drafts.Rule]:
    return [rule for rule in form.rules if rule.kind in ("define", "other")]


def _entry(form: application.drafts.Form, table: int, entry: int) -> application.drafts.Path:
    """Raises `UsageError`."""
    if table < len(form.tables) and entry < len(form.tables[table].entries):
        return (*form.tables[table].path, form.tables[table].entries[entry][0])
    raise UsageError("there is no such entry", hint="load the page anew")
