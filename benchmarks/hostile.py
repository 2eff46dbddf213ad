"""What hostile texts cost to check, each in a process of its own: `python benchmarks/hostile.py [NAME]...`

CPU seconds of reading and checking after the imports, and the peak memory of the whole process.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

HEAD = """\
title: x
source: exchange
settings: {email: a@example.com, password: {env: P}, url: "https://a.example.com/"}
"""
STRUCTURE = "structure: {phonebook: [{028pho_bez: '{{DisplayName}}'}]}\n"


def rules(text: str) -> str:
    return f"{HEAD}rules: |\n{''.join(f'  {line}{chr(10)}' for line in text.splitlines())}{STRUCTURE}"


def structure(text: str) -> str:
    return f"{HEAD}structure:\n  phonebook:\n{text}"


def labels(count: int) -> str:
    lines = "".join(
        f"          - {{050lab_bez: L{n}, 028050pholab_value: '{{{{Department}}}}'}}\n" for n in range(count)
    )
    post = f"      post:\n        phonebook.phonebooklabel:\n{lines}"
    return structure(f"    - 028pho_bez: '{{{{DisplayName}}}}'\n{post}")


TEXTS: dict[str, Callable[[], str]] = {
    "a literal of 1.9 MB": lambda: rules('A = "' + "x" * 1_900_000 + '"'),
    "a literal of 1.9 MB that never ends": lambda: rules('A = "' + "x" * 1_900_000),
    "5,000 lines of `!` (1 MB)": lambda: rules(("!" * 200 + "\n") * 5_000),
    "one line of 1,000,000 `§`": lambda: rules("§" * 1_000_000),
    "1,000,000 characters that may not stand in a file": lambda: rules("\x01" * 1_000_000),
    "4,900 lines with three typing slips each": lambda: rules(
        "".join(f"V{n} = uper([DisplayNam]) & trm([Surnam])\n" for n in range(4_900))
    ),
    "300,000 placeholders that name nothing": lambda: structure(f"    - 028pho_bez: '{'{{a}}' * 300_000}'\n"),
    "160,000 placeholders that name a field": lambda: structure(f"    - 028pho_bez: '{'{{Surname}}' * 160_000}'\n"),
    "a folded text with 1.9 million empty lines": lambda: f"{HEAD}rules: >\n{chr(10) * 1_900_000}  A = 1\n{STRUCTURE}",
    "a literal text with 1.9 million empty lines": lambda: f"{HEAD}rules: |\n{chr(10) * 1_900_000}  A = 1\n{STRUCTURE}",
    "1.9 million empty lines": lambda: HEAD + "\n" * 1_900_000 + STRUCTURE,
    "a quoted text with 1.9 million empty lines": lambda: structure(f'    - 028pho_bez: "a{chr(10) * 1_900_000}  b"\n'),
    "a list of 900,000 texts": lambda: f"{HEAD}tables: {{t: [{'a,' * 900_000}]}}\n{STRUCTURE}",
    "450,000 empty lists": lambda: f"{HEAD}tables: {{t: [{'[],' * 450_000}]}}\n{STRUCTURE}",
    "1.9 MB of comments": lambda: HEAD + "# x\n" * 475_000 + STRUCTURE,
    "190,000 keys that nobody knows": lambda: HEAD + "".join(f"k{n}: x\n" for n in range(190_000)),
    "24,000 keys that nobody knows": lambda: HEAD + "".join(f"k{n}: x\n" for n in range(24_000)) + STRUCTURE,
    "8,000 records with `when:`": lambda: structure(
        "".join(
            f"    - 028pho_bez: '{{{{DisplayName}}}} {n}'\n      when: '[Surname] is \"{n}\"'\n" for n in range(8_000)
        )
    ),
    "a table of 20,000 rows": lambda: (
        f"{HEAD}tables:\n  t:\n{''.join(f'    k{n}: v{n}{chr(10)}' for n in range(20_000))}"
        f"rules: |\n  A = lookup(t, [Surname])\nstructure: {{phonebook: [{{028pho_bez: '{{{{A}}}}'}}]}}\n"
    ),
    "3,000 labels": lambda: labels(3_000),
    "3,000 records of two fields": lambda: structure(
        "".join(
            f"    - 028pho_bez: '{{{{DisplayName}}}} {n}'\n      028pho_phone: '{{{{PhoneNumbers_BusinessPhone}}}}'\n"
            for n in range(3_000)
        )
    ),
}


def measure(name: str) -> None:
    from pbx_connector.plugins import Plugins
    from pbx_connector.profile.loading import check_text

    plugins = Plugins()
    plugins.source("exchange")
    text = TEXTS[name]()
    started = time.process_time()
    checked = check_text(text, Path("x.yaml"), plugins)
    took, size = time.process_time() - started, len(text.encode())
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    print(
        f"{name:<52}{size / 1e6:>6.2f} MB{took:>7.2f} s{int(peak.split()[1]) / 1024:>6.0f} MiB"
        f"{len(checked.diagnostics):>6} findings"
    )


if __name__ == "__main__":
    if len(sys.argv) == 2:
        measure(sys.argv[1])
    else:
        for name in sys.argv[1:] or TEXTS:
            subprocess.run([sys.executable, __file__, name], check=True)
