"""What an import of accounts is asked before it is made: does it remove too many, does it mix people up?

Next in the flow after `account_files`. The phone book is only looked at here; `cli/commands/accounts.py` changes it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pbx_connector.counting import counted
from pbx_connector.errors import ImportRefused
from pbx_connector.model import Account
from pbx_connector.profile import RemovalLimit
from pbx_connector.stores import AccountImport


def check_removals(planned: AccountImport, held: Sequence[Account], at_most: int | None) -> None:
    """The guard of runs, for accounts: a list cut short must not take people's entries. Raises `ImportRefused`.

    `at_most` is how many may go; None: the limit that profiles have by default, and never all.
    """
    removed = len(planned.removed)
    limit = RemovalLimit()
    few = removed <= max(limit.entries, limit.share * len(held)) and removed < len(held)
    if removed == 0 or (few if at_most is None else removed <= at_most):
        return
    raise ImportRefused(
        f"{removed} of {counted(len(held), 'account')} would be removed, "
        f"and {counted(planned.entries, 'entry')} with them",
        hint=f"is the file whole? if they are to go: --remove-at-most {removed}",
    )


def doubts(planned: AccountImport, held: Sequence[Account]) -> Iterator[str]:
    """Accounts that this import leaves sharing a mailbox, or that seem to have gone to somebody else."""
    before = {account.id: account for account in held}
    for account in planned.updated:
        if _is_somebody_else(before[account.id], account):
            yield (
                f"account {account.id} has both another user name and another address: if it was given to somebody "
                f"else, that person sees the former user's private entries; remove it first, then import it"
            )
    news = {account.id: account for account in (*planned.added, *planned.updated)}
    gone = {account.id for account in planned.removed}
    staying = [account for id, account in (before | news).items() if id not in gone]
    for what, groups in (("e-mail address", _by("email", staying)), ("user name", _by("username", staying))):
        for ids in groups.values():
            if len(ids) > 1 and news.keys() & ids:
                yield f"accounts {', '.join(ids)} have one {what}: each gets the private entries of the same mailbox"


def _is_somebody_else(before: Account, after: Account) -> bool:
    """Both ways to know a person by differ; a change of one is a marriage, or a new mail domain."""
    pairs = ((before.username, after.username), (before.email, after.email))
    return all(was and now and was.casefold() != now.casefold() for was, now in pairs)


def _by(field: str, accounts: Iterable[Account]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for account in accounts:
        if value := getattr(account, field).casefold():
            found[value].append(account.id)
    return found
