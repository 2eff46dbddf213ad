"""`python -m pbx_microsoft365.sandbox`: the sandbox Graph as a program. It runs until Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict

from pbx_connector.api import until_stopped
from pbx_microsoft365.sandbox import Sandbox
from pbx_microsoft365.sandbox.server import LATENCY


def main(arguments: list[str] | None = None) -> int:
    options = _read_options(arguments)
    stop = until_stopped()
    with Sandbox(
        contacts=options.contacts,
        seed=options.seed,
        mailboxes=options.mailboxes,
        each=options.each,
        secret=options.secret,
        port=options.port,
        latency=options.latency,
        tls=not options.plain,
        page_base=options.base,
    ) as sandbox:
        sys.stdout.write(describe_json(sandbox) if options.json else describe(sandbox))
        sys.stdout.flush()
        stop.wait()
    return 0


def _read_options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m pbx_microsoft365.sandbox", description="A sandbox Microsoft Graph."
    )
    parser.add_argument("--port", type=int, default=0, metavar="N", help="TCP port on 127.0.0.1; default: a free one")
    parser.add_argument("--secret", metavar="TEXT", help="the client secret; default: a new one at each start")
    parser.add_argument("--contacts", type=int, metavar="N", help="instead of the demo company: N generated contacts")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="of the generated contacts; default: 1")
    parser.add_argument("--mailboxes", type=int, default=3, metavar="N", help="with --contacts; default: 3")
    parser.add_argument("--each", type=int, default=0, metavar="N", help="further contacts in each; default: 0")
    parser.add_argument(
        "--latency",
        type=float,
        default=LATENCY,
        metavar="SECONDS",
        help=f"each answer waits so long; default: {LATENCY}",
    )
    parser.add_argument("--base", metavar="URL", help="links begin with this in place of the URL, for proxies")
    parser.add_argument("--plain", action="store_true", help="HTTP without TLS, for tools that cannot do better")
    parser.add_argument("--json", action="store_true", help="print how to reach it as one line of JSON")
    return parser.parse_args(arguments)


def describe_json(sandbox: Sandbox) -> str:
    reach = {
        "url": sandbox.url,
        "authority": sandbox.authority,
        "tenant": sandbox.tenant,
        "client_id": sandbox.client_id,
        "client_secret": sandbox.client_secret,
        "ca_file": str(sandbox.ca_file or ""),
        "accounts": [asdict(account) for account in sandbox.accounts],
    }
    return json.dumps(reach) + "\n"


def describe(sandbox: Sandbox) -> str:
    accounts = "".join(f"  {one.id:<12}  {one.username:<10}  {one.email}\n" for one in sandbox.accounts)
    trust = f"  CA file        {sandbox.ca_file}\n" if sandbox.ca_file else ""
    return (
        "Sandbox Graph is ready.\n\n"
        f"  URL            {sandbox.url}\n"
        f"  Authority      {sandbox.authority}\n"
        f"  Tenant         {sandbox.tenant}\n"
        f"  Client id      {sandbox.client_id}\n"
        f"  Client secret  {sandbox.client_secret}\n"
        f"{trust}\n"
        f"Accounts with a mailbox (id, user name, e-mail):\n{accounts}\n"
        "Ctrl-C ends it.\n"
    )


if __name__ == "__main__":
    sys.exit(main())
