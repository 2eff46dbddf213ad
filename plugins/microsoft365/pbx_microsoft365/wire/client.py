"""Microsoft Graph as the rest of the plugin asks it: objects, lists page by page, and many objects at once.

Whatever is asked keeps the bounds of `pbx_microsoft365.wire`: a request ends, an answer fits into the memory, a list
comes to its end, and the token goes to one server only. Raises `GraphError` for what Graph refuses, and the exceptions
of `pbx_microsoft365.error_mapping.FOREIGN` for everything else.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from urllib.parse import urlsplit

from pbx_connector.api import EndlessList, ListLimit, RefusalLimit, Transport
from pbx_microsoft365.wire.answers import GraphError, Json, Page, read_object, read_page
from pbx_microsoft365.wire.batch import BATCH, BatchRequest, ask_each, batch_body
from pbx_microsoft365.wire.retries import AT_ONCE, RETRIED, Attempts, MailboxSlots, RetryPolicy
from pbx_microsoft365.wire.sign_in import NoToken, SignIn, SignInUnreachable
from pbx_microsoft365.wire.targets import NONE, headers_of, relative
from pbx_microsoft365.wire.transport import send

MOST_ITEMS = 2_000_000
"""Of one list, whatever the server says."""
_MOST_EMPTY = 200
"""Empty pages of one list that go on; a few are usual where changes are told."""
_PAGE = 200
COPIES = 4
"""An answer's bytes may take a fourth of its memory; what is parsed of them takes the rest."""


class ForeignLink(Exception):
    """A link leads to another server, where our token must not go."""


class GraphClient:
    """Thread-safe, one per opened source. `mailbox`: whose contacts are asked for; four requests at a time to each.

    A target is a path below the root (see `path`), or a link of an earlier answer, which is followed as it is. What is
    asked of a mailbox has immutable ids; `prefer` adds to that.
    """

    def __init__(
        self, root: str, transport: Transport, sign_in: SignIn, policy: RetryPolicy, memory: int = 32 * 1024 * 1024
    ) -> None:
        """`root`: the address that all paths are below. `memory`: bytes that one answer may take."""
        self._root = root
        self._transport = transport
        self._sign_in = sign_in
        self._memory = memory
        self._slots = MailboxSlots()
        self._log_in = RefusalLimit(_is_refusal, renewed=True)
        self.policy = policy

    def get(
        self,
        target: str,
        options: Mapping[str, str] = NONE,
        *,
        mailbox: str = "",
        prefer: Sequence[str] = (),
        eventual: bool = False,
    ) -> Json:
        """`eventual`: for the directory's advanced queries, together with the option `$count`."""
        headers = headers_of(mailbox, prefer, eventual=eventual)
        return self._ask("GET", self.address(target, options), headers, None, mailbox)

    def pages(
        self,
        target: str,
        options: Mapping[str, str] = NONE,
        *,
        mailbox: str = "",
        prefer: Sequence[str] = (),
        eventual: bool = False,
    ) -> Iterator[Page]:
        """Each page as it comes, an empty one as well. Raises `EndlessList` where a list makes no progress."""
        progress = _Progress()
        while target:
            page = read_page(self.get(target, options, mailbox=mailbox, prefer=prefer, eventual=eventual))
            progress.note(page)
            yield page
            target, options = page.next_link and self._own(page.next_link), NONE

    def post(self, target: str, body: Json, *, mailbox: str = "") -> Json:
        """For what only reads, as it is asked again after a failure."""
        return self._post(target, body, mailbox)

    def batch(
        self, requests: Sequence[BatchRequest], *, mailbox: str = ""
    ) -> Iterator[tuple[BatchRequest, Json | GraphError]]:
        """Each request with its object, or with what Graph refused it by; in any order.

        Graph works on four of a batch at a time, so nothing else is asked of the mailbox meanwhile.
        """
        for start in range(0, len(requests), BATCH):
            attempts = Attempts(self.policy, mailbox.lower())
            yield from ask_each(requests[start : start + BATCH], partial(self._post_batch, mailbox), attempts)

    def _post_batch(self, mailbox: str, requests: Sequence[BatchRequest]) -> Json:
        return self._post("/$batch", batch_body(requests, mailbox), mailbox, AT_ONCE)

    def _post(self, target: str, body: Json, mailbox: str, count: int = 1) -> Json:
        headers = {"Content-Type": "application/json"}  # what is preferred stands within, in each request of a batch
        return self._ask("POST", self.address(target), headers, json.dumps(body).encode(), mailbox, count)

    def address(self, target: str, options: Mapping[str, str] = NONE) -> str:
        """Raises `ForeignLink`."""
        if not target.startswith("/"):
            return self._own(target)
        return f"{self._root}{relative(target, options)}"

    def close(self) -> None:
        self._transport.close()

    def _ask(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None, mailbox: str, count: int = 1
    ) -> Json:
        mailbox = mailbox.lower()
        attempts = Attempts(self.policy, mailbox)
        while True:
            try:
                self.policy.rest(mailbox)
                with self._slots.take(mailbox, count), self._log_in.attempt():
                    found = self._send(method, url, headers, body)
                self.policy.answered(mailbox)
                return found
            except RETRIED as error:
                attempts.again(error)

    def _send(self, method: str, url: str, headers: dict[str, str], body: bytes | None) -> Json:
        token = self._sign_in.token()
        answer = send(
            self._transport,
            method,
            url,
            {"Accept": "application/json", "Authorization": f"Bearer {token}"} | headers,
            body,
            largest=self._memory // COPIES,
            seconds=self.policy.seconds_for_one(),
        )
        self.policy.proven = True
        if answer.status == 401:
            self._sign_in.forget(token)
        return read_object(answer, self._memory)

    def _own(self, link: str) -> str:
        """A link of the server's, as a request to the server that we know."""
        try:
            mine, other = urlsplit(self._root), urlsplit(link)
            same = (other.scheme, other.hostname, _port(other)) == (mine.scheme, mine.hostname, _port(mine))
        except ValueError:
            same = False
        if not same or other.username is not None or not link.isascii() or not link.isprintable() or " " in link:
            raise ForeignLink("a link leads to another server")
        query = f"?{other.query}" if other.query else ""
        return f"{mine.scheme}://{mine.netloc}{other.path}{query}"


class _Progress:
    """That a list comes to its end: each page brings something new, and each link leads on."""

    def __init__(self) -> None:
        self._limit = ListLimit(MOST_ITEMS, _PAGE, MOST_ITEMS)
        self._links: set[int] = set()
        self._empty = 0

    def note(self, page: Page) -> None:
        """Raises `EndlessList`."""
        if page.next_link:
            if hash(page.next_link) in self._links:
                raise EndlessList("the list goes in circles")
            self._links.add(hash(page.next_link))
        if page.items:
            self._limit.page([str(item.get("id", number)) for number, item in enumerate(page.items)])
            return
        self._empty += 1
        if self._empty > _MOST_EMPTY:
            raise EndlessList("the list goes on with nothing in it")


def _port(parts: object) -> int:
    port: int | None = getattr(parts, "port", None)
    return port or (443 if getattr(parts, "scheme", "") == "https" else 80)


def _is_refusal(error: Exception) -> bool:
    """Whether what proves who we are was sent and not accepted."""
    if isinstance(error, NoToken):
        return not isinstance(error, SignInUnreachable)
    return isinstance(error, GraphError) and (error.status, error.code) == (401, "InvalidAuthenticationToken")
