"""The table of target fields says what the original's documentation says, and agrees with the model."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from pbx_connector.model import PHONE_FIELDS
from pbx_connector.targets import ACCOUNT_CODE, FIELD_NAMES, TARGET_BY_CODE, TARGETS


def test_the_display_name_alone_is_required_and_has_80_characters() -> None:
    assert [(target.name, target.max_length) for target in TARGETS if target.required] == [("display_name", 80)]


def test_phone_targets_are_the_phone_fields_of_the_model() -> None:
    assert {target.name for target in TARGETS if target.kind == "phone"} == set(PHONE_FIELDS)


def test_names_codes_and_csv_columns_are_unique() -> None:
    columns = [target.csv for target in TARGETS if target.csv]
    assert len(set(FIELD_NAMES)) == len(TARGET_BY_CODE) == len(TARGETS)
    assert len(set(columns)) == len(columns)


def test_every_code_of_the_original_is_there(from_shared: Callable[[str], Path]) -> None:
    facts = from_shared("reference/original-connector.md")
    codes = set(re.findall(r"^\| (028pho_\w+|011acc_id) \|", facts.read_text(), re.MULTILINE))
    assert codes == {*TARGET_BY_CODE, ACCOUNT_CODE}
