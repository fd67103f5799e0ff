"""The people's part of an evidence bundle: opened commitments, and who signed what."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, select

from chainfin.audit.signatures import NEEDED
from chainfin.eth import eip712
from chainfin.eth.bindings.registry import RIDERS
from chainfin.rules.act import ActState
from chainfin.services.kernel import acts as acts_service
from chainfin.services.kernel.context import Context
from chainfin.services.oversight.evidence_facts import Secured
from chainfin.storage.chain_tables import ChainEventRow
from chainfin.storage.lending_tables import ApplicationRow, LoanRow, OfferRow
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.trade_tables import ActRow, ReceivableRow


def parties(session: Session, ctx: Context, loan: LoanRow, secured: Secured) -> list[dict[str, object]]:
    """Legal id and salt of those who deal with each other in the loan: they know each other by name."""
    ids = [loan.borrower_id, loan.lender_id]
    for asset in secured.assets:
        ids += [asset.seller_id, asset.debtor_id] if isinstance(asset, ReceivableRow) else [asset.keeper_id]
    return [_party(ctx, session.get_one(PartyRow, party_id)) for party_id in dict.fromkeys(ids)]


def _party(ctx: Context, row: PartyRow) -> dict[str, object]:
    return {
        "party": row.id,
        "number": row.chain_party or 0,
        "scheme": row.legal_scheme,
        "value": row.legal_value,
        "salt": "0x" + ctx.vault.unseal(row.commitment_salt, context=row.id).hex(),
    }


def acts(
    session: Session, ctx: Context, application: ApplicationRow, events: Sequence[ChainEventRow]
) -> list[dict[str, object]]:
    """The signed acts behind the events, each with its typed data, and the acts that rode in them."""
    found: list[dict[str, object]] = []
    by_tx = {row.tx_hash: row for row in _sent(session, [event.tx_hash for event in events])}
    for number, event in enumerate(events):
        needed = [expected.act for expected in NEEDED.get(f"{event.contract}.{event.name}", ())]
        row = by_tx.get(event.tx_hash)
        if row is None or row.signature is None or row.typed_data["primaryType"] not in needed:
            continue
        found.append(_act(number, row.typed_data, row.signature) | _valuation(row))
        riders = [eip712.type_of(RIDERS[name]) for name in needed if name in RIDERS]
        for kind, raw in zip(riders, row.auths, strict=False):
            auth = eip712.Auth.from_json(raw)
            members = {**row.extra, **row.params}  # a trail is attested, and told in no call
            data = eip712.typed_data(kind, members, auth.nonce, auth.deadline, acts_service.domain(ctx, kind.contract))
            found.append(_act(number, data, "0x" + auth.signature.hex()))
    acceptance = _acceptance(session, application) if application.asset_id is None else None
    if acceptance is not None and acceptance.signature is not None:
        found.append(_act(None, acceptance.typed_data, acceptance.signature))
    return found


def _act(fact: int | None, typed_data: dict[str, object], signature: str) -> dict[str, object]:
    return {"fact": fact, "typed_data": typed_data, "signature": signature}


def _valuation(row: ActRow) -> dict[str, object]:
    return {"valuation": row.extra["valuation"]} if "valuation" in row.extra else {}


def _sent(session: Session, hashes: Sequence[str]) -> Sequence[ActRow]:
    return session.exec(
        select(ActRow).where(col(ActRow.tx_hash).in_(hashes), ActRow.status == ActState.FINAL.value)
    ).all()


def _acceptance(session: Session, application: ApplicationRow) -> ActRow | None:
    offer = session.exec(select(OfferRow).where(OfferRow.application_id == application.id)).one_or_none()
    return None if offer is None or offer.act_id is None else session.get(ActRow, offer.act_id)
