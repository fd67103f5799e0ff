"""What happens when a second person approves: one table from a proposal's kind to its effect."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from chainfin.errors import BadInput
from chainfin.services.kernel import approvals
from chainfin.services.kernel.approvals import Effect
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.lending import limits, mandates, prices
from chainfin.services.parties import confirming, names, persons
from chainfin.services.payments import accounts, between_lenders, pay_again, reversed_claims, unmatched
from chainfin.services.pledges import floating, returns
from chainfin.services.reactions import partner_results
from chainfin.services.views.acts import ProposalView

EFFECTS: Mapping[str, Effect] = MappingProxyType(
    {
        accounts.ACCOUNT: accounts.change,
        between_lenders.PASSED_ON: between_lenders.passed_on,
        confirming.CLIENT: confirming.client,
        confirming.PERSON: confirming.person,
        confirming.SUSPENSION: persons.suspended,
        limits.LIMIT: limits.raise_,
        names.NAME: names.change,
        floating.MINIMUM: floating.set_minimum,
        mandates.MANDATE: mandates.sign_in_custody,
        prices.PRICE: prices.count_price,
        prices.PRICE_WITHDRAWAL: prices.withdraw_price,
        prices.PRICE_SOURCE: prices.approve_source,
        partner_results.OUTCOME: partner_results.take,
        pay_again.PAYEE: pay_again.to_another,
        returns.RETURN: returns.give_back,
        reversed_claims.SETTLED: reversed_claims.settled,
        unmatched.ALLOCATION: unmatched.allocate,
    }
)


def approve(
    ctx: Context, actor: Actor, proposal_id: str, reason: str, more: Mapping[str, Effect] = MappingProxyType({})
) -> ProposalView:
    """See `approvals.approve`. ``more``: effects of what only a driver can carry out. Raises also BadInput
    reason_missing."""
    _unless_silent(reason)
    return approvals.approve(ctx, actor, proposal_id, reason=reason, effects={**EFFECTS, **more})


def reject(ctx: Context, actor: Actor, proposal_id: str, reason: str) -> ProposalView:
    """See `approvals.reject`. Raises also BadInput reason_missing."""
    _unless_silent(reason)
    return approvals.reject(ctx, actor, proposal_id, reason=reason)


def _unless_silent(reason: str) -> None:
    if not reason.strip():
        raise BadInput("reason_missing", "say why you decide so", where="/reason")
