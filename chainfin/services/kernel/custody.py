"""Keys held for parties that asked for it, and the service's own (operator, registrar, relayer)."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from sqlmodel import Session, col, select

from chainfin.eth.keys import address_of, new_private_key
from chainfin.services.kernel.context import Context
from chainfin.storage.party_tables import CustodyKeyRow
from chainfin.storage.vault import Vault


def create(session: Session, vault: Vault, purpose: str, party_id: str | None, now: datetime) -> str:
    """Make a key and seal it. Returns its address."""
    secret = new_private_key()
    address = address_of(secret)
    session.add(
        CustodyKeyRow(
            address=address,
            party_id=party_id,
            purpose=purpose,
            sealed=vault.seal(secret, context=address),
            created_at=now,
        )
    )
    session.flush()
    return address


def key_of(session: Session, ctx: Context, address: str) -> bytes | None:
    """The private key of ``address`` if it is held here, else None."""
    row = session.get(CustodyKeyRow, address)
    return None if row is None else _unseal(ctx.vault, row.sealed, address)


@lru_cache(maxsize=4096)
def _unseal(vault: Vault, sealed: str, address: str) -> bytes:
    return vault.unseal(sealed, context=address)


OWN = ("operator", "registrar", "relayer")
"""The purposes of the service's own keys."""


def own_addresses(session: Session) -> dict[str, str]:
    """The service's own addresses by purpose; empty before the first start."""
    rows = session.exec(select(CustodyKeyRow).where(col(CustodyKeyRow.purpose).in_(OWN))).all()
    return {row.purpose: row.address for row in rows}
