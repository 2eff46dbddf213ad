"""Byte-exact edits of a YAML file: the text around what an edit is about stays as people typed it, comments and layout
as well as quotes and line ends.

ruamel.yaml (through `pbx_rules.document`) says where things stand; the text is spliced, never written anew, as even a
round trip through ruamel moves what people have lined up by hand. Each edit is read back: what has become anything but
what was asked for, in a file that is written in a way nobody foresaw, is refused, and nothing is changed then.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import cached_property
from typing import TypeAlias

from pbx_rules.document import Document, Mapping, Node, Scalar, load
from pbx_rules.document import Sequence as Items
from pbx_rules.document.nodes import Plain

from pbx_connector.documents.layout import Layout, NotEditable, Splice, spliced
from pbx_connector.documents.writing import as_block, as_flow, as_key, check_characters, quoted, written
from pbx_connector.errors import UsageError

Path: TypeAlias = tuple[str | int, ...]
"""Keys and, in lists, places from 0, as `("structure", "phonebook", 0, "028pho_phone")`."""

MARK = "\ufeff"


@dataclass(frozen=True)
class YamlText:
    """A file's text, whose edits give new ones. All of them raise `NotEditable`."""

    text: str
    _parsed: Document | None = field(default=None, repr=False, compare=False)

    @property
    def mark(self) -> str:
        """The byte-order mark, if there is one; no place counts it."""
        return MARK if self.text.startswith(MARK) else ""

    @property
    def body(self) -> str:
        return self.text[len(self.mark) :]

    @cached_property
    def document(self) -> Document:
        return self._parsed or load(self.body, "")

    @cached_property
    def layout(self) -> Layout:
        return Layout(self.body)

    @property
    def root(self) -> Mapping:
        """Of a broken file what can be read."""
        root = self.document.root or self.document.rest
        if not isinstance(root, Mapping):
            raise NotEditable("the file cannot be read as keys and values")
        return root

    def at(self, path: Path) -> Node | None:
        """What stands there; None for nothing. Raises `NotEditable` below a key whose part of the file is broken."""
        node: Node | None = self.root
        if path and path[0] in self.document.unread and self.root.get(str(path[0])) is None:
            raise NotEditable(f"{path[0]} cannot be read")
        for part in path:
            node = _child(node, part)
        return node

    def holds_text(self, path: Path, value: str) -> bool:
        """Whether that is what it says already; a key without a value is a blank text, as is none."""
        node = self.at(path)
        return node.text == value if isinstance(node, Scalar) else node is None and not value

    # --- texts, lists, mappings ----------------------------------------------------------------------------------

    def with_value(self, path: Path, value: Plain, *, after: Sequence[str] = ()) -> YamlText:
        """A key that is not there is added, with those above it, after the last of `after` that is there, or last."""
        node = self._once(path)
        if node is not None and node.plain() == value:
            return self
        check_characters(value)
        if node is None or _is_empty(node):
            added = self._added(path, value, after)
            return self._verified(_placed(self.root.plain(), path, value), added)
        if isinstance(node, Items) and isinstance(value, list) and value:
            return self._with_items(path, node, value)
        changed = self._verified(_placed(self.root.plain(), path, value), [self._replaced(path, node, value)])
        return changed.holding(path, value)

    def without(self, path: Path, *, keep: Sequence[str] = ()) -> YamlText:
        """Without that key or item, and without each above that has nothing left, but for keys of the top level that
        are to stay."""
        if self._once(path) is None:
            return self
        path = self._top_of(path, keep)
        parent, node = self.at(path[:-1]), self.at(path)
        assert node is not None  # noqa: S101 - it is on the path
        if isinstance(parent, Mapping) and len(parent.items) == 1 and len(path) > 1:
            splice = self._emptied(path[:-1], parent, "{}")
        elif isinstance(parent, Items) and isinstance(path[-1], int):
            [splice] = self._items_removed(path[:-1], parent, path[-1], path[-1] + 1)
        else:
            splice = self._key_removed(path, node)
        return self._verified(_taken(self.root.plain(), path), [splice])

    def with_item(self, path: Path, at: int, value: Plain) -> YamlText:
        """With one more item in the list that is there."""
        items = self._once(path)
        if not isinstance(items, Items):
            raise NotEditable(f"{shown(path)} is not written as a list")
        check_characters(value)
        expected = _placed(self.root.plain(), path, [*items.plain()[:at], value, *items.plain()[at:]])
        return self._verified(expected, [self._items_added(items, at, [value])])

    def with_key(self, path: Path, name: str) -> YamlText:
        """With another name for the last key of the path, in its place."""
        self._once(path)
        parent, key = self._key(path)
        if key.text == name:
            return self
        if parent.get(name) is not None:
            raise UsageError(f"{name} is there already", hint="take another name")
        check_characters(name)
        renamed = {name if old.text == key.text else old.text: value.plain() for old, value in parent.items}
        expected = _placed(self.root.plain(), path[:-1], renamed)
        return self._verified(expected, [Splice(key.start, key.end, as_key(name, key))])

    def with_block(self, name: str, yaml: str) -> YamlText:
        """With other lines below a key of the top level. Comments among the old ones go with them, those in its first
        column stay: they are about what follows."""
        _, key = self._key((name,))
        if not self.layout.begins_line(key.start):
            raise NotEditable("the keys of the profile do not begin their lines")
        depth = " " * self.layout.column(key.start)
        lines = [f"{depth}{name}:", *(f"{depth}  {line}" if line.strip() else "" for line in yaml.strip().splitlines())]
        end = self.layout.end_of_section(key.start, [other.start for other, _ in self.root.items])
        changed = self.spliced([Splice(key.start - len(depth), end, self.layout.newline.join(lines))], but=name)
        said = load(yaml, "").root
        return changed.holding((name,), said.plain()) if said is not None else changed

    def spliced(self, splices: Iterable[Splice], *, but: str) -> YamlText:
        """With any changes of the text that only the top-level key `but` may show."""
        changed = self._read_again(splices)
        before, after = self.root.plain(), changed.root.plain()
        if self._readable({**before, but: ""}) != self._readable({**after, but: ""}):
            raise NotEditable("this cannot be changed without touching something else in the file")
        return changed

    def top_level_lines(self, lines: Sequence[str], after: Sequence[str]) -> Splice:
        """Lines of a new key of the top level, below the last of `after` that is there."""
        if not self.root.items or self.layout.is_flow(self.root):
            raise NotEditable("the keys of the profile do not begin their lines")
        found = [item for item in self.root.items if item[0].text in after] or [self.root.items[-1]]
        key, value = max(found, key=lambda item: item[0].start)
        indent = " " * self.layout.column(key.start)
        return self.layout.lines_after(self.layout.end(value, key), [indent + line if line else "" for line in lines])

    def blank_value(self, name: str, value: str) -> Splice:
        """What has to be put behind a key that has nothing after its colon."""
        _, key = self._key((name,))
        colon = self.layout.after_colon(key)
        return Splice(colon, colon, f" {value}")

    def holding(self, path: Path, value: Plain) -> YamlText:
        """Itself, if that is what stands there."""
        node = self.at(path)
        if node is None or node.plain() != value:
            raise NotEditable(f"{shown(path)} would not be read as it was typed")
        return self

    # --- the splices ---------------------------------------------------------------------------------------------

    def _verified(self, expected: Plain, splices: Iterable[Splice]) -> YamlText:
        changed = self._read_again(splices)
        if self._readable(changed.root.plain()) != self._readable(expected):
            raise NotEditable("this cannot be changed without touching something else in the file")
        return changed

    def _readable(self, values: Plain) -> Plain:
        """Without what could not be read before an edit, and may be read after it."""
        lost = self.document.unread.keys()
        return (
            {name: value for name, value in values.items() if name not in lost} if isinstance(values, dict) else values
        )

    def _read_again(self, splices: Iterable[Splice]) -> YamlText:
        body = spliced(self.body, splices)
        document = load(body, "")
        if not document.unread.keys() <= self.document.unread.keys():
            raise NotEditable("the file could not be read any more")
        return YamlText(self.mark + body, document)

    def _once(self, path: Path) -> Node | None:
        """What stands there, if no key on the way stands there twice: nobody could tell which of them counts."""
        node: Node | None = self.root
        for length, part in enumerate(path, start=1):
            if isinstance(node, Mapping) and sum(key.text == part for key, _ in node.items) > 1:
                raise NotEditable(f"{shown(path[:length])} stands there twice")
            node = _child(node, part)
        return self.at(path)

    def _added(self, path: Path, value: Plain, after: Sequence[str]) -> list[Splice]:
        parent, node = self._deepest(path)
        key, *below = path[len(parent) :] or ("",)
        for name in reversed(below):
            value = {str(name): value}
        if len(parent) == len(path):
            return [self._filled(parent, value)]
        if isinstance(node, Mapping):
            return [self._key_added(parent, node, str(key), value, after)]
        if isinstance(node, Scalar) and _is_empty(node):
            return [self._filled(parent, {str(key): value})]
        raise NotEditable(f"{shown(parent)} is not written as keys of its own")

    def _deepest(self, path: Path) -> tuple[Path, Node]:
        for length in range(len(path), -1, -1):
            node = self.at(path[:length])
            if node is not None:
                if any(isinstance(part, int) for part in path[length:]):
                    break
                return path[:length], node
        raise NotEditable(f"there is no {shown(path)}")

    def _filled(self, path: Path, value: Plain) -> Splice:
        """A value for a key that has nothing after its colon."""
        parent, key = self._key(path)
        colon = self.layout.after_colon(key)
        if isinstance(value, str) or self.layout.is_flow(parent):
            gap = "" if self.body[colon : colon + 1] == " " else " "
            at = colon + 1 - len(gap)
            behind = " " if self.body.startswith("#", at) else ""
            return Splice(at, at, gap + as_flow(value, in_flow=self.layout.is_flow(parent)) + behind)
        if isinstance(value, list) or not value:
            return Splice(colon, colon, f" {as_flow(value)}")
        indent = " " * (self.layout.column(key.start) + 2)
        lines = [line for name, inner in value.items() for line in as_block(name, inner, indent)]
        return self.layout.lines_after(key.end, lines)

    def _key_added(self, path: Path, parent: Mapping, name: str, value: Plain, after: Sequence[str]) -> Splice:
        if self.layout.is_flow(parent):
            like = parent.items[-1][0] if parent.items else None
            as_json = like is not None and self.body.startswith('"', like.start)
            written_value = as_flow(value, in_flow=True, as_json=as_json)
            return self.layout.entry_added(parent, f"{as_key(name, like)}: {written_value}")
        if not parent.items:
            raise NotEditable(f"{shown(path)} has nothing that shows where its keys stand")
        found = [item for item in parent.items if item[0].text in after]
        before, sibling = max(found, key=lambda item: item[0].start) if found else parent.items[-1]
        indent = " " * self.layout.column(before.start)
        lines = list(as_block(name, value, indent))
        if isinstance(value, str):
            lines = [self.layout.lined_up(lines[0], before, sibling)]
        return self.layout.lines_after(self.layout.end(sibling, before), lines)

    def _replaced(self, path: Path, node: Node, value: Plain) -> Splice:
        parent = self.at(path[:-1])
        in_flow = parent is not None and self.layout.is_flow(parent)
        if isinstance(node, Scalar) and isinstance(value, str):
            if self.body[node.start : node.start + 1] in ("&", "*", "!"):
                raise NotEditable(f"{shown(path)} has an anchor, an alias or a tag")
            raw = written(value, node, in_flow=in_flow)
            return self.layout.scalar_replaced(node, quoted(value) if isinstance(parent, Items) and not raw else raw)
        start, end = self._whole(path, node)
        if self.layout.has_comment(start, end, node):
            raise NotEditable(f"a comment stands inside {shown(path)}")
        gap = " " if self.body[start - 1 : start] == ":" else ""
        return Splice(start, end, gap + as_flow(value, in_flow=in_flow))

    def _whole(self, path: Path, node: Node) -> tuple[int, int]:
        if isinstance(node, Scalar) or self.layout.is_flow(node):
            return self.layout.ends(node)
        _, key = self._key(path)
        return self.layout.after_colon(key), self.layout.end(node, key)

    def _key_removed(self, path: Path, node: Node) -> Splice:
        parent, key = self._key(path)
        if self.layout.is_flow(parent):
            place = [name for name, _ in parent.items].index(key)
            spots = [(name.start, self.layout.end(value, name)) for name, value in parent.items]
            return self.layout.entries_removed(spots, place, place + 1)
        if self.layout.begins_line(key.start):
            return self.layout.lines_removed(key.start, self.layout.end(node, key))
        following = [name for name, _ in parent.items if name.start > key.start]
        if not following or self.layout.has_comment(key.start, following[0].start, node):
            raise NotEditable(f"{shown(path)} cannot be taken out of its line")
        return Splice(key.start, following[0].start, "")

    def _top_of(self, path: Path, keep: Sequence[str]) -> Path:
        """The longest part of the path that can go: a key above that has nothing else goes as well."""
        while len(path) > 1 and not isinstance(path[-2], int) and not (len(path) == 2 and path[0] in keep):
            parent = self.at(path[:-1])
            if isinstance(parent, (Mapping, Items)) and len(parent.items) > 1:
                break
            path = path[:-1]
        return path

    def _emptied(self, path: Path, node: Node, brackets: str) -> Splice:
        start, end = self._whole(path, node)
        if self.layout.has_comment(start, end, node):
            raise NotEditable(f"a comment stands inside {shown(path)}")
        return Splice(start, end, brackets if self.layout.is_flow(node) else f" {brackets}")

    def _key(self, path: Path) -> tuple[Mapping, Scalar]:
        """The mapping that has the last key of the path, and that key."""
        parent = self.at(path[:-1]) if path else None
        keys = [key for key, _ in parent.items if key.text == path[-1]] if isinstance(parent, Mapping) else []
        if not isinstance(parent, Mapping) or not keys:
            raise NotEditable(f"{shown(path)} is not a key of its own")
        if len(keys) > 1:
            raise NotEditable(f"{shown(path)} stands there twice")
        return parent, keys[0]

    # --- lists ---------------------------------------------------------------------------------------------------

    def _with_items(self, path: Path, items: Items, values: list[Plain]) -> YamlText:
        """Items that stay keep their place and what stands beside them."""
        before, after = [repr(one) for one in items.plain()], [repr(one) for one in values]
        matcher = SequenceMatcher(None, before, after, autojunk=False)
        splices: list[Splice] = []
        for kind, first, last, start, end in matcher.get_opcodes():
            if kind != "equal":
                common = min(last - first, end - start)
                for number in range(common):
                    place = (*path, first + number)
                    splices.append(self._replaced(place, items.items[first + number], values[start + number]))
                if start + common < end:
                    splices.append(self._items_added(items, first + common, values[start + common : end]))
                if first + common < last:
                    splices += self._items_removed(path, items, first + common, last)
        return self._verified(_placed(self.root.plain(), path, values), splices)

    def _items_removed(self, path: Path, items: Items, first: int, last: int) -> Iterator[Splice]:
        if last - first == len(items.items):
            yield self._emptied(path, items, "[]")
        elif self.layout.is_flow(items):
            yield self.layout.entries_removed([self.layout.ends(item) for item in items.items], first, last)
        else:
            for item in items.items[first:last]:
                yield self.layout.lines_removed(self.layout.dash(item), self.layout.end(item, None))

    def _items_added(self, items: Items, at: int, values: Iterable[Plain]) -> Splice:
        if self.layout.is_flow(items):
            spots = [self.layout.ends(item) for item in items.items]
            return self.layout.entries_added(items, spots, at, ", ".join(as_flow(one, in_flow=True) for one in values))
        indent = " " * self.layout.column(self.layout.dash(items.items[0]))
        lines = [f"{indent}- {as_flow(value)}" for value in values]
        if at == 0:
            return self.layout.lines_before(self.layout.dash(items.items[0]), lines)
        return self.layout.lines_after(self.layout.end(items.items[at - 1], None), lines)


def shown(path: Path) -> str:
    """A path for people: `structure.phonebook.1.028pho_phone`, places in lists from 1."""
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in path) or "the file"


def _child(node: Node | None, part: str | int) -> Node | None:
    if isinstance(node, Mapping) and isinstance(part, str):
        return node.get(part)
    if isinstance(node, Items) and isinstance(part, int):
        return node.items[part] if 0 <= part < len(node.items) else None
    return None


def _is_empty(node: Node) -> bool:
    return isinstance(node, Scalar) and node.style == "plain" and not node.text


def _placed(values: Plain, path: Path, value: Plain) -> Plain:
    """The values of a file with another one in a place."""
    if not path:
        return value
    whole = copy.deepcopy(values)
    inner: Plain = whole
    for part in path[:-1]:
        if isinstance(inner, dict) and isinstance(part, str) and not isinstance(inner.get(part), (dict, list)):
            inner[part] = {}
        inner = inner[part]  # type: ignore[index]  # as the path says
    inner[path[-1]] = value  # type: ignore[index]  # as the path says
    return whole


def _taken(values: Plain, path: Path) -> Plain:
    whole = copy.deepcopy(values)
    inner: Plain = whole
    for part in path[:-1]:
        inner = inner[part]  # type: ignore[index]  # as the path says
    del inner[path[-1]]  # type: ignore[arg-type,union-attr]  # as the path says
    return whole
