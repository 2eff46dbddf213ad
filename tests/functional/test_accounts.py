"""`accounts import`: a list that was cut short takes nobody's entries, and mixed-up people are pointed out."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from product import Connector

MANY = [f"{number},user{number},user{number}@example.com" for number in range(60)]
TWO = ["7,ann,ann@example.com", "8,ben,ben@example.com"]


def write(connector: Connector, lines: Sequence[str]) -> str:
    (connector.home / "accounts.csv").write_text("\n".join(["id,username,email", *lines, ""]))
    return "accounts.csv"


def held(connector: Connector) -> set[str]:
    return {account["id"] for account in connector("accounts", "list", "--json").json}


@pytest.mark.parametrize("before", [TWO, MANY], ids=["two", "many"])
@pytest.mark.parametrize(("name", "content"), [("empty.csv", "id,username,email\n"), ("empty.json", "[]")])
def test_a_list_of_nobody_removes_nobody(connector: Connector, before: list[str], name: str, content: str) -> None:
    connector("accounts", "import", write(connector, before))
    (connector.home / name).write_text(content)
    done = connector("accounts", "import", name, "--remove-missing", "--yes", code=3)
    assert f"{len(before)} of {len(before)} accounts would be removed" in done.err
    assert len(held(connector)) == len(before)


def test_more_than_ten_and_a_fifth_go_only_when_their_number_is_said(connector: Connector) -> None:
    connector("accounts", "import", write(connector, MANY))
    import_less = ("accounts", "import", write(connector, MANY[:47]), "--remove-missing", "--yes")
    assert "--remove-at-most 13" in connector(*import_less, code=3).err
    connector(*import_less, "--remove-at-most", "12", code=3)
    assert len(held(connector)) == 60
    connector(*import_less, "--remove-at-most", "13")
    assert len(held(connector)) == 47
    assert "accounts imported: 0 added, 0 updated, 13 removed" in connector("history").out


def test_a_fifth_may_go(connector: Connector) -> None:
    connector("accounts", "import", write(connector, MANY))
    connector("accounts", "import", write(connector, MANY[:48]), "--remove-missing", "--yes")
    assert len(held(connector)) == 48


def test_the_last_account_goes_only_when_it_is_said(connector: Connector) -> None:
    connector("accounts", "import", write(connector, TWO[:1]))
    replace = ("accounts", "import", write(connector, TWO[1:]), "--remove-missing", "--yes")
    connector(*replace, code=3)
    connector(*replace, "--remove-at-most", "1")
    assert held(connector) == {"8"}


def test_two_accounts_of_one_mailbox_are_pointed_out_once(connector: Connector) -> None:
    file = write(connector, [*TWO, "9,Ben,ANN@example.com"])
    said = connector("accounts", "import", file).err
    assert "accounts 7, 9 have one e-mail address" in said
    assert "accounts 8, 9 have one user name" in said
    assert connector("accounts", "import", file).err == ""
    added = connector("accounts", "add", "10", "--email", "ben@example.com").err
    assert "accounts 8, 10 have one e-mail address" in added
    assert "7" not in added


def test_an_account_that_seems_to_be_somebody_elses_now_is_pointed_out(connector: Connector) -> None:
    connector("accounts", "import", write(connector, TWO))
    married = connector("accounts", "import", write(connector, [TWO[0], "8,ben,ben.lee@example.com"]))
    assert married.err == ""
    given_away = connector("accounts", "import", write(connector, [TWO[0], "8,eve,eve@example.com"])).err
    assert "account 8 has both another user name and another address" in given_away
    assert "account 7" not in given_away


def test_a_mailbox_that_moves_from_one_account_to_the_next_is_no_shared_one(connector: Connector) -> None:
    connector("accounts", "import", write(connector, [*MANY[20:40], TWO[0]]))
    file = write(connector, [*MANY[20:40], "9,ann,ann@example.com"])
    assert "have one" not in connector("accounts", "import", file, "--remove-missing", "--yes").err


def test_each_fault_of_a_file_is_a_line_of_its_own(connector: Connector) -> None:
    done = connector("accounts", "import", write(connector, ["7,ann", ",ben,b@example.com"]), code=2)
    assert done.err.splitlines() == [
        "error: accounts.csv:2: 2 columns where the header has 3",
        "error: accounts.csv:3: the id is missing",
        "  hint: nothing was imported",
    ]
    assert held(connector) == set()


@pytest.mark.parametrize(
    ("id", "email", "said"), [(" ", "", "the id is missing"), ("7", "ann", "not an e-mail address")]
)
def test_an_account_is_added_by_the_rules_of_an_import(connector: Connector, id: str, email: str, said: str) -> None:
    assert said in connector("accounts", "add", id, "--email", email, code=2).err
    assert held(connector) == set()
