"""Webhooks as a real HTTP server receives them: signed, repeated when it stumbles, and never waited for long."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import urllib3

from pbx_connector.api import Config, ConnectorError, Notice, Report, WebhookConfig
from pbx_connector.notifiers.webhook import pbx_run_finished, translated

SECRET = "correct horse"


def tell(report: Report, notices: list[Notice], config: Config, delivery: str = "d1") -> None:
    pbx_run_finished(report, notices, config, delivery)


@dataclass
class Receiver:
    """Answers with `answers` in turn, the last one for ever, each after `delay` seconds."""

    answers: list[int] = field(default_factory=lambda: [204])
    delay: float = 0.0
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0

    def config(self, scheme: str = "http", **changes: Any) -> Config:
        settings = {"url": f"{scheme}://localhost:{self.port}/hook/t0ken", "secret": {"env": "HOOK"}, "timeout": "60s"}
        return Config(webhook=WebhookConfig.model_validate(settings | changes))


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", SECRET)


def serve(receiver: Receiver, tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.requests.append(({name.lower(): value for name, value in self.headers.items()}, body))
            time.sleep(receiver.delay)
            answer = receiver.answers[min(len(receiver.requests), len(receiver.answers)) - 1]
            self.send_response(answer)
            if answer in (301, 307):
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        receiver.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield receiver
        server.shutdown()
        thread.join()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    yield from serve(Receiver())


@pytest.fixture
def tls_receiver(server_tls: ssl.SSLContext) -> Iterator[Receiver]:
    yield from serve(Receiver(), server_tls)


def verified(headers: dict[str, str], body: bytes, key: bytes) -> dict[str, Any]:
    """What a receiver does by the specification, in its own words."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert abs(time.time() - int(headers["webhook-timestamp"])) < 60
    content: dict[str, Any] = json.loads(body)
    return content


def test_a_notice_is_posted_and_its_signature_holds(receiver: Receiver, report: Report, notice: Notice) -> None:
    tell(report, [notice], receiver.config())
    [(headers, body)] = receiver.requests
    content = verified(headers, body, SECRET.encode())
    assert headers["content-type"] == "application/json"
    assert content["profile"] == "crm"
    assert content["status"] == "failed"
    assert content["counts"]["rows"] == 200
    assert content["notices"][0]["kind"] == "failing"
    assert content["notices"][0]["command"] == notice.command
    assert SECRET.encode() not in body


def test_a_whsec_secret_is_decoded(
    receiver: Receiver, report: Report, notice: Notice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK", "whsec_" + base64.b64encode(b"\x00\xffkey").decode())
    tell(report, [notice], receiver.config())
    verified(*receiver.requests[0], b"\x00\xffkey")


def test_a_changed_body_has_another_signature(receiver: Receiver, report: Report, notice: Notice) -> None:
    tell(report, [notice], receiver.config())
    headers, body = receiver.requests[0]
    with pytest.raises(AssertionError):
        verified(headers, body.replace(b"200", b"201"), SECRET.encode())


def test_a_whsec_secret_that_is_no_base64_is_told(
    receiver: Receiver, report: Report, notice: Notice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK", "whsec_???")
    with pytest.raises(ConnectorError, match="not base64"):
        tell(report, [notice], receiver.config())


@pytest.mark.parametrize("stumble", [500, 502, 503, 504, 429])
def test_a_hiccup_is_repeated_with_the_same_id(
    receiver: Receiver, report: Report, notice: Notice, stumble: int
) -> None:
    receiver.answers = [stumble, 200]
    tell(report, [notice], receiver.config())
    first, second = (headers["webhook-id"] for headers, _ in receiver.requests)
    assert first == second


def test_the_id_is_the_deliverys_whatever_the_message_says(receiver: Receiver, report: Report, notice: Notice) -> None:
    for delivery in ("broken", "broken", "broken again"):
        tell(report, [notice], receiver.config(), delivery)
    ids = [headers["webhook-id"] for headers, _ in receiver.requests]
    assert ids == ["msg_broken", "msg_broken", "msg_broken again"]


def test_after_three_attempts_it_is_an_error(receiver: Receiver, report: Report, notice: Notice) -> None:
    receiver.answers = [500]
    with pytest.raises(ConnectorError, match="answers 500"):
        tell(report, [notice], receiver.config())
    assert len(receiver.requests) == 3


@pytest.mark.parametrize("answer", [301, 307, 400, 401, 404, 410])
def test_other_answers_are_errors_at_once_and_nothing_is_followed(
    receiver: Receiver, report: Report, notice: Notice, answer: int
) -> None:
    receiver.answers = [answer]
    with pytest.raises(ConnectorError, match=f"answers {answer}"):
        tell(report, [notice], receiver.config())
    assert len(receiver.requests) == 1


def test_a_slow_receiver_costs_no_more_than_the_time_limit(receiver: Receiver, report: Report, notice: Notice) -> None:
    receiver.delay = 2.0
    started = time.monotonic()
    with pytest.raises(ConnectorError, match="cannot be reached: ReadTimeoutError") as caught:
        tell(report, [notice], receiver.config(timeout="1s"))
    assert time.monotonic() - started < 10
    assert "t0ken" not in caught.value.message + caught.value.hint


def test_a_receiver_that_is_down_is_an_error_in_words(report: Report, notice: Notice) -> None:
    with pytest.raises(ConnectorError, match="the webhook at localhost cannot be reached") as caught:
        tell(report, [notice], Receiver(port=1).config())
    assert "t0ken" not in caught.value.message + caught.value.hint


def test_a_run_without_notices_is_posted_only_if_every_run_is_asked_for(receiver: Receiver, report: Report) -> None:
    tell(report, [], receiver.config())
    assert receiver.requests == []
    tell(report, [], receiver.config(every_run=True))
    assert json.loads(receiver.requests[0][1])["notices"] == []


def test_https_is_spoken_with_a_certificate_that_is_checked(
    tls_receiver: Receiver, report: Report, notice: Notice, ca_file: Path
) -> None:
    tell(report, [notice], tls_receiver.config("https", ca_file=str(ca_file)))
    assert len(tls_receiver.requests) == 1
    with pytest.raises(ConnectorError, match=r"cannot be reached: SSL\w*Error"):
        tell(report, [notice], tls_receiver.config("https"))
    assert len(tls_receiver.requests) == 1


def raised() -> list[Exception]:
    """Whatever urllib3 and sockets raise, made without their own arguments, which differ."""
    kinds = {kind for kind in vars(urllib3.exceptions).values() if isinstance(kind, type)}
    errors = [kind.__new__(kind) for kind in sorted(kinds, key=repr) if issubclass(kind, urllib3.exceptions.HTTPError)]
    return [*errors, ConnectionResetError(), ssl.SSLError(), TimeoutError()]


@pytest.mark.parametrize("error", raised(), ids=lambda error: type(error).__name__)
def test_no_foreign_error_is_left_as_it_is(error: Exception) -> None:
    config = Receiver(port=1).config().webhook
    assert config is not None
    with pytest.raises(ConnectorError, match="the webhook at localhost"), translated(config):
        raise error
