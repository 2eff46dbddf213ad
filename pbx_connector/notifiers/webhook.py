"""Notices as signed JSON, posted as `webhook:` in the configuration says.

The signature is that of the Standard Webhooks specification, for which receivers have libraries: the headers
`webhook-id`, `webhook-timestamp` and `webhook-signature: v1,BASE64`, an HMAC-SHA256 over `id.timestamp.body`. A message
that is sent again keeps its id, so that a receiver can tell.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pbx_connector.api import Config, ConnectorError, Notice, Report, WebhookConfig, hookimpl
from pbx_connector.notifiers.trust import trust_of

if TYPE_CHECKING:
    from urllib3 import PoolManager, Retry


@hookimpl
def pbx_notifies(config: Config) -> bool:
    return config.webhook is not None


@hookimpl
def pbx_run_finished(report: Report, notices: Sequence[Notice], config: Config, delivery: str) -> None:
    if config.webhook is not None and (notices or config.webhook.every_run):
        post(config.webhook, payload(report, notices), delivery)


def payload(report: Report, notices: Sequence[Notice]) -> dict[str, Any]:
    """What is posted: counts, and no contact data."""
    counts = report.counts
    return {
        "type": "pbx-connector.run",
        "profile": report.profile,
        "run": report.run or None,
        "status": str(report.status),
        "started": report.started.isoformat() if report.started else None,
        "duration": round(report.duration, 3),
        "counts": {name: getattr(counts, name) for name in counts.__slots__},
        "notices": [
            {
                "kind": str(notice.kind),
                "profile": notice.profile,
                "subject": notice.subject,
                "happened": notice.happened,
                "safe": notice.safe,
                "command": notice.command,
            }
            for notice in notices
        ],
    }


def post(config: WebhookConfig, content: dict[str, Any], delivery: str) -> None:
    """Raises `ConnectorError`."""
    body = json.dumps(content, ensure_ascii=False, sort_keys=True).encode()
    with translated(config), _pool(config) as pool:
        answer = pool.request(
            "POST", config.url, body=body, headers=_headers(config, body, delivery), preload_content=False
        )
        answer.close()  # what it says is nothing to us, and might be endless
    if not 200 <= answer.status < 300:
        raise ConnectorError(f"the webhook answers {answer.status}", hint="see url of webhook:")


def signature(secret: str, identity: str, timestamp: int, body: bytes) -> str:
    signed = b".".join([identity.encode(), str(timestamp).encode(), body])
    return "v1," + base64.b64encode(hmac.new(_key(secret), signed, hashlib.sha256).digest()).decode()


def _key(secret: str) -> bytes:
    """`whsec_` and base64, as the specification has it, or any other text as it is."""
    if not secret.startswith("whsec_"):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        raise ConnectorError("the secret of webhook: starts with whsec_ but is not base64 after it") from None


def _headers(config: WebhookConfig, body: bytes, delivery: str) -> dict[str, str]:
    identity = f"msg_{delivery}"
    timestamp = int(time.time())
    return {
        "Content-Type": "application/json",
        "User-Agent": "pbx-connector",
        "webhook-id": identity,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(config.secret.reveal().get_secret_value(), identity, timestamp, body),
    }


@contextmanager
def _pool(config: WebhookConfig) -> Iterator[PoolManager]:

    import urllib3

    pool = urllib3.PoolManager(
        retries=_attempts(),
        timeout=urllib3.Timeout(total=config.timeout.total_seconds()),
        ssl_context=trust_of(config.ca_file, "webhook"),
    )
    try:
        yield pool
    finally:
        pool.clear()


def _attempts() -> Retry:
    """Three in a row for a hiccup; what still fails is repeated later by the outbox."""
    from urllib3 import Retry

    return Retry(
        total=2,
        redirect=False,
        allowed_methods={"POST"},
        status_forcelist={429, 500, 502, 503, 504},
        backoff_factor=0.5,
        backoff_max=5,
        respect_retry_after_header=False,
        raise_on_status=False,
    )


@contextmanager
def translated(config: WebhookConfig) -> Iterator[None]:
    """The address may carry a token in its path, so errors name the host alone."""
    from urllib3.exceptions import HTTPError
    from urllib3.util import parse_url

    host = parse_url(config.url).host
    try:
        yield
    except (HTTPError, OSError) as error:
        cause = getattr(error, "reason", None) or error
        raise ConnectorError(
            f"the webhook at {host} cannot be reached: {type(cause).__name__}", hint="see webhook:"
        ) from None
