"""How fast the rule language is, as ratios measured in one run.

    python benchmarks/rules.py [map] [phone] [load]

`map` maps rows by compiled rules, by hand-written Python of the same meaning, by Jinja2, by jsonata-python, and by the
closures that are the compiler's oracle. `phone` shows what phone numbers cost, `load` what loading a profile costs.
`benchmarks/README.md` keeps the latest figures. Needs the dependency group `bench`.
"""

from __future__ import annotations

import gc
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import jinja2
import jsonata
from pbx_rules import Program, Result, SourceField, SourceFields, TargetField, TargetTable, compile_profile, document
from pbx_rules.backends import interpreter
from pbx_rules.program import Finding, OutputRecord

ROWS = 100_000
ROUNDS = 5
SAMPLE = 2_000
"""Rows for the slow ones; their time is scaled up."""

USED = (
    *("DisplayName", "GivenName", "Surname", "CompanyName", "Phone", "MainPhone", "Mobile", "HomePhone", "Fax"),
    *("Email1", "Email2", "Kind", "Office", "Department"),
)
FIELDS = (*USED, *(f"Other{number}" for number in range(40 - len(USED))))
TARGETS = ("first", "last", "company", "phone", "mobile", "home", "fax", "mail", "notes")
LABEL = TargetTable("label", (TargetField("label", blank="drop"), TargetField("value", blank="drop")))
BOOK = TargetTable("book", (TargetField("name", "name", 80, "reject"), *map(TargetField, TARGETS)), (LABEL,))
SOURCE = SourceFields(tuple(map(SourceField, FIELDS)))
PROFILE = """
rules: |
  Name  = [DisplayName] else join(", ", [Surname], [GivenName])
  Tel   = [Phone] else [MainPhone]
  Mail  = [Email1] else [Email2]
  Notes = if([Kind] is "vip", "VIP", [Office])
structure:
  book:
    - name: "{{Name}}"
      first: "{{GivenName}}"
      last: "{{Surname}}"
      company: "{{CompanyName}}"
      phone: "{{Tel}}"
      mobile: "{{Mobile}}"
      home: "{{HomePhone}}"
      fax: "{{Fax}}"
      mail: "{{Mail}}"
      notes: "{{Notes}}"
      post: {label: [{label: Department, value: "{{Department}}"}]}
"""


def program(text: str, region: str = "") -> Program:
    root = document.load(text, "profile").root
    assert isinstance(root, document.Mapping)
    rules, structure, where = root.get("rules"), root.get("structure"), document.load(region, "region").root
    assert isinstance(rules, document.Scalar)
    assert structure is not None
    assert where is None or isinstance(where, document.Scalar)
    compiled = compile_profile(
        file="profile", rules=rules, structure=structure, target=(BOOK,), source=SOURCE, region=where
    )
    assert compiled.program is not None, compiled.diagnostics
    return compiled.program


def rows(count: int, seed: int = 1) -> list[dict[str, str]]:
    """Contacts of which every field is missing now and then."""
    chance = random.Random(seed)
    return [
        {name: f"{name[:4]} {chance.randrange(10_000)} é" for name in FIELDS if chance.random() < 0.7}
        | {"Kind": chance.choice(["vip", "VIP", "x"])}
        for _ in range(count)
    ]


# --- the same by hand ---------------------------------------------------------------------------------------------


def inked(value: Any) -> str | None:
    """A text that is more than white space, without what no text may hold; None for anything else."""
    if value is None:
        return None
    if value.__class__ is str and 0 < len(value) <= 1_000_000 and value.isprintable():
        return None if value.isspace() else value
    return cleaned(value)


def cleaned(value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    if len(value) > 1_000_000:
        raise ValueError("too long")
    text = "".join(sign for sign in value if sign != "\0" and not "\ud800" <= sign <= "\udfff")
    return text if text and not text.isspace() else None


def by_hand(row: Mapping[str, Any]) -> Result:
    """What a careful programmer would write for PROFILE."""
    get = row.get
    first, last = inked(get("GivenName")), inked(get("Surname"))
    name = inked(get("DisplayName"))
    if name is None:
        name = ", ".join([part for part in (last, first) if part]) or None
    phone = inked(get("Phone")) or inked(get("MainPhone"))
    mail = inked(get("Email1")) or inked(get("Email2"))
    kind = inked(get("Kind"))
    notes = "VIP" if kind is not None and kind.casefold() == "vip" else inked(get("Office"))
    if name is None:
        return Result((), None, (Finding("R0802", "error", "name is required and blank", "name"),))
    findings: tuple[Finding, ...] = ()
    if len(name) > 80:
        name = name[:80].rstrip()
        findings = (Finding("R0801", "warning", "cut to 80 characters", "name"),)
    others = (
        *(first, last, inked(get("CompanyName")), phone, inked(get("Mobile")), inked(get("HomePhone"))),
        *(inked(get("Fax")), mail, notes),
    )
    record = {"name": name} | {
        target: value for target, value in zip(TARGETS, others, strict=True) if value is not None
    }
    department = inked(get("Department"))
    labels: tuple[OutputRecord, ...] = ()
    if department is not None:
        labels = (OutputRecord("label", "0", {"label": "Department", "value": department}, ()),)
    return Result((OutputRecord("book", "0", record, labels),), None, findings)


def by_hand_unrolled(row: Mapping[str, Any]) -> Result:
    """The same without a loop over the targets and without a function for reading: as fast as one would write it."""
    get = row.get
    first = get("GivenName")
    if first is not None and (
        first.__class__ is not str or len(first) > 1_000_000 or not first.isprintable() or not first.strip()
    ):
        first = cleaned(first)
    last = get("Surname")
    if last is not None and (
        last.__class__ is not str or len(last) > 1_000_000 or not last.isprintable() or not last.strip()
    ):
        last = cleaned(last)
    name = get("DisplayName")
    if name is not None and (
        name.__class__ is not str or len(name) > 1_000_000 or not name.isprintable() or not name.strip()
    ):
        name = cleaned(name)
    if name is None:
        name = ", ".join([part for part in (last, first) if part]) or None
    phone = get("Phone")
    if phone is not None and (
        phone.__class__ is not str or len(phone) > 1_000_000 or not phone.isprintable() or not phone.strip()
    ):
        phone = cleaned(phone)
    if phone is None:
        phone = get("MainPhone")
        if phone is not None and (
            phone.__class__ is not str or len(phone) > 1_000_000 or not phone.isprintable() or not phone.strip()
        ):
            phone = cleaned(phone)
    mail = get("Email1")
    if mail is not None and (
        mail.__class__ is not str or len(mail) > 1_000_000 or not mail.isprintable() or not mail.strip()
    ):
        mail = cleaned(mail)
    if mail is None:
        mail = get("Email2")
        if mail is not None and (
            mail.__class__ is not str or len(mail) > 1_000_000 or not mail.isprintable() or not mail.strip()
        ):
            mail = cleaned(mail)
    notes = get("Kind")
    if notes is not None and (
        notes.__class__ is not str or len(notes) > 1_000_000 or not notes.isprintable() or not notes.strip()
    ):
        notes = cleaned(notes)
    if notes is not None and notes.casefold() == "vip":
        notes = "VIP"
    else:
        notes = get("Office")
        if notes is not None and (
            notes.__class__ is not str or len(notes) > 1_000_000 or not notes.isprintable() or not notes.strip()
        ):
            notes = cleaned(notes)
    company = get("CompanyName")
    if company is not None and (
        company.__class__ is not str or len(company) > 1_000_000 or not company.isprintable() or not company.strip()
    ):
        company = cleaned(company)
    mobile = get("Mobile")
    if mobile is not None and (
        mobile.__class__ is not str or len(mobile) > 1_000_000 or not mobile.isprintable() or not mobile.strip()
    ):
        mobile = cleaned(mobile)
    home = get("HomePhone")
    if home is not None and (
        home.__class__ is not str or len(home) > 1_000_000 or not home.isprintable() or not home.strip()
    ):
        home = cleaned(home)
    fax = get("Fax")
    if fax is not None and (
        fax.__class__ is not str or len(fax) > 1_000_000 or not fax.isprintable() or not fax.strip()
    ):
        fax = cleaned(fax)
    department = get("Department")
    if department is not None and (
        department.__class__ is not str
        or len(department) > 1_000_000
        or not department.isprintable()
        or not department.strip()
    ):
        department = cleaned(department)
    if name is None:
        return Result((), None, (Finding("R0802", "error", "name is required and blank", "name"),))
    findings: tuple[Finding, ...] = ()
    if len(name) > 80:
        name = name[:80].rstrip()
        findings = (Finding("R0801", "warning", "cut to 80 characters", "name"),)
    record = {"name": name}
    if first is not None:
        record["first"] = first
    if last is not None:
        record["last"] = last
    if company is not None:
        record["company"] = company
    if phone is not None:
        record["phone"] = phone
    if mobile is not None:
        record["mobile"] = mobile
    if home is not None:
        record["home"] = home
    if fax is not None:
        record["fax"] = fax
    if mail is not None:
        record["mail"] = mail
    if notes is not None:
        record["notes"] = notes
    labels: tuple[OutputRecord, ...] = ()
    if department is not None:
        labels = (OutputRecord("label", "0", {"label": "Department", "value": department}, ()),)
    return Result((OutputRecord("book", "0", record, labels),), None, findings)


# --- the same in other languages ----------------------------------------------------------------------------------

TEMPLATES = {
    "name": "{{ row.DisplayName or [row.Surname, row.GivenName] | select | join(', ') }}",
    "first": "{{ row.GivenName }}",
    "last": "{{ row.Surname }}",
    "company": "{{ row.CompanyName }}",
    "phone": "{{ row.Phone or row.MainPhone }}",
    "mobile": "{{ row.Mobile }}",
    "home": "{{ row.HomePhone }}",
    "fax": "{{ row.Fax }}",
    "mail": "{{ row.Email1 or row.Email2 }}",
    "notes": "{{ 'VIP' if row.Kind | lower == 'vip' else row.Office }}",
    "department": "{{ row.Department }}",
}
JSONATA = """{
  "name": $substring(DisplayName ? DisplayName : $join([Surname, GivenName], ", "), 0, 80),
  "first": GivenName, "last": Surname, "company": CompanyName, "phone": Phone ? Phone : MainPhone,
  "mobile": Mobile, "home": HomePhone, "fax": Fax, "mail": Email1 ? Email1 : Email2,
  "notes": $lowercase(Kind) = "vip" ? "VIP" : Office,
  "label": Department ? {"label": "Department", "value": Department}
}"""


def by_jinja() -> Callable[[Mapping[str, Any]], Any]:
    environment = jinja2.Environment(undefined=jinja2.ChainableUndefined)
    templates = {name: environment.from_string(text) for name, text in TEMPLATES.items()}

    def run(row: Mapping[str, Any]) -> dict[str, str]:
        made = {name: template.render(row=row) for name, template in templates.items()}
        return {name: text for name, text in made.items() if text.strip()}

    return run


def by_jsonata() -> Callable[[Mapping[str, Any]], Any]:
    evaluate: Callable[[Mapping[str, Any]], Any] = jsonata.Jsonata(JSONATA).evaluate
    return evaluate


# --- measuring ----------------------------------------------------------------------------------------------------


def seconds(run: Callable[[Any], Any], given: Iterable[Any]) -> float:
    """Of this process's CPU time, which a busy machine disturbs less than the clock."""
    gc.collect()
    started = time.process_time()
    for row in given:
        run(row)
    return time.process_time() - started


def measure_map() -> None:
    given = rows(ROWS)
    compiled = program(PROFILE)
    oracle = interpreter.build(compiled.rules)
    for row in given[:SAMPLE]:
        assert compiled.run(row) == oracle(row)
        assert shape(compiled.run(row)) == shape(by_hand(row)) == shape(by_hand_unrolled(row))
    contenders: dict[str, tuple[Callable[[Any], Any], list[dict[str, str]]]] = {
        "hand-written Python": (by_hand, given),
        "hand-written, unrolled": (by_hand_unrolled, given),
        "compiled rules": (compiled.run, given),
        "closures (the oracle)": (oracle, given[: ROWS // 10]),
        "Jinja2": (by_jinja(), given[:SAMPLE]),
        "jsonata-python": (by_jsonata(), given[:SAMPLE]),
    }
    found: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(ROUNDS):
        for name, (run, some) in contenders.items():
            found[name].append(seconds(run, some) / len(some))
    medians = {name: statistics.median(times) for name, times in found.items()}
    print(f"{'mapping a row of 40 fields':<28}{'µs a row':>10}{'to by hand':>12}{'to unrolled':>13}")
    for name, median in medians.items():
        ratios = (median / medians[other] for other in ("hand-written Python", "hand-written, unrolled"))
        print(f"{name:<28}{median * 1e6:>10.2f}{next(ratios):>12.2f}{next(ratios):>13.2f}")


def shape(result: Result) -> Any:
    """What hand-written code must get right too: messages and hints are its own business."""
    return result.records, [finding.code for finding in result.findings]


PHONES = """
rules: |
  A = phone([Phone])
  B = phone([Mobile])
structure: {book: [{name: x, phone: "{{A}}", mobile: "{{B}}"}]}
"""


def measure_phone() -> None:
    print(f"{'phone() on two fields':<28}{'rows':>10}{'distinct':>12}{'seconds':>10}")
    serial = 0
    for count, distinct in ((10_000, 1_000), (100_000, 1_000), (100_000, 10_000)):
        compiled, chance = program(PHONES, "DE"), random.Random(distinct)
        numbers = [f"089 {10_000_000 + serial + number}" for number in range(distinct)]
        serial += distinct
        given = [{"Phone": chance.choice(numbers), "Mobile": chance.choice(numbers)} for _ in range(count)]
        print(f"{'':<28}{count:>10}{distinct:>12}{seconds(compiled.run, given):>10.2f}")


LOADING = """
import time, sys, pathlib
sys.path.insert(0, {folder!r})
import rules
text = rules.many({count})
started = time.process_time()
rules.program(text)
print(time.process_time() - started)
"""


SHIPPED = """
import time, sys, pathlib
from pbx_connector.plugins import Plugins
from pbx_connector.profile import load_profile
plugins = Plugins()
started = time.process_time()
load_profile(pathlib.Path({path!r}), plugins)
print(time.process_time() - started)
"""


def many(count: int) -> str:
    """PROFILE with that many more rules; 0 for itself."""
    more = "".join(f'  V{n} = left([Surname] else "none", {n % 70 + 1}) & " " & [GivenName]\n' for n in range(count))
    used = "".join(f"{{{{V{n}}}}}" for n in range(count))
    return PROFILE.replace("structure:", more + "structure:").replace("{{Notes}}", "{{Notes}}" + used)


def measure_load() -> None:
    """In fresh processes, after import: reading, checking and compiling a profile, the grammar's tables included."""
    print(f"{'loading a profile':<28}{'rules':>10}{'CPU seconds':>12}")
    folder = Path(__file__).parent
    for path in sorted(folder.parent.joinpath("profiles").glob("*.yaml")):
        print(f"{path.stem:<38}{first_time(SHIPPED.format(path=str(path))):>12.3f}")
    for count in (0, 250, 500, 1_000, 2_000):
        script = LOADING.format(folder=str(folder), count=count)
        print(f"{'':<28}{count + 4:>10}{first_time(script):>12.3f}")


def first_time(script: str) -> float:
    """The median of what some fresh processes print."""
    runs = (
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True) for _ in range(5)
    )
    return statistics.median(float(run.stdout) for run in runs)


PARTS = {"map": measure_map, "phone": measure_phone, "load": measure_load}

if __name__ == "__main__":
    for part in sys.argv[1:] or PARTS:
        PARTS[part]()
