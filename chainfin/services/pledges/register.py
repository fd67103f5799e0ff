"""The statutory registry (中登网): a pledge is filed before it goes to the chain, and struck out when it ends."""

from __future__ import annotations

from datetime import date

from sqlmodel import Session

from chainfin.errors import BadInput
from chainfin.eth.bindings.pledges_acts import Grant, Pledge
from chainfin.services.kernel.context import Context
from chainfin.storage import outbox
from chainfin.storage.lending_tables import LoanRow
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.trade_tables import PledgeRow
from chainfin.values.money import Money

REGISTER = "registry.register"


UNREGISTER = "registry.release"


def registry_hex(number: str) -> str:
    """A registry number as the chain carries it: its ASCII characters, zero-padded to 32 bytes, as 0x-hex.

    Raises BadInput registry_number_invalid.
    """
    raw = number.encode("ascii", errors="replace")
    if not raw or len(raw) > 32 or b"?" in raw:
        raise BadInput("registry_number_invalid", f"{number!r} is not up to 32 ASCII characters")
    return "0x" + raw.ljust(32, b"\0").hex()


def pledge_act(grant: Grant, number: str) -> Pledge:
    """The lender's act: what the pledgor granted, with the registry's number. Raises as `registry_hex`."""
    return Pledge(
        pledge_id=grant.pledge_id,
        asset_kind=grant.asset_kind,
        asset_id=grant.asset_id,
        amount=grant.amount,
        lender=grant.lender,
        loan_ref=grant.loan_ref,
        decision_hash=grant.decision_hash,
        expires_at=grant.expires_at,
        registry_no=registry_hex(number),
    )


def register(session: Session, ctx: Context, pledge: PledgeRow, loan: LoanRow, until: date) -> None:
    """File a pledge for what the loan lent, ``until`` a day, with the statutory registry."""
    pledgor = session.get_one(PartyRow, pledge.pledgor_id)
    lender = session.get_one(PartyRow, pledge.lender_id)
    outbox.put(
        session,
        REGISTER,
        f"register:{pledge.id}",
        {
            "pledge_ref": pledge.id,
            "pledgor": pledgor.legal_value,
            "pledgee": lender.legal_value,
            "asset_kind": pledge.asset_kind,
            "asset_hash": pledge.asset_id.removeprefix("0x"),
            "amount": str(Money(loan.principal, loan.currency)),
            "currency": loan.currency,
            "starts_on": ctx.clock.today().isoformat(),
            "ends_on": until.isoformat(),
        },
        now=ctx.clock.now(),
        cell=ctx.cell,
    )


def unregister(session: Session, ctx: Context, pledge: PledgeRow, reason: str) -> None:
    """Strike the pledge out of the statutory registry, if it is in it."""
    if pledge.registry_number is not None:
        outbox.put(
            session,
            UNREGISTER,
            f"unregister:{pledge.id}",
            {"pledge_ref": pledge.id, "registry_no": pledge.registry_number, "reason": reason},
            now=ctx.clock.now(),
            cell=ctx.cell,
        )
