"""The settlement bank's word on a payment: which bank may give it, and the act that it signs."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlmodel import Session, col, select

from chainfin.eth.bindings.base import Act
from chainfin.services.kernel import acts
from chainfin.services.kernel.context import Context
from chainfin.storage.party_tables import PartyRow
from chainfin.values.party import PartyState, Role


def bank(session: Session, *, but: Collection[str] = ()) -> PartyRow | None:
    """The settlement bank that attests payments: one in good standing, else a suspended one, or payoffs would be shut
    in; a bank under suspicion loses its role (ADR 0106). None of ``but``: nobody attests what it is a party to."""
    of_bank = col(PartyRow.roles).op("&")(int(Role.BANK)) != 0
    query = select(PartyRow).where(of_bank, PartyRow.status != PartyState.PENDING.value, col(PartyRow.id).not_in(but))
    return session.exec(
        query.order_by(col(PartyRow.status) != PartyState.ACTIVE.value, col(PartyRow.id)).limit(1)
    ).first()


def attest(
    session: Session,
    ctx: Context,
    attester: PartyRow | None,
    act: Act,
    *,
    subject: str,
    incoming_id: str | None,
    extra: Mapping[str, object] | None = None,
) -> None:
    """The bank's act on the payment ``incoming_id``, which the act keeps beside ``extra``; None: on a payout of its own
    that it gave back."""
    assert attester is not None, "a payment that nobody can attest waits or goes back"
    of_payment = {} if incoming_id is None else {"incoming_id": incoming_id}
    acts.prepare(session, ctx, party=attester, act=act, subject=subject, extra={**of_payment, **(extra or {})})
