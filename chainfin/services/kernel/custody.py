"""Keys held for parties that asked for it, and the service's own (operator, registrar, relayer)."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select

from chainfin.errors import Unavailable
from chainfin.eth.signer import KeySigner, Signer
from chainfin.services.kernel.context import Context
from chainfin.storage.party_tables import CustodyKeyRow, FactRow
from chainfin.storage.vault import Vault


def create(session: Session, vault: Vault, purpose: str, party_id: str | None, now: datetime) -> str:
    """Make a key and seal it. Returns its address."""
    key = KeySigner.new()
    address = key.address
    session.add(
        CustodyKeyRow(
            address=address,
            party_id=party_id,
            purpose=purpose,
            sealed=vault.seal(key.secret, context=address),
            created_at=now,
        )
    )
    session.flush()
    return address


def signer_of(session: Session, ctx: Context, address: str) -> Signer | None:
    """The key of ``address`` if it is held here, else None. Opened for each use and kept nowhere."""
    row = session.get(CustodyKeyRow, address)
    return None if row is None else KeySigner(ctx.vault.unseal(row.sealed, context=address))


def own_signer(session: Session, vault: Vault, address: str) -> Signer:
    """One of the service's own keys."""
    return KeySigner(vault.unseal(session.get_one(CustodyKeyRow, address).sealed, context=address))


CHECK_VALUE = "master_key"
"""The fact that tells by which master key this installation seals."""


def check_vault(session: Session, vault: Vault) -> None:
    """That the vault's key is the one by which this installation seals: its check value is the one that is kept, or,
    in one of before there were any, what is sealed opens.

    Raises Unavailable: master_key_foreign.
    """
    kept = session.get(FactRow, CHECK_VALUE)
    if kept is not None and kept.value["sha256"] == vault.check_value:
        return
    try:
        if kept is None:
            own_signer(session, vault, own_addresses(session)["operator"])
            return
    except Unavailable:
        pass
    raise Unavailable("master_key_foreign", "master.key isn't this installation's: put the right one back")


OWN = ("operator", "registrar", "relayer")
"""The purposes of the service's own keys."""


def own_addresses(session: Session) -> dict[str, str]:
    """The service's own addresses by purpose; empty before the first start."""
    rows = session.exec(select(CustodyKeyRow).where(col(CustodyKeyRow.purpose).in_(OWN))).all()
    return {row.purpose: row.address for row in rows}
