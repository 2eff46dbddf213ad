"""A small Microsoft Graph to try the product on, and to test it against: real JSON over HTTPS, on loopback.

`python -m pbx_microsoft365.sandbox` runs it by itself; in Python, `with Sandbox() as sandbox:`. It serves the office of
`pbx_connector.testing.office`, alone or together with a sandbox of another protocol. See docs/sandbox-graph.md.
Needs the extra `sandbox` of pbx-connector-microsoft365.
"""

from __future__ import annotations

try:
    from pbx_connector.testing.office.demo import SandboxAccount
    from pbx_connector.testing.office.entities import Folder, Item, Mailbox
    from pbx_connector.testing.office.server_state import ServerState
    from pbx_microsoft365.sandbox.faults import Fault
    from pbx_microsoft365.sandbox.server import Sandbox
except ModuleNotFoundError as missing:
    hint = "pip install 'pbx-connector-microsoft365[sandbox]'"
    raise ImportError(f"the sandbox needs {missing.name}, which comes with its extra: {hint}") from missing

__all__ = ["Fault", "Folder", "Item", "Mailbox", "Sandbox", "SandboxAccount", "ServerState"]
