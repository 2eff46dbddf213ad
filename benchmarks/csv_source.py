"""What the CSV source costs beside `csv.DictReader`, and that its memory does not grow with the list.

    python benchmarks/csv_source.py speed [LINES] [ROUNDS]
    python benchmarks/csv_source.py memory [LINES ...]

`speed` maps each row by the compiled rules of the template `csv-contacts`, once from the source and once from
`csv.DictReader`, in turn; the records of both are compared before. Seconds of CPU. `memory` reads lists of several
lengths, each in a process of its own, and says the most memory that it had.
"""

from __future__ import annotations

import csv
import gc
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from pbx_connector.model import Book, Mapped, Row
from pbx_connector.plugins import Plugins
from pbx_connector.profile import Profile, load_profile
from pbx_connector.source import SourceContext

COLUMNS = (
    *("number", "displayname", "givenname", "surname", "organisation", "phone", "mobile", "homephone", "fax"),
    *("email", "notes"),
)
BOOK = Book("list", "people.csv", "list")


def write(path: Path, lines: int) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(COLUMNS)
        for number in range(lines):
            phones = (f"+49 89 {number:07}", f"+49 170 {number:07}", "", "")
            name = (f"Müller, Person {number}", f"Person {number}", "Müller", f"Firma {number % 500}")
            writer.writerow([number, *name, *phones, f"person.{number}@example.com", ""])


def profile_of(path: Path) -> Profile:
    """The template's, with a key."""
    plugins = Plugins()
    text = plugins.templates["csv-contacts"][1].text
    for name, answer in {"name": "Benchmark", "path": str(path), "url": "", "key": "number"}.items():
        text = text.replace(f"${{{name}}}", answer)
    profile = path.with_suffix(".yaml")
    profile.write_text(text, encoding="utf-8")
    return load_profile(profile, plugins)


def from_source(profile: Profile) -> Iterator[Row]:
    with profile.source.open(profile.settings, SourceContext((), profile.fields)) as source:
        yield from (item for item in source.changes(BOOK, None, ()) if isinstance(item, Row))


def from_dict_reader(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        for values in csv.DictReader(file, delimiter=";"):
            yield Row(values["number"], "1", values)


def mapped(profile: Profile, rows: Iterator[Row]) -> Iterator[Mapped]:
    return (profile.map(row, BOOK) for row in rows)


def seconds(work: Callable[[], Iterator[object]]) -> float:
    gc.collect()
    begun = time.process_time()
    for _ in work():
        pass
    return time.process_time() - begun


def speed(lines: int, rounds: int) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "people.csv"
        write(path, 2_000)
        profile = profile_of(path)
        assert list(mapped(profile, from_source(profile))) == list(mapped(profile, from_dict_reader(path)))
        write(path, lines)
        ways: dict[str, Callable[[], Iterator[object]]] = {
            "csv.DictReader alone": lambda: from_dict_reader(path),
            "csv.DictReader and rules": lambda: mapped(profile, from_dict_reader(path)),
            "the source alone": lambda: from_source(profile),
            "the source and rules": lambda: mapped(profile, from_source(profile)),
        }
        times: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, work in ways.items():
                times[name].append(seconds(work))
    whole = statistics.median(times["csv.DictReader and rules"])
    for name, taken in times.items():
        median = statistics.median(taken)
        print(f"{name:26} {median:7.2f} s  {lines / median:9,.0f} lines/s  {whole / median:5.2f} of DictReader's speed")


def memory(lengths: list[int]) -> None:
    for lines in lengths:
        done = subprocess.run(
            [sys.executable, __file__, "peak", str(lines)], capture_output=True, text=True, check=True
        )
        print(f"{lines:11,} lines {done.stdout.strip()}")


def peak(lines: int) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "people.csv"
        write(path, lines)
        profile = profile_of(path)
        count = sum(1 for _ in from_source(profile))
        assert count == lines
        size = path.stat().st_size
    print(f"{size / 1e6:8.0f} MB of CSV {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:7.0f} MiB at most")


def main(what: str, *numbers: str) -> None:
    given = [int(number.replace("_", "")) for number in numbers]
    if what == "speed":
        speed(*(given + [1_000_000, 3][len(given) :]))
    elif what == "memory":
        memory(given or [10_000, 1_000_000, 5_000_000])
    else:
        peak(given[0])


if __name__ == "__main__":
    main(*(sys.argv[1:] or ["speed"]))
