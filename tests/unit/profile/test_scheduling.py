"""A schedule goes into a profile's text and out again, and not one other character changes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pbx_connector.errors import UsageError
from pbx_connector.profile.scheduling import with_schedule
from pbx_connector.schedule import Schedule

DAILY = Schedule(cron="0 12 * * *")
TOKYO = Schedule(cron="0 12 * * *", timezone="Asia/Tokyo")
QUARTERLY = Schedule(every=timedelta(minutes=15))
LINE = 'schedule: "0 12 * * *"\n'

PROFILE = """\
# Ours
title:   "Contacts"    # lined up
source:  exchange
settings: {email: pbx@example.com,  url: 'https://x'}

mode:    mirror  # as agreed
region:  DE
rules: |
  # a comment
  Name = [DisplayName]   \n
structure:
  phonebook:
    - 028pho_bez:   "{{Name}}"
      028pho_phone: "{{Phone}}"
"""


def test_a_new_schedule_goes_after_the_mode() -> None:
    changed = with_schedule(PROFILE, DAILY)
    assert changed == PROFILE.replace("# as agreed\n", f"# as agreed\n{LINE}")


def test_without_a_mode_it_goes_after_the_source() -> None:
    text = PROFILE.replace("mode:    mirror  # as agreed\n", "")
    assert with_schedule(text, DAILY) == text.replace("exchange\n", f"exchange\n{LINE}", 1)


def test_taking_it_out_brings_back_what_was_there() -> None:
    assert with_schedule(with_schedule(PROFILE, DAILY), None) == PROFILE
    assert with_schedule(PROFILE, None) == PROFILE


@pytest.mark.parametrize(
    ("schedule", "line"),
    [
        (DAILY, 'schedule: "0 12 * * *"'),
        (TOKYO, 'schedule: {cron: "0 12 * * *", timezone: "Asia/Tokyo"}'),
        (QUARTERLY, 'schedule: {every: "15m"}'),
    ],
)
def test_each_form_is_written_as_people_would(schedule: Schedule, line: str) -> None:
    assert f"\n{line}\n" in with_schedule(PROFILE, schedule)


@pytest.mark.parametrize(
    ("held", "left"),
    [
        ('schedule: "5 4 * * *"\n', ""),
        ('schedule: "5 4 * * *"   # early\n', "   # early"),
        ("schedule: {every: 15m}\n", ""),
        ("schedule:\n  cron: 5 4 * * *\n  timezone: UTC\n", ""),
        ("schedule:\n", ""),
    ],
)
def test_an_old_schedule_is_replaced_and_a_comment_beside_it_stays(held: str, left: str) -> None:
    text = PROFILE.replace("region:", f"{held}region:")
    changed = with_schedule(text, DAILY)
    assert changed.replace(left, "") == PROFILE.replace("region:", f"{LINE}region:").replace(left, "")
    assert left in changed
    assert "schedule" not in with_schedule(text, None)


def test_line_ends_of_windows_stay() -> None:
    text = PROFILE.replace("\n", "\r\n")
    changed = with_schedule(text, DAILY)
    assert changed.count("\r\n") == changed.count("\n") == text.count("\n") + 1


def test_a_schedule_without_quotes_stays_without() -> None:
    text = PROFILE.replace("region:", "schedule: 5 4 * * *  # early\nregion:")
    assert with_schedule(text, DAILY) == text.replace("5 4 *", "0 12 *")


def test_a_file_whose_last_line_has_no_end_stays_so() -> None:
    text = "title: A\nstructure: {}\nsettings: {}\nsource: exchange"
    changed = with_schedule(text, DAILY)
    assert changed == f"{text}\n{LINE}".removesuffix("\n")
    assert with_schedule(changed, None) == text


def test_a_byte_order_mark_stays() -> None:
    changed = with_schedule(f"\ufeff{PROFILE}", DAILY)
    assert changed == f"\ufeff{with_schedule(PROFILE, DAILY)}"


@pytest.mark.parametrize("text", ["", "- a\n", '{"title": "A", "source": "x"}\n', "title: [\n"])
def test_what_is_no_profile_in_lines_is_left_alone(text: str) -> None:
    with pytest.raises(UsageError):
        with_schedule(text, DAILY)
