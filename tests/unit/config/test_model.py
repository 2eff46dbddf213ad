"""What config.yaml refuses, and in which words."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pbx_connector.config import Config, NotifyConfig

MAIL: dict[str, Any] = {"host": "mail.example.com", "sender": "pbx@example.com", "to": ["ann@example.com"]}
LOGIN: dict[str, Any] = {"user": "pbx", "password": {"env": "MAIL_PASSWORD"}}


def test_everything_has_a_default_but_where_messages_go() -> None:
    config = Config()
    assert (config.mail, config.webhook) == (None, None)
    assert config.service.listen == "127.0.0.1:9464"
    assert config.notify.overdue_after == timedelta(hours=26)


def test_scalars_may_be_text_as_files_and_the_environment_have_them() -> None:
    config = Config.model_validate(
        {
            "mail": MAIL | LOGIN | {"port": "2525", "to": "ann@example.com, bob@example.com"},
            "webhook": {"url": "https://example.com/hook", "secret": {"env": "HOOK"}, "every_run": "yes"},
            "notify": {"partial_after": "5", "overdue_after": "2d"},
            "service": {"parallel": "4", "run_within": "30m"},
        }
    )
    assert config.mail is not None
    assert config.webhook is not None
    assert config.mail.port == 2525
    assert config.mail.to == ["ann@example.com", "bob@example.com"]
    assert config.webhook.every_run
    assert config.notify.overdue_after == timedelta(days=2)
    assert config.service.run_within == timedelta(minutes=30)


def test_paths_count_from_the_folder_of_the_file() -> None:
    config = Config.model_validate(
        {"profiles": "profiles", "mail": MAIL | {"ca_file": "/etc/ca.pem"}}, context={"folder": "/etc/pbx"}
    )
    assert config.mail is not None
    assert config.profiles == Path("/etc/pbx/profiles")
    assert config.mail.ca_file == Path("/etc/ca.pem")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"mails": MAIL}, "Extra inputs"),
        ({"mail": MAIL | {"to": []}}, "at least 1"),
        ({"mail": MAIL | {"to": "ann"}}, "'ann' is not an e-mail address"),
        ({"mail": MAIL | {"sender": "a@b\r\nBcc: c@d"}}, "is not an e-mail address"),
        ({"mail": MAIL | {"port": "0"}}, "greater than or equal to 1"),
        ({"mail": MAIL | {"security": "ssl"}}, "'starttls', 'tls' or 'none'"),
        ({"mail": MAIL | {"user": "pbx"}}, "user and password go together"),
        ({"mail": MAIL | LOGIN | {"security": "none"}}, "encrypted connection only"),
        ({"mail": MAIL | LOGIN | {"password": "hunter2"}}, "Secret"),
        ({"webhook": {"url": "example.com", "secret": {"env": "X"}}}, "a webhook is an address"),
        ({"webhook": {"url": "file:///etc/passwd", "secret": {"env": "X"}}}, "a webhook is an address"),
        ({"webhook": {"url": "https://me:pw@example.com/", "secret": {"env": "X"}}}, "holds no password"),
        ({"webhook": {"url": "https://example.com/"}}, "Field required"),
        ({"service": {"listen": "9464"}}, "write an address as"),
        ({"service": {"listen": "example.com:9464"}}, "does not appear to be"),
        ({"service": {"listen": "127.0.0.1:99999"}}, "write an address as"),
        ({"service": {"parallel": "0"}}, "greater than or equal to 1"),
        ({"service": {"run_within": "0s"}}, "at least 1s"),
        ({"notify": {"overdue_after": "tomorrow"}}, "write a duration as"),
        ({"timezone": "Middle/Earth"}, "unknown time zone"),
    ],
)
def test_what_makes_no_sense_is_refused(content: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Config.model_validate(content)


def test_what_a_profile_says_counts_first_and_the_rest_stays() -> None:
    ours = NotifyConfig(partial_after=5, overdue_after=timedelta(hours=48))
    both = ours.overruled_by(NotifyConfig.model_validate({"overdue_after": "8d"}))
    assert (both.partial_after, both.overdue_after) == (5, timedelta(days=8))
    assert ours.overruled_by(None) == ours
