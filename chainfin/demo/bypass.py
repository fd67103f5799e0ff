"""Past our own checks, straight to the contract: shows that the chain itself refuses a second pledge."""

from __future__ import annotations

import secrets
from typing import Any

from sqlmodel import Session, select

from chainfin.demo.member import Member
from chainfin.demo.stage import Stage
from chainfin.eth import eip712
from chainfin.eth.bindings.pledges_acts import Grant
from chainfin.rules.act import ActState
from chainfin.services.kernel import acts
from chainfin.services.pledges import register
from chainfin.storage.lending_tables import LoanRow
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.storage.trade_tables import ActRow, ReceivableRow


def pledge_again(stage: Stage, pledgor: Member, loan_id: str) -> dict[str, Any]:
    """Pledgor and lender both sign a second pledge over the whole receivable. Returns the chain's refusal as problem
    details; raises AssertionError if it went through."""
    ctx = stage.installation.ctx
    with ctx.store.begin() as session:
        loan = session.get_one(LoanRow, loan_id)
        asset = session.get_one(ReceivableRow, _pledge(session, loan_id).asset_id)
        lender = session.get_one(PartyRow, loan.lender_id)
        granted = Grant(
            pledge_id=eip712.pledge_id(asset.id, secrets.token_hex(16)),
            asset_kind=1,
            asset_id=asset.id,
            amount=asset.face,
            lender=acts.chain_number(lender),
            loan_ref="0x" + secrets.token_hex(32),
            decision_hash="0x" + secrets.token_hex(32),
            expires_at=int(ctx.clock.now().timestamp()) + 86_400,
        )
        nonce = acts.next_nonce(session, pledgor.address, Grant.CONTRACT)
        grant = eip712.signable(granted, nonce, granted.expires_at, acts.domain(ctx, Grant.CONTRACT))
        act = acts.prepare(
            session,
            ctx,
            party=lender,
            act=register.pledge_act(granted, "SAMPLE-NO-ENTRY"),
            subject="demo:second-pledge",
            auths=[eip712.authorise(grant, pledgor.key)],
        )

    def look() -> ActRow:
        with ctx.store.read() as session:
            return session.get_one(ActRow, act.id)

    ended = pledgor.until(look, lambda row: row.status in (ActState.FINAL, ActState.REFUSED))
    if ended.status == ActState.FINAL:
        raise AssertionError("the same amount was pledged twice")
    return {"code": ended.error_code, "detail": ended.error_message}


def _pledge(session: Session, loan_id: str) -> PledgeRow:
    found: PledgeRow = session.exec(select(PledgeRow).where(PledgeRow.loan_id == loan_id)).one()
    return found
