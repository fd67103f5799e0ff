"""For tests of how things end: acts sent past the service's own rules, and everything held against everything."""

from __future__ import annotations

from typing import Any

from eth_account import Account
from eth_hash.auto import keccak
from sqlmodel import col, select

from chainfin.chain.views import ContractViews
from chainfin.connectors.registry_view import RegistryLookup
from chainfin.eth.bindings.registry import ACTS
from chainfin.eth.keys import address_of
from chainfin.risk.valuation import NO_VALUATION
from chainfin.services.kernel import acts
from chainfin.services.kernel.context import OPERATOR, Actor
from chainfin.services.oversight import reconcile
from chainfin.services.oversight.findings import Mismatch
from chainfin.services.parties import gate
from chainfin.storage.party_tables import CustodyKeyRow
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.storage.trade_tables import ActRow, ReceivableRow, WarehouseReceiptRow
from tests.e2e.onchain import view
from tests.e2e.site import Site


def mismatches(site: Site) -> list[Mismatch]:
    """What the reconciliation finds wrong."""
    views = ContractViews(site.inst.node, site.ctx.contracts)
    return list(reconcile.run(site.ctx, OPERATOR, views, RegistryLookup(site.inst.partners.registry)).mismatches)


def sent(site: Site, who: Actor, contract: str, function: str, **params: Any) -> ActRow:
    """An act of a party that no service judged, through to the end of what follows from it."""
    with site.ctx.store.begin() as session:
        row = acts.prepare(
            session,
            site.ctx,
            party=gate.active_party(session, str(who.party_id)),
            act=ACTS[contract, function].from_params(params),
            subject="past the service",
        )
    site.run()
    with site.ctx.store.read() as session:
        done = session.get_one(ActRow, row.id)
    assert done.status == "final", (done.error_code, done.error_message)
    return done


def releases(site: Site, lender: Actor, pledge: PledgeRow, amount: int) -> ActRow:
    """The lender gives up a part of its pledge past the service, whatever has to stay."""
    whole = {"pledgeId": pledge.id, "assetId": pledge.asset_id, "amount": amount}
    return sent(site, lender, "Pledges", "release", **whole, keep=0, valuation=NO_VALUATION)


def operator_key(site: Site) -> bytes:
    """What the operator could sign with past this service."""
    with site.ctx.store.read() as session:
        row = session.get_one(CustodyKeyRow, site.ctx.operator_address)
    return site.ctx.vault.unseal(row.sealed, context=row.address)


def wallet_sends(site: Site, key: bytes, to: str, data: bytes) -> None:
    """A transaction of its own, as any wallet sends it, through to the end of what follows from it."""
    node = site.inst.node
    nonce = node.nonce_of(address_of(key), node.head())
    fields = {"to": to, "data": data, "value": 0, "gas": 1_000_000, "gasPrice": node.gas_price(), "nonce": nonce}
    raw = bytes(Account.sign_transaction({**fields, "chainId": node.chain_id()}, key).raw_transaction)
    node.send_raw(raw)
    site.run()
    receipt = node.receipt(keccak(raw))
    assert receipt is not None
    assert receipt.succeeded


def parts(site: Site, parent_id: str) -> list[ReceivableRow]:
    """What came out of a receivable, the largest first."""
    with site.ctx.store.read() as session:
        rows = session.exec(select(ReceivableRow).where(ReceivableRow.parent_id == parent_id)).all()
    return sorted(rows, key=lambda row: -row.face)


def receipts_out_of(site: Site, parent_id: str) -> list[WarehouseReceiptRow]:
    with site.ctx.store.read() as session:
        return list(session.exec(select(WarehouseReceiptRow).where(WarehouseReceiptRow.parent_id == parent_id)).all())


def receipt(site: Site, receipt_id: str) -> WarehouseReceiptRow:
    with site.ctx.store.read() as session:
        return session.get_one(WarehouseReceiptRow, receipt_id)


def pledges_on(site: Site, asset_id: str) -> list[PledgeRow]:
    with site.ctx.store.read() as session:
        query = select(PledgeRow).where(PledgeRow.asset_id == asset_id).order_by(col(PledgeRow.created_at))
        return list(session.exec(query).all())


def act(site: Site, act_id: str) -> ActRow:
    with site.ctx.store.read() as session:
        return session.get_one(ActRow, act_id)


def pledged_of(site: Site, loan_id: str) -> int:
    """Thousandths of a kilogram that the chain has under the loan's pledge."""
    return int(view(site.inst, "Pledges", "pledgeOf", site.loan(loan_id).pledges[0].id)["amount"])
