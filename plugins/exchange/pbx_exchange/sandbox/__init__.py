"""A small Exchange server to try the product on, and to test it against: real SOAP over HTTP, on loopback.

`python -m pbx_exchange.sandbox` runs it by itself; in Python, `with Sandbox.start() as sandbox:`. See docs/sandbox.md.
Needs the extra `sandbox` of pbx-connector-exchange.
"""

from __future__ import annotations

try:
    from pbx_connector.testing.office.demo import SandboxAccount, Size
    from pbx_connector.testing.office.entities import DirectoryAddress, Folder, Item, Mailbox, Right
    from pbx_connector.testing.office.server_state import ServerState
    from pbx_exchange.sandbox.faults import Fault
    from pbx_exchange.sandbox.server import Sandbox
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
