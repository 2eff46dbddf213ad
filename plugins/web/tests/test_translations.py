"""Every text of the pages is in the German catalogue, and nothing else is."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from importlib.resources import files
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from jinja2 import Environment, nodes
from pbx_web.language import language
from pbx_web.provider.site import PLACES as PROVIDER_PLACES
from pbx_web.rendering import PLACES

from pbx_connector.api import FINDING_KINDS, application

PACKAGE = Path(str(files("pbx_web")))
METHODS = [("**.html", "jinja2"), ("**.py", "python")]
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "language": None, "speak": None, "count": (1, 2)}
OF_PLUGINS = {"Id and user", "Secret", "Phone book", "Callers", "LDAP bind", "LDAP base", "Format", "Dial form"}
OF_PLUGINS |= {"Region", "Outside line", "Id", "What it reads.", "How it dials."}
OF_PLUGINS |= {"The country it stands in, such as DE.", "What it dials before a number outside."}
"""What a plugin calls its options and addresses, and says of them: translated as it is shown."""
Message = str | tuple[str, ...]


def said() -> set[str]:
    """What templates and code ask for, by its first form."""
    found = {message[0] if isinstance(message, tuple) else message for message in _extracted()}
    places = {words for _, words, _ in (*PLACES, *PROVIDER_PLACES)}
    return {one for one in found if one} | places | OF_PLUGINS | {*FINDING_KINDS.values()}


def _extracted() -> Iterator[Message]:
    options = {"**.html": {"extensions": "jinja2.ext.i18n", "trimmed": "false"}}
    for _, _, message, _, _ in extract_from_dir(PACKAGE, METHODS, options, KEYWORDS):
        yield message


def catalog() -> dict[str, tuple[str, ...]]:
    read = read_po(BytesIO((PACKAGE / "translations" / "de.po").read_bytes()), locale="de")
    entries: dict[str, tuple[str, ...]] = {}
    for message in read:
        if message.id:
            key, text = message.id, message.string
            said = text if isinstance(text, tuple) else (text,)
            entries[key if isinstance(key, str) else key[0]] = tuple(str(each or "") for each in said)
    return entries


def test_whatever_the_audit_says_was_done_has_words() -> None:
    template = (PACKAGE / "templates" / "codes.html").read_text(encoding="utf-8")
    actions = [str(action) for action in application.audit.AuditAction]
    assert [one for one in actions if f'action == "{one}" %}}{{{{ _("{one}") }}}}' not in template] == []


def test_nothing_is_untranslated() -> None:
    known = catalog()
    assert sorted(text for text in said() if not all(known.get(text, ("",)))) == []


def test_nothing_is_translated_that_nobody_says() -> None:
    assert sorted(catalog().keys() - said() - _constants()) == []


def _constants() -> set[str]:
    """Texts in code, some of which are translated where they are shown."""
    trees = [ast.parse(file.read_text("utf-8")) for file in PACKAGE.rglob("*.py")]
    parts = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {node.value for node in parts if isinstance(node.value, str)}


def test_a_text_is_translated_once() -> None:
    lines = (PACKAGE / "translations" / "de.po").read_text("utf-8").splitlines()
    assert [
        line for line, many in Counter(line for line in lines if line.startswith("msgid ")).items() if many > 1
    ] == []


def test_a_translation_names_the_same_values() -> None:
    for text, translations in catalog().items():
        for translated in translations:
            assert set(_values(translated)) <= set(_values(text)) | {"number"}, text
            assert len(translations) > 1 or set(_values(translated)) == set(_values(text)), text


def _values(text: str) -> list[str]:
    return [part.partition(")")[0] for part in text.split("%(")[1:]]


OWN_WORDS = {"pbx-connector", "yes", "autofocus"}
"""The product's name, and what an attribute says."""


@pytest.mark.parametrize("file", sorted(path.name for path in (PACKAGE / "templates").glob("*.html")))
def test_a_template_has_no_text_of_its_own(file: str) -> None:
    """Words that stand in markup without `_` would stay English; the product's name is none, nor is what stands in
    `code` or is put together for an attribute."""
    environment = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    tree = environment.parse((PACKAGE / "templates" / file).read_text("utf-8"))
    for block in tree.find_all(nodes.AssignBlock):
        block.body = []
    markup = "?".join(node.data for node in tree.find_all(nodes.TemplateData))
    text = re.sub(r"<code.*?</code>|&[a-z]+;|<[^>]*>|[\w-]+=\"[^\"]*\"", " ", markup, flags=re.DOTALL)
    assert [word for word in re.findall(r"[\w-]{2,}", text) if word not in OWN_WORDS] == []


def test_numbers_and_days_are_written_as_people_do() -> None:
    assert language("de").number(12345) == "12.345"
    assert language("en").number(12345) == "12,345"
