"""What the contracts themselves say, read by a call on the newest block; and a snapshot of all that must not change."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from chainfin.eth.abi import contract_abi
from chainfin.runtime.installation import Installation
from chainfin.storage.store import Store

UNSEEN = frozenset(
    {"idempotency", "idempotency_key", "sign_in_nonce", "token", "access_token", "alembic_version"}
    | {"end_of_day", "daily_root"}
)
"""Tables of the web front: what a caller asked and how it signed in, not what came of it; and what the schedule makes
whenever a day has ended."""


def view(inst: Installation, contract: str, function: str, *args: object) -> Any:
    """The answer of a view function, a struct as a mapping."""
    known = contract_abi(contract).function(function)
    data = inst.node.call(inst.ctx.contracts[contract], known.encode(args), inst.node.head())
    found = known.decode_output(data)
    return found[0] if len(found) == 1 else found


def rows(store: Store) -> dict[str, int]:
    """The number of rows of every table that holds business: an attempt that is refused leaves it as it was."""
    with store.read() as session:
        names = session.execute(text("select name from sqlite_master where type = 'table'")).scalars().all()
        return {
            name: int(session.execute(text(f'select count(*) from "{name}"')).scalar_one())
            for name in sorted(names)
            if name not in UNSEEN and not name.startswith("sqlite_")
        }
