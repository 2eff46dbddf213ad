"""`python -m pbx_exchange.sandbox`: the sandbox Exchange as a program. It runs until Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict

from pbx_connector.api import until_stopped
from pbx_exchange.sandbox import Sandbox, Size


def main(arguments: list[str] | None = None) -> int:
    options = _read_options(arguments)
    stop = until_stopped()
    size = Size(options.contacts, options.seed, options.mailboxes, options.each) if options.contacts else None
    with Sandbox.start(
        port=options.port,
        password=options.password,
        size=size,
        latency=options.latency,
        auth=options.auth.split(","),
        tls=options.tls,
    ) as sandbox:
        sys.stdout.write(describe_json(sandbox) if options.json else describe(sandbox))
        sys.stdout.flush()
        stop.wait()
    return 0


def _read_options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m pbx_exchange.sandbox", description="A sandbox Exchange server.")
    parser.add_argument("--port", type=int, default=0, metavar="N", help="TCP port on 127.0.0.1; default: a free one")
    parser.add_argument("--password", help="password of all users; default: a new one at each start")
    parser.add_argument("--contacts", type=int, metavar="N", help="instead of the demo company: N generated contacts")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="of the generated contacts; default: 1")
    parser.add_argument("--mailboxes", type=int, default=3, metavar="N", help="with --contacts; default: 3")
    parser.add_argument("--each", type=int, default=0, metavar="N", help="contacts in each mailbox; default: 0")
    parser.add_argument("--latency", type=float, default=0.0, metavar="SECONDS", help="each answer waits so long")
    parser.add_argument("--auth", default="basic", metavar="WAYS", help="of basic,ntlm,kerberos,bearer; default: basic")
    parser.add_argument("--tls", action="store_true", help="HTTPS, with a certificate authority of its own")
    parser.add_argument("--json", action="store_true", help="print how to reach it as one line of JSON")
    return parser.parse_args(arguments)


def describe_json(sandbox: Sandbox) -> str:
    reach: dict[str, object] = {
        "url": sandbox.url,
        "email": sandbox.email,
        "password": sandbox.password,
        "accounts": [asdict(account) for account in sandbox.accounts],
    }
    if sandbox.ca_file:
        reach["ca_file"] = str(sandbox.ca_file)
    return json.dumps(reach) + "\n"


def describe(sandbox: Sandbox) -> str:
    accounts = "".join(f"  {one.id:<12}  {one.username:<10}  {one.email}\n" for one in sandbox.accounts)
    trust = f"  CA file   {sandbox.ca_file}\n" if sandbox.ca_file else ""
    return (
        "Sandbox Exchange is ready.\n\n"
        f"  URL       {sandbox.url}\n"
        f"  E-mail    {sandbox.email}   (may read public folders and impersonate the accounts)\n"
        f"  Password  {sandbox.password}   (of every user here)\n"
        f"{trust}\n"
        f"Accounts with a mailbox (id, user name, e-mail):\n{accounts}\n"
        "Ctrl-C ends it.\n"
    )


if __name__ == "__main__":
    sys.exit(main())
