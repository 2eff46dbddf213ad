"""The reference docs/api.md is what the code of `pbx_connector.api` says: each name, its signature, what it means.

    python tests/repo/test_api_page.py     writes the page anew

It is read from the source, not from objects, so that it is the same under each version of Python.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/api.md"
API = "pbx_connector.api"
HEAD = """\
# What a plugin may use

Every name of `pbx_connector.api`: its signature, what it means, in which units, and what it raises. Anything else of
the core may change without notice; what is here changes only with a line in the changelog.
[Write a source](write-a-source.md) and [Writing a plugin](plugin-authors.md) show how they are used. This page is
written by `python tests/repo/test_api_page.py`, of what stands in the code.
"""
OUTSIDE = ("ABC", "BaseModel", "Protocol", "StrEnum", "ThreadPoolExecutor")
"""Bases that come with Python or a library."""
GROUPS = {
    "A source": "importing SourceType Source SourceContext Template Question Check Migration hookimpl",
    "Address books and what they yield": (
        "Book BookGone BookUnknown Row Unchanged Gone Skipped Unreadable End StreamItem Problem Account KnownRows Value"
    ),
    "Fields": ("Field FieldSet CONTACT_FIELDS CONTACT_KNOWN_BY ADDRESS_KINDS ADDRESS_PARTS address_line calendar_day"),
    "Settings": (
        "SettingsModel Secret ProfilePath WebAddress EmailAddress OptionalText OutsideRows blank_is_none switch "
        "ListenAddress Networks LISTED TextList split_address is_loopback Duration at_least "
        "FolderSettings PatternUse"
    ),
    "Failures": (
        "ConnectorError SourceError AuthenticationFailed SourceUnavailable ProtocolViolation UsageError MachineError "
        "StoreError PlanRefused ProfileBusy ProfileError ProfileHeld RunCancelled ErrorText ErrorMapping Explanation "
        "machine_error"
    ),
    "Servers and files that may be hostile": (
        "is_protected ber RefusalLimit RetryDelays retry_after ListLimit EndlessList Allowance whole_number quoted "
        "Transport TransportOptions UnusableAuthorities is_proxy_refusal NetworkTexts NETWORK_EXCEPTIONS innermost "
        "DEADLINE_POOLS Pool set_up_logs shortened shown open_regular read_certificates UnreadableFile Throttle "
        "network_of"
    ),
    "Functions for rules": ("Function Parameter Example Cost Type TEXT NUMBER BOOLEAN DATE LIST ANY Diagnostic"),
    "Configuration, exports, commands, servers": (
        "PluginConfig Config MailConfig WebhookConfig PluginContext PhoneBook Exporter ExportOptions "
        "DeviceAccess DeviceOption Command Server "
        "Listener Tls bound_socket bound_address host_of until_stopped"
    ),
    "How runs end": (
        "Report RunStatus BookReport BookStatus Counts Notice NoticeKind Attempt Undelivered Progress counted"
    ),
    "The phone book": (
        "Store ALL AccountScope Entry Content Label Match Origin Target TARGETS AccountImport Record Mapped"
    ),
    "Finding entries": (
        "Condition Every Some Not Equal Substrings AtLeast AtMost Present Says Labelled Identified Key Order Position "
        "position numbers_in fold Device DeviceReader Sighting"
    ),
    "Users of the pages, and what they did": "User Role WebSession AuditRecord AuditFilter",
    "Plans and history": (
        "Action Change FieldChange RowPlace PlanSummary KeptPlan Simulation Outcome StagedRow RunKind RunRecord "
        "ProfileState Undone Left"
    ),
    "Many phone systems": (
        "Tenant TenantState PublishedVersion NewVersion PublishedProfile FileSet FileChanges CheckedFile ScheduleRow "
        "ProfileRunState TenantFilter TenantList TenantLine Member FleetEngine "
        "QueuedRun RunStage "
        "SecretRow PhoneBookMigration MigrationState ControlConfig"
    ),
    "Profiles and the application layer": "application Profile LoadedProfile Checked FINDING_KINDS Schedule",
}


@cache
def parsed(module: str) -> ast.Module:
    base = ROOT / ("grammar" if module.split(".")[0] == "pbx_rules" else ".") / Path(*module.split("."))
    path = base / "__init__.py" if base.is_dir() else base.with_suffix(".py")
    return ast.parse(path.read_text(encoding="utf-8"))


def statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Those under `if TYPE_CHECKING:` as well."""
    for statement in body:
        yield statement
        if isinstance(statement, ast.If):
            yield from statement.body


def found(name: str, module: str = API) -> tuple[ast.stmt, str, str]:
    """What defines a name, what is said below it, and its module; an import is followed to where it leads."""
    body = list(statements(parsed(module).body))
    for place, node in enumerate(body):
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name:
            return node, ast.get_docstring(node) or "", module
        if name in assigned(node):
            return node, text_below(body, place), module
    for node in body:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return followed(alias.name, node.module or "")
    raise AssertionError(f"{module} does not say where {name} is from")


def followed(name: str, module: str) -> tuple[ast.stmt, str, str]:
    """A name that is imported from a module, or is itself one."""
    inner = ROOT / Path(*module.split(".")) / name
    if inner.is_dir() or inner.with_suffix(".py").is_file():
        whole = parsed(f"{module}.{name}")
        return whole.body[0], ast.get_docstring(whole) or "", f"{module}.{name}"
    return found(name, module)


def assigned(node: ast.stmt) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    whole = [part for target in targets for part in (target.elts if isinstance(target, ast.Tuple) else [target])]
    return [target.id for target in whole if isinstance(target, ast.Name)]


def text_below(body: list[ast.stmt], place: int) -> str:
    below = body[place + 1] if place + 1 < len(body) else None
    if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) and isinstance(below.value.value, str):
        return inspect.cleandoc(below.value.value)
    return ""


def entry(name: str) -> str:
    node, said, module = found(name)
    lines = [f"### {name}", ""]
    if isinstance(node, ast.ClassDef):
        kinds = [ast.unparse(base) for base in node.bases if ast.unparse(base) in public()]
        lines += [f"*class*{f' of the kind `{kinds[0]}`' if kinds else ''}", "", shown(said), ""]
        lines += [*members(node), *inherited(node, module), ""]
    elif isinstance(node, ast.FunctionDef):
        lines += [f"`{signature(node)}`", "", shown(said), ""]
    elif isinstance(node, ast.AnnAssign):
        lines += [f"`{name}: {ast.unparse(node.annotation)}`", "", shown(said), ""]
    elif isinstance(node, ast.Assign):
        value = ast.unparse(node.value)
        lines += [f"`{name} = {value}`" if len(value) < 80 else f"`{name}`", "", shown(said), ""]
    else:
        lines += [shown(said), ""]
    return "\n".join(lines)


def inherited(node: ast.ClassDef, module: str) -> Iterator[str]:
    """Of classes that the page does not have, such as the roles of a store."""
    for base in node.bases:
        if isinstance(base, ast.Name) and base.id not in (*public(), *dir(builtins), *OUTSIDE):
            parent, _, where = found(base.id, module)
            assert isinstance(parent, ast.ClassDef)
            yield from members(parent)
            yield from inherited(parent, where)


def members(node: ast.ClassDef) -> Iterator[str]:
    for place, one in enumerate(node.body):
        names = [name for name in assigned(one) if not name.startswith("_") and name != "model_config"]
        if names:
            kind = f": {ast.unparse(one.annotation)}" if isinstance(one, ast.AnnAssign) else ""
            yield bullet(f"{names[0]}{kind}{default(one)}", text_below(node.body, place) or described(one))
        elif isinstance(one, ast.FunctionDef) and (not one.name.startswith("_") or one.name == "__init__"):
            said = ast.get_docstring(one) or ""
            if one.name != "__init__" or said or len(one.args.args) + len(one.args.kwonlyargs) > 1:
                yield bullet(signature(one), said)


def default(node: ast.stmt) -> str:
    value = node.value if isinstance(node, ast.AnnAssign | ast.Assign) else None
    if isinstance(value, ast.Call) and ast.unparse(value.func) in ("field", "Field"):
        value = value.args[0] if value.args else next((k.value for k in value.keywords if k.arg == "default"), None)
    return f" = {ast.unparse(value)}" if value is not None and len(ast.unparse(value)) < 60 else ""


def described(node: ast.stmt) -> str:
    """What pydantic's `Field(description=...)` says."""
    value = node.value if isinstance(node, ast.AnnAssign) else None
    keywords = value.keywords if isinstance(value, ast.Call) else []
    return next((ast.literal_eval(one.value) for one in keywords if one.arg == "description"), "")


def signature(node: ast.FunctionDef) -> str:
    if any(ast.unparse(one) in ("property", "cached_property") for one in node.decorator_list):
        return f"{node.name}: {ast.unparse(node.returns) if node.returns else ''}"
    arguments = re.sub(r"^(self|cls)(, )?", "", ast.unparse(node.args))
    result = f" -> {ast.unparse(node.returns)}" if node.returns and node.name != "__init__" else ""
    return f"{node.name}({arguments}){result}"


def bullet(code: str, said: str) -> str:
    text = " ".join(shown(said).split())
    return f"* `{code}`: {text}" if text else f"* `{code}`"


def shown(said: str) -> str:
    return "\n".join(line.rstrip() for line in said.strip().splitlines())


def page() -> str:
    parts = [HEAD]
    for title, names in GROUPS.items():
        parts += [f"## {title}\n", *(entry(name) for name in names.split())]
    return "\n".join(parts).rstrip() + "\n"


def public() -> list[str]:
    [listed] = [node for node in parsed(API).body if assigned(node) == ["__all__"]]
    assert isinstance(listed, ast.Assign)
    names: list[str] = ast.literal_eval(listed.value)
    return names


def test_the_page_has_each_public_name_once() -> None:
    assert sorted(" ".join(GROUPS.values()).split()) == sorted(public())


def test_each_public_name_says_what_it_means() -> None:
    assert [name for name in public() if not found(name)[1]] == []


def skeleton(text: str) -> list[str]:
    """Names and signatures; the words come along whenever the page is written anew."""
    return re.findall(r"^(?:#+ .*|(?:\* )?`[^`\n]+`)", text, re.MULTILINE)


def test_the_page_has_the_signatures_that_the_code_has() -> None:
    told = "docs/api.md is not what the code says: python tests/repo/test_api_page.py writes it anew"
    assert skeleton(PAGE.read_text(encoding="utf-8")) == skeleton(page()), told


def test_a_signature_that_changes_changes_the_page() -> None:
    before = skeleton(entry("whole_number"))
    node, _, _ = found("whole_number")
    assert isinstance(node, ast.FunctionDef)
    node.args.args[0].arg = "words"
    try:
        assert skeleton(entry("whole_number")) != before
    finally:
        node.args.args[0].arg = "text"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
