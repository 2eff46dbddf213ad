"""E-mails as a real SMTP server receives them: over TLS and STARTTLS, with login and a certificate that is checked."""

from __future__ import annotations

import asyncio
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from pbx_connector.api import Config, ConnectorError, MailConfig, Notice, NoticeKind, Report
from pbx_connector.notifiers.mail import pbx_run_finished, translated

USER, PASSWORD = b"connector", b"s3cret"


def tell(report: Report, notices: list[Notice], config: Config, delivery: str = "d1") -> None:
    pbx_run_finished(report, notices, config, delivery)


class Inbox:
    """Keeps what arrives; refuses recipients at `elsewhere.example`."""

    def __init__(self) -> None:
        self.mails: list[tuple[Session, Envelope]] = []

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.endswith("@elsewhere.example"):
            return "550 no such user: we quote your password s3cret"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.mails.append((session, envelope))
        return "250 OK"

    def message(self) -> EmailMessage:
        content = self.mails[-1][1].content
        assert isinstance(content, bytes)
        message = message_from_bytes(content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        return message


def authenticate(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, login: LoginPassword
) -> AuthResult:
    right = isinstance(login, LoginPassword) and (login.login, login.password) == (USER, PASSWORD)
    return AuthResult(success=right, handled=right)


Start = Callable[..., Controller]


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


class FreePort(Controller):
    """Listens on a port that is free and says which."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@pytest.fixture
def start(inbox: Inbox) -> Iterator[Start]:
    started: list[Controller] = []

    def start(**options: Any) -> Controller:
        controller = FreePort(inbox, hostname="127.0.0.1", port=0, ready_timeout=100, **options)
        controller.start()
        started.append(controller)
        return controller

    yield start
    for controller in started:
        controller.stop()


@pytest.fixture
def configured(ca_file: Path, tmp_path: Path) -> Callable[..., Config]:
    secret = tmp_path / "mail.secret"
    secret.write_bytes(PASSWORD + b"\n")

    def configured(port: int, **changes: Any) -> Config:
        settings = {
            "host": "localhost",
            "port": port,
            "user": USER.decode(),
            "password": {"file": str(secret)},
            "sender": "pbx@example.com",
            "to": ["ann@example.com", "bob@example.com"],
            "ca_file": str(ca_file),
            "timeout": "60s",
        } | changes
        return Config(mail=MailConfig.model_validate(settings))

    return configured


def test_a_notice_arrives_over_starttls_with_login(
    start: Start,
    configured: Callable[..., Config],
    inbox: Inbox,
    server_tls: ssl.SSLContext,
    report: Report,
    notice: Notice,
) -> None:
    server = start(tls_context=server_tls, require_starttls=True, authenticator=authenticate, auth_required=True)
    tell(report, [notice], configured(server.port))
    session, envelope = inbox.mails[0]
    assert session.ssl is not None
    assert session.authenticated
    assert envelope.rcpt_tos == ["ann@example.com", "bob@example.com"]
    message = inbox.message()
    assert message["Subject"] == "Große Kontakte: the runs fail"
    assert message["From"] == "pbx@example.com"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"] == "<d1@example.com>"
    text = message.get_content()
    for part in (notice.happened, notice.safe, notice.command, "200 rows, 3 added"):
        assert part in text


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # TLS is there before SMTP begins
def test_a_notice_arrives_over_tls_from_the_first_byte(
    start: Start,
    configured: Callable[..., Config],
    inbox: Inbox,
    server_tls: ssl.SSLContext,
    report: Report,
    notice: Notice,
) -> None:
    server = start(ssl_context=server_tls, authenticator=authenticate, auth_required=True, auth_require_tls=False)
    tell(report, [notice, notice], configured(server.port, security="tls"))
    assert len(inbox.mails) == 1
    assert inbox.message().get_content().count(notice.happened) == 2


def test_a_line_break_in_a_title_makes_no_header(
    start: Start, configured: Callable[..., Config], inbox: Inbox, report: Report
) -> None:
    server = start()
    evil = Notice(NoticeKind.FAILING, "x", "Title\r\nBcc: eve@example.com", "happened", "safe", "command")
    tell(report, [evil], configured(server.port, security="none", user=None, password=None))
    assert inbox.message()["Bcc"] is None
    assert inbox.message()["Subject"] == "Title Bcc: eve@example.com"


def test_without_notices_nothing_is_sent(
    start: Start, configured: Callable[..., Config], inbox: Inbox, report: Report
) -> None:
    server = start()
    tell(report, [], configured(server.port, security="none", user=None, password=None))
    assert inbox.mails == []


def test_an_untrusted_certificate_is_refused(
    start: Start,
    configured: Callable[..., Config],
    inbox: Inbox,
    server_tls: ssl.SSLContext,
    report: Report,
    notice: Notice,
) -> None:
    server = start(tls_context=server_tls, authenticator=authenticate)
    with pytest.raises(ConnectorError, match="has no trusted certificate"):
        tell(report, [notice], configured(server.port, ca_file=None))
    assert inbox.mails == []


def test_a_server_without_starttls_gets_no_password(
    start: Start, configured: Callable[..., Config], inbox: Inbox, report: Report, notice: Notice
) -> None:
    server = start(authenticator=authenticate, auth_require_tls=False)
    with pytest.raises(ConnectorError, match="cannot be used: SMTPNotSupportedError"):
        tell(report, [notice], configured(server.port))
    assert inbox.mails == []


def test_a_wrong_password_is_told_without_it(
    start: Start, configured: Callable[..., Config], server_tls: ssl.SSLContext, report: Report, notice: Notice
) -> None:
    server = start(tls_context=server_tls, authenticator=authenticate, auth_required=True)
    with pytest.raises(ConnectorError, match="refuses the login \\(535\\)") as caught:
        tell(report, [notice], configured(server.port, user="somebody"))
    assert "s3cret" not in caught.value.message + caught.value.hint


def test_a_refused_recipient_costs_the_others_no_second_mail(
    start: Start,
    configured: Callable[..., Config],
    inbox: Inbox,
    report: Report,
    notice: Notice,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = start()
    to = ["ann@example.com", "eve@elsewhere.example"]
    tell(report, [notice], configured(server.port, security="none", user=None, password=None, to=to))
    assert [envelope.rcpt_tos for _, envelope in inbox.mails] == [["ann@example.com"]]
    [line] = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert "takes no mail for eve@elsewhere.example" in line
    assert "s3cret" not in line


def test_a_server_that_hangs_up_badly_has_taken_the_mail(
    start: Start,
    configured: Callable[..., Config],
    inbox: Inbox,
    report: Report,
    notice: Notice,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def quit_badly(server: SMTP, session: Session, envelope: Envelope) -> str:
        return "421 leave me alone"

    monkeypatch.setattr(inbox, "handle_QUIT", quit_badly, raising=False)
    tell(report, [notice], configured(start().port, security="none", user=None, password=None))
    assert len(inbox.mails) == 1


def test_a_mail_that_every_recipient_is_refused_is_an_error(
    start: Start, configured: Callable[..., Config], report: Report, notice: Notice
) -> None:
    server = start()
    config = configured(server.port, security="none", user=None, password=None, to=["eve@elsewhere.example"])
    with pytest.raises(ConnectorError, match=r"takes no mail for eve@elsewhere\.example") as caught:
        tell(report, [notice], config)
    assert "s3cret" not in caught.value.message


def test_a_server_that_is_down_is_an_error_in_words(
    configured: Callable[..., Config], report: Report, notice: Notice
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        config = configured(closed.getsockname()[1])
        with pytest.raises(ConnectorError, match="the mail server localhost cannot be reached"):
            tell(report, [notice], config)


def test_a_server_that_never_answers_costs_no_more_than_the_time_limit(
    configured: Callable[..., Config], report: Report, notice: Notice
) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(ConnectorError, match="does not answer"):
            tell(report, [notice], configured(silent.getsockname()[1], timeout="1s"))


def test_a_missing_secret_is_told(
    start: Start, configured: Callable[..., Config], server_tls: ssl.SSLContext, report: Report, notice: Notice
) -> None:
    server = start(tls_context=server_tls, authenticator=authenticate)
    with pytest.raises(ConnectorError, match="the environment variable for a secret is not set"):
        tell(report, [notice], configured(server.port, password={"env": "NO_SUCH_VARIABLE"}))


def test_a_password_that_e_mail_cannot_carry_is_told_without_it(
    start: Start,
    configured: Callable[..., Config],
    server_tls: ssl.SSLContext,
    report: Report,
    notice: Notice,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("UMLAUT", "pässword")
    server = start(tls_context=server_tls, authenticator=authenticate)
    with pytest.raises(ConnectorError, match="only ASCII") as caught:
        tell(report, [notice], configured(server.port, password={"env": "UMLAUT"}))
    assert "ä" not in str(caught.value)
    assert "xe4" not in str(caught.value)


def raised() -> list[Exception]:
    """Whatever smtplib, ssl and sockets raise, as far as their modules say."""
    kinds = [kind for kind in vars(smtplib).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    kinds += [kind for kind in vars(ssl).values() if isinstance(kind, type) and issubclass(kind, OSError)]
    kinds += [ConnectionRefusedError, ConnectionResetError, TimeoutError, BrokenPipeError, socket.gaierror]
    arguments: dict[type, tuple[Any, ...]] = {
        smtplib.SMTPRecipientsRefused: ({"a@b.c": (550, b"no")},),
        smtplib.SMTPSenderRefused: (550, b"no", "a@b.c"),
    }
    replies = (smtplib.SMTPResponseException,)
    return [
        kind(*arguments.get(kind, (535, b"s3cret") if issubclass(kind, replies) else ()))
        for kind in sorted(set(kinds), key=repr)
    ]


@pytest.mark.parametrize("error", raised(), ids=lambda error: type(error).__name__)
def test_no_foreign_error_is_left_as_it_is(configured: Callable[..., Config], error: Exception) -> None:
    config = configured(25).mail
    assert config is not None
    with pytest.raises(ConnectorError) as caught, translated(config):
        raise error
    assert "s3cret" not in caught.value.message + caught.value.hint
