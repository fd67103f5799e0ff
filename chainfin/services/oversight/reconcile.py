"""Does everything agree: chain, projection, statutory registry, ledger. Every mismatch by name; nothing is changed.

The chain is asked at the block up to which the projection stands, so that the two speak of the same moment.
"""

from __future__ import annotations

from chainfin.errors import Forbidden
from chainfin.progress import Step, silent
from chainfin.rules.pledge import State
from chainfin.services.goods import receipts
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.kernel.pledge_rows import LIVE_STATUS as LIVE
from chainfin.services.oversight import (
    reconcile_bank,
    reconcile_book,
    reconcile_chain,
    reconcile_orders,
    reconcile_payments,
    reconcile_registry,
    reconciled_rows,
)
from chainfin.services.oversight.findings import Findings, Reconciliation
from chainfin.services.oversight.reconcile_chain import ChainView
from chainfin.services.oversight.reconcile_registry import RegistryView
from chainfin.services.oversight.reconciled_rows import Rows


def run(
    ctx: Context, actor: Actor, chain: ChainView, registry: RegistryView, progress: Step = silent
) -> Reconciliation:
    """Compare everything. For auditors and the operator. ``progress`` is told of each thing that was looked at.

    Raises Forbidden role_missing; Unavailable chain_not_indexed, chain_behind, chain_unreachable.
    """
    if not actor.sees_all:
        raise Forbidden("role_missing", "this takes an auditor or the operator")
    findings = Findings(progress=progress)
    with ctx.store.read() as session:
        rows = reconciled_rows.read(session)
        reconcile_orders.check(session, rows.orders, findings)
        reconcile_book.check(session, ctx, findings)
        reconcile_bank.check(session, findings)
        reconcile_payments.check(session, ctx.clock, findings)
        reconcile_chain.check_events(session, findings)
    reconcile_chain.check(rows, chain, findings)
    _exclusive(rows, findings)
    reconcile_registry.check(rows, registry, findings)
    return Reconciliation(rows.block.number, rows.block.hash, findings.looked_at, tuple(findings.mismatches))


def _exclusive(rows: Rows, findings: Findings) -> None:
    """What is pledged of an asset is the sum of its live pledges. What is reserved is the sum of the pledges under way;
    of goods that a lender took on default it is what is not sold yet, since nothing of it leaves before it is paid."""
    live: dict[str, int] = {}
    waiting: dict[str, int] = {}
    by_id = {receipt.id: receipt for receipt in rows.receipts}
    for pledge in rows.pledges:
        taken = by_id.get(str(pledge.taken_id)) if pledge.loan_id is not None else None
        if taken is not None and taken.owner_id not in (pledge.lender_id, pledge.pledgor_id):
            unsold = max(0, taken.issued - taken.missing - rows.sold.get(taken.id, 0))
            findings.same("taken goods that were passed on unsold", taken.id, unsold, 0)
        if taken is not None and taken.owner_id == pledge.lender_id:
            sold = rows.sold.get(taken.id, 0)
            gone = max(0, taken.released - sold)
            findings.same("taken goods that left unsold", taken.id, gone, 0)
            waiting[taken.id] = max(0, min(taken.issued - sold, receipts.free(taken)))
    for pledge in rows.pledges:
        if pledge.status in LIVE:
            live[pledge.asset_id] = live.get(pledge.asset_id, 0) + pledge.left
        elif pledge.status == State.PENDING:
            waiting[pledge.asset_id] = waiting.get(pledge.asset_id, 0) + pledge.amount
    for asset in rows.assets:
        findings.same("asset.pledged is the sum of its pledges", asset.id, asset.pledged, live.get(asset.id, 0))
        findings.same("asset.reserved is what is promised", asset.id, asset.reserved, waiting.get(asset.id, 0))
