"""Past our own checks, straight to the contract: shows that the chain itself refuses a second pledge."""

from __future__ import annotations

import secrets
from typing import Any

from sqlmodel import Session, select

from chainfin.client.member import Member
from chainfin.demo.stage import Stage
from chainfin.eth import eip712
from chainfin.services.kernel import acts
from chainfin.services.pledges import register
from chainfin.storage.lending_tables import LoanRow
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.trade_tables import ActRow, PledgeRow, ReceivableRow


def pledge_again(stage: Stage, pledgor: Member, loan_id: str) -> dict[str, Any]:
    """Pledgor and lender both sign a second pledge over the whole receivable. Returns the chain's refusal as problem
    details; raises AssertionError if it went through."""
    ctx = stage.installation.ctx
    with ctx.store.begin() as session:
        loan = session.get_one(LoanRow, loan_id)
        asset = session.get_one(ReceivableRow, _pledge(session, loan_id).asset_id)
        lender = session.get_one(PartyRow, loan.lender_id)
        params: dict[str, Any] = {
            "pledgeId": eip712.pledge_id(asset.id, secrets.token_hex(16)),
            "assetKind": 1,
            "assetId": asset.id,
            "amount": asset.face,
            "lender": lender.chain_party,
            "loanRef": "0x" + secrets.token_hex(32),
            "decisionHash": "0x" + secrets.token_hex(32),
            "expiresAt": int(ctx.clock.now().timestamp()) + 86_400,
        }
        nonce = acts.next_nonce(session, pledgor.address, "Pledges")
        domain = acts.domain(ctx, "Pledges")
        grant = eip712.typed_data(eip712.grant_type(), params, nonce, params["expiresAt"], domain)
        act = acts.prepare(
            session,
            ctx,
            party=lender,
            contract="Pledges",
            function="pledge",
            params={**params, "registryNo": register.registry_bytes("SAMPLE-NO-ENTRY")},
            subject="demo:second-pledge",
            auths=[eip712.authorise(grant, pledgor.key)],
        )

    def look() -> ActRow:
        with ctx.store.read() as session:
            return session.get_one(ActRow, act.id)

    ended = pledgor.until(look, lambda row: row.status in ("final", "refused"))
    if ended.status == "final":
        raise AssertionError("the same amount was pledged twice")
    return {"code": ended.error_code, "detail": ended.error_message}


def _pledge(session: Session, loan_id: str) -> PledgeRow:
    found: PledgeRow = session.exec(select(PledgeRow).where(PledgeRow.loan_id == loan_id)).one()
    return found
