"""A store's password is shown nowhere, however it stands in the address."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pbx_connector.application.store_watch import StoreWatch
from pbx_connector.errors import ConnectorError, UsageError
from pbx_connector.stores import open_store, shown

NOBODY = "127.0.0.1:1"
"""No server listens there."""

READABLE = [
    f"postgresql://ann:hun#ter2@{NOBODY}/book",
    f"postgresql://ann:hun/ter2@{NOBODY}/book",
    f"postgresql://ann:hun?ter2@{NOBODY}/book",
    f"postgresql://ann:hun[ter2@{NOBODY}/book",
    f"postgresql://ann:hun%40ter2@{NOBODY}/book",
    f"postgres://ann:hunter2@{NOBODY}/book",
    f"postgresql://ann@{NOBODY}/book?password=hunter2",
    f"postgresql://ann@{NOBODY}/book?sslmode=disable&sslpassword=hunter2",
]
UNREADABLE = [
    f"postgresql://ann:hun@ter2@{NOBODY}/book",
    f"postgresql://a/nn:hunter2@{NOBODY}/book",
    "postgresql://ann:hunter2",
    "postgresql:ann:hunter2@db/book",
    f"mysql://ann:hunter2@{NOBODY}/book",
]


@pytest.mark.parametrize("url", READABLE + UNREADABLE)
def test_no_way_to_name_a_store_shows_its_password(url: str) -> None:
    watch = StoreWatch(url, lambda: datetime.now(UTC))
    with pytest.raises(ConnectorError) as raised:
        open_store(url, patience=1)
    said = f"{shown(url)} {watch.place} {raised.value.message} {raised.value.hint}"
    assert not [part for part in ("hunter2", "hun", "ter2") if part in said]


@pytest.mark.parametrize("url", READABLE)
def test_what_is_left_of_an_address_says_where_the_store_is(url: str) -> None:
    assert f"@{NOBODY}/book" in shown(url)


def test_an_address_that_cannot_be_read_is_answered_with_how_to_write_it() -> None:
    with pytest.raises(UsageError, match="cannot be read") as raised:
        open_store(UNREADABLE[0])
    assert "%40" in raised.value.hint


@pytest.mark.parametrize(
    "url", ["sqlite:///book@home.db", "memory:", "book.db", r"C:\book.db", "postgresql://ann@db:5432/book"]
)
def test_an_address_without_a_password_stays(url: str) -> None:
    assert shown(url) == url
