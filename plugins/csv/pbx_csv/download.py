"""Fetches a file from an address into a temporary one, whole or not at all."""

from __future__ import annotations

import json
import os
import ssl
import tempfile
import time
from dataclasses import dataclass
from typing import BinaryIO
from urllib.parse import urljoin, urlsplit

import urllib3
from urllib3 import exceptions
from urllib3.util import Retry, Timeout, make_headers

from pbx_connector.api import SourceError, UnreadableFile, machine_error, read_certificates
from pbx_csv import error_catalog as errors
from pbx_csv.settings import CsvSettings

_CHUNK = 1 << 20
_HOPS = 5
_REDIRECTS = (301, 302, 303, 307, 308)
_GRACE = 60
"""Seconds after which a download that crawls is given up."""
_SLOWEST = 1_000
"""Bytes a second."""
_BROKEN_OFF = (exceptions.ProtocolError, exceptions.IncompleteRead, exceptions.DecodeError, exceptions.ResponseError)


@dataclass(frozen=True, slots=True)
class Got:
    """A file as it was when the server sent it."""

    file: BinaryIO
    mark: str
    """What the server calls this state of it; empty if it has no name for that."""

    def open(self) -> BinaryIO:
        duplicate = os.fdopen(os.dup(self.file.fileno()), "rb")
        duplicate.seek(0)
        return duplicate


class Download:
    """Raises `SourceError`, or `MachineError` where this machine's disk is full."""

    def __init__(self, settings: CsvSettings, title: str) -> None:
        self._settings = settings
        self._title = title
        self._most = int(settings.largest * 1e9)
        self._log_in = _log_in(settings)
        self._pool = urllib3.PoolManager(
            timeout=Timeout(connect=settings.timeout, read=settings.timeout),
            retries=Retry(0, redirect=False),
            ssl_context=_trust(settings),
        )

    def get(self, mark: str = "") -> Got | None:
        """None: nothing has changed since `mark`."""
        try:
            response = self._ask(mark)
            with response:
                return None if response.status == 304 else self._keep(response)
        except (exceptions.HTTPError, OSError) as error:
            raise self._translated(error) from error

    def close(self) -> None:
        self._pool.clear()

    def _ask(self, mark: str) -> urllib3.BaseHTTPResponse:
        url = str(self._settings.url)
        for _ in range(_HOPS):
            response = self._request(url, mark)
            if response.status not in _REDIRECTS:
                self._require_success(response, asked_since=bool(mark))
                return response
            url = self._next(url, response.headers.get("Location", ""))
            response.release_conn()
        raise errors.REDIRECTED.error(self._title)

    def _request(self, url: str, mark: str) -> urllib3.BaseHTTPResponse:
        headers = {"Accept": "text/csv, */*;q=0.5", "Accept-Encoding": "identity", "User-Agent": "pbx-connector"}
        headers |= self._log_in | _condition(mark)
        return self._pool.request("GET", url, headers=headers, preload_content=False, redirect=False)

    def _next(self, url: str, location: str) -> str:
        """A password stays with the server that it is for, and nothing that came protected goes on in the open."""
        target = urljoin(url, location)
        here, there = urlsplit(url), urlsplit(target)
        same = (here.scheme, here.netloc) == (there.scheme, there.netloc)
        open_network = here.scheme == "https" and there.scheme != "https"
        if not location or there.scheme not in ("http", "https") or (self._log_in and not same) or open_network:
            raise errors.REDIRECTED.error(self._title)
        return target

    def _require_success(self, response: urllib3.BaseHTTPResponse, *, asked_since: bool) -> None:
        status = response.status
        if status in (401, 403, 407):
            raise errors.REFUSED.of(status).error(self._title)
        if status != 200 and not (status == 304 and asked_since):
            raise errors.BAD_STATUS.of(status).error(self._title)
        if "html" in response.headers.get("Content-Type", "").lower():
            raise errors.WEB_PAGE.error(self._title)

    def _keep(self, response: urllib3.BaseHTTPResponse) -> Got:
        file = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as what was got
        begun, size = time.monotonic(), 0
        for chunk in response.stream(_CHUNK, decode_content=True):
            size += file.write(chunk)
            if size > self._most:
                raise errors.TOO_LARGE.of(f"{self._settings.largest:g}").error(self._title)
            passed = time.monotonic() - begun
            if passed > max(_GRACE, self._settings.timeout) and size / passed < _SLOWEST:
                raise errors.SLOW.of(_SLOWEST).error(self._title)
        file.flush()
        return Got(file, _mark(response))

    def _translated(self, error: Exception) -> Exception:
        lacking = machine_error(error)
        return lacking or self._source_error(error)

    def _source_error(self, error: Exception) -> SourceError:
        cause = error
        while isinstance(reason := getattr(cause, "reason", None), Exception):
            cause = reason
        if isinstance(cause, ssl.SSLError | exceptions.SSLError):
            return errors.UNTRUSTED.error(self._title)
        if isinstance(cause, exceptions.NewConnectionError | exceptions.NameResolutionError):
            return errors.UNREACHABLE.of(type(cause).__name__).error(self._title)
        if isinstance(cause, exceptions.TimeoutError | TimeoutError):
            return errors.TIMED_OUT.error(self._title)
        if isinstance(cause, _BROKEN_OFF):
            return errors.BROKEN_OFF.error(self._title)
        return errors.UNREACHABLE.of(type(cause).__name__).error(self._title)


def _log_in(settings: CsvSettings) -> dict[str, str]:
    if settings.token is not None:
        return {"Authorization": f"Bearer {settings.token.reveal().get_secret_value()}"}
    if settings.password is None:
        return {}
    password = settings.password.reveal().get_secret_value()
    given = make_headers(basic_auth=f"{settings.username}:{password}".encode().decode("latin-1"))
    return {"Authorization": given["authorization"]}


def _trust(settings: CsvSettings) -> ssl.SSLContext:
    if settings.ca_file is None:
        return ssl.create_default_context()
    try:
        return ssl.create_default_context(cadata=read_certificates(settings.ca_file).decode("ascii"))
    except (UnreadableFile, UnicodeDecodeError, ssl.SSLError, ValueError):
        raise errors.BAD_CA.of(settings.ca_file.name).error("ca_file") from None


def _condition(mark: str) -> dict[str, str]:
    """`mark` is one of ours, or nothing that a server could make use of."""
    try:
        tag, moment = json.loads(mark)
    except (ValueError, TypeError):
        return {}
    return {"If-None-Match": str(tag)} if tag else {"If-Modified-Since": str(moment)}


def _mark(response: urllib3.BaseHTTPResponse) -> str:
    tag, moment = response.headers.get("ETag", ""), response.headers.get("Last-Modified", "")
    return json.dumps([tag, moment]) if (tag or moment) and len(tag + moment) < 1000 else ""
