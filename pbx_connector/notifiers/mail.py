"""Notices by e-mail, as `mail:` in the configuration says: one mail for all notices of a run."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.utils import formatdate
from typing import TYPE_CHECKING

from pbx_connector.api import Config, ConnectorError, MailConfig, Notice, Report, hookimpl
from pbx_connector.notifiers.text import paragraphs
from pbx_connector.notifiers.trust import trust_of

if TYPE_CHECKING:
    from smtplib import SMTP

LOG = logging.getLogger(__name__)

DEFAULT_PORTS = {"starttls": 587, "tls": 465, "none": 25}


@hookimpl
def pbx_notifies(config: Config) -> bool:
    return config.mail is not None


@hookimpl
def pbx_run_finished(report: Report, notices: Sequence[Notice], config: Config, delivery: str) -> None:
    if config.mail is not None and notices:
        send(config.mail, compose(config.mail, report, notices, delivery))


def compose(config: MailConfig, report: Report, notices: Sequence[Notice], delivery: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = config.sender
    message["To"] = ", ".join(config.to)
    message["Subject"] = " ".join(notices[0].subject.split())
    message["Date"] = formatdate()
    message["Message-ID"] = f"<{delivery}@{config.sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    texts = [f"{notice.subject}\n\n{paragraphs(notice, report)}" for notice in notices]
    message.set_content("\n\n---\n\n".join(texts) + f"\n\n-- \npbx-connector on {socket.gethostname()}\n")
    return message


def send(config: MailConfig, message: EmailMessage) -> None:
    """Raises `ConnectorError` if nobody got it; of those who did, none shall get it again for the sake of others."""
    import smtplib  # here and below: most commands send no mail

    with translated(config), _connected(config) as server:
        if config.user is not None and config.password is not None:
            server.login(config.user, config.password.reveal().get_secret_value())
        refused = server.send_message(message, from_addr=config.sender, to_addrs=config.to)
        with suppress(smtplib.SMTPException, OSError):  # the mail is taken, however the server says goodbye
            server.quit()
    if refused:
        LOG.warning("the mail server %s takes no mail for %s: see mail: to", config.host, ", ".join(refused))


@contextmanager
def _connected(config: MailConfig) -> Iterator[SMTP]:
    """A connection that is as secure as the configuration asks for, or none."""
    import smtplib

    port = config.port or DEFAULT_PORTS[config.security]
    timeout = config.timeout.total_seconds()
    trust = trust_of(config.ca_file, "mail")
    if config.security == "tls":
        with smtplib.SMTP_SSL(config.host, port, timeout=timeout, context=trust) as server:
            yield server
        return
    with smtplib.SMTP(config.host, port, timeout=timeout) as server:
        if config.security == "starttls":
            server.starttls(context=trust)
        yield server


@contextmanager
def translated(config: MailConfig) -> Iterator[None]:
    """Whatever sending can raise, as one error. A server may quote what was sent, so only its code is shown."""
    import smtplib
    import ssl

    place = f"the mail server {config.host}"
    try:
        yield
    except smtplib.SMTPAuthenticationError as error:
        raise ConnectorError(
            f"{place} refuses the login ({error.smtp_code})", hint="see user and password of mail:"
        ) from None
    except smtplib.SMTPRecipientsRefused as error:
        raise ConnectorError(f"{place} takes no mail for {', '.join(error.recipients)}", hint="see mail: to") from None
    except smtplib.SMTPResponseException as error:
        raise ConnectorError(f"{place} refuses the mail ({error.smtp_code})") from None
    except (smtplib.SMTPServerDisconnected, TimeoutError):
        raise ConnectorError(f"{place} does not answer", hint="see host, port and security of mail:") from None
    except smtplib.SMTPException as error:
        raise ConnectorError(f"{place} cannot be used: {type(error).__name__}", hint="see security of mail:") from None
    except ssl.SSLError as error:
        reason = getattr(error, "verify_message", "") or getattr(error, "reason", "") or "no TLS"
        raise ConnectorError(
            f"{place} has no trusted certificate: {reason}", hint="see security and ca_file of mail:"
        ) from None
    except UnicodeError:  # its text quotes a character of the password
        raise ConnectorError(
            f"{place} cannot be sent this login or address: e-mail knows only ASCII there", hint="see mail:"
        ) from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConnectorError(f"{place} cannot be reached: {reason}", hint="see host and port of mail:") from None
