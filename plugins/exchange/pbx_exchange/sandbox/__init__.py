"""A small Exchange server to try the product on, and to test it against: real SOAP over HTTP, on loopback.

`python -m pbx_exchange.sandbox` runs it by itself; in Python, `with Sandbox.start() as sandbox:`. See docs/sandbox.md.
Needs the extra `sandbox` of pbx-connector-exchange.
"""

from __future__ import annotations

try:
    from pbx_exchange.sandbox.demo import Size
    from pbx_exchange.sandbox.entities import DirectoryAddress, Folder, Item, Mailbox, Right
    from pbx_exchange.sandbox.faults import Fault
    from pbx_exchange.sandbox.server import Sandbox, SandboxAccount
    from pbx_exchange.sandbox.server_state import ServerState
except ModuleNotFoundError as missing:
    hint = "pip install 'pbx-connector-exchange[sandbox]'"
    raise ImportError(f"the sandbox needs {missing.name}, which comes with its extra: {hint}") from missing

__all__ = [
    "DirectoryAddress",
    "Fault",
    "Folder",
    "Item",
    "Mailbox",
    "Right",
    "Sandbox",
    "SandboxAccount",
    "ServerState",
    "Size",
]
