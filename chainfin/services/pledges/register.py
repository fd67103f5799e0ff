"""The statutory registry (中登网): a pledge is filed before it goes to the chain, and struck out when it ends."""

from __future__ import annotations

from datetime import date

from sqlmodel import Session, select

from chainfin.errors import BadInput
from chainfin.eth.bindings.pledges_acts import Grant, Pledge
from chainfin.services.kernel import commands
from chainfin.services.kernel.context import Context
from chainfin.storage.lending_tables import LoanRow
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.values.money import Money


def registry_hex(number: str) -> str:
    """A registry number as the chain carries it: its ASCII characters, zero-padded to 32 bytes, as 0x-hex.

    Raises BadInput registry_number_invalid.
    """
    raw = number.encode("ascii", errors="replace")
    # a NUL would be taken for padding
    if not raw or len(raw) > 32 or b"?" in raw or b"\0" in raw:
        raise BadInput("registry_number_invalid", f"{number!r} is not up to 32 ASCII characters")
    return "0x" + raw.ljust(32, b"\0").hex()


def asset_hash(asset_id: str) -> str:
    """An asset as the registry names it: 64 hex digits."""
    return asset_id.removeprefix("0x")


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


def register(
    session: Session, ctx: Context, kind: type[commands.Registration], pledge: PledgeRow, loan: LoanRow, until: date
) -> None:
    """File a pledge for what the loan lent, ``until`` a day, with the statutory registry; by its ``kind`` the answer
    finds who waits for it."""
    pledgor = session.get_one(PartyRow, pledge.pledgor_id)
    lender = session.get_one(PartyRow, pledge.lender_id)
    filed = kind(
        pledge_id=pledge.id,
        loan_id=loan.id,
        pledgor=pledgor.legal_value,
        pledgee=lender.legal_value,
        asset_kind=pledge.asset_kind,
        asset_hash=asset_hash(pledge.asset_id),
        amount=Money(loan.principal, loan.currency),
        starts_on=ctx.clock.today(),
        ends_on=until,
    )
    commands.give(session, ctx, filed)


def unusable(session: Session, pledge_id: str, number: str) -> BadInput | None:
    """Why the number that the registry gave can't be that of this pledge: the chain can't carry it, or another pledge
    has it. Code registry_number_invalid, registry_number_taken."""
    try:
        registry_hex(number)
    except BadInput as error:
        return error
    other = select(PledgeRow.id).where(PledgeRow.registry_number == number, PledgeRow.id != pledge_id)
    if session.exec(other).first() is not None:
        return BadInput("registry_number_taken", f"the registry gave {number!r} to another pledge before")
    return None


def unregister(session: Session, ctx: Context, pledge: PledgeRow, reason: str) -> None:
    """Strike the pledge out of the statutory registry, if it is in it."""
    if pledge.registry_number is not None:
        strike_out(session, ctx, pledge, pledge.registry_number, reason)


def strike_out(session: Session, ctx: Context, pledge: PledgeRow, number: str, reason: str) -> None:
    """Strike out what the registry filed for the pledge under ``number``, whatever text that is."""
    commands.give(session, ctx, commands.StrikeOutPledge(pledge.id, pledge.loan_id or "", number, reason))
