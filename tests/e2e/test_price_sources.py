"""Whose price counts for a loan on goods, and what a second person has to agree to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chainfin.services.goods import receipts
from chainfin.services.kernel.context import OPERATOR, Actor
from chainfin.services.lending import applications, margin_calls, prices
from chainfin.services.reactions import approved
from chainfin.values.money import Money
from chainfin.values.party import Role, first_person
from tests.e2e.ending import pledged_of
from tests.e2e.site import Site
from tests.e2e.site_money import CNY

LENT = 200_000_00


def declined(site: Site, owner: Actor, lender: Actor, receipt_id: str) -> list[str]:
    """Why an application on goods is declined."""
    row = applications.apply(
        site.ctx, owner, product="inventory_pledge", lender_id=str(lender.party_id), amount=Money(LENT, CNY), days=60,
        asset_id=receipt_id,
    )  # fmt: skip
    site.run()
    found = site.application(row.id).row
    assert found.status == "declined", found.status
    return [str(each["code"]) for each in found.refusals]


def test_price__of_another_lender__counts_for_that_one_alone(site: Site) -> None:
    owner = site.borrower()
    other = site.lender(owner)
    receipt = site.goods(owner)
    assert declined(site, owner, other, receipt.id) == ["price_missing"]
    before = pledged_of(site, site.funded(owner, LENT, receipt.id, product="inventory_pledge"))
    site.price(700_00, other)
    after = pledged_of(site, site.funded(owner, LENT, receipt.id, product="inventory_pledge"))
    assert after == before, "another lender's tenfold price made the same goods worth more"


def test_price__of_the_operators_approved_source__counts_where_the_lender_has_none(site: Site) -> None:
    operator = replace(OPERATOR, person_id=first_person(None))
    asked = prices.propose_source(site.ctx, operator, name="exchange (sample)", reason="where the trade looks")
    approved.approve(site.ctx, site.second(operator), asked.id, "known for long")
    price: dict[str, Any] = {"good": "copper-scrap", "unit": "KGM", "as_of": site.today, "price": Money(200_00, CNY)}
    prices.set_price(site.ctx, operator, source="exchange (sample)", **price)
    lender, rival = site.cast["lender"], site.admit(Role.LENDER)
    prices.set_price(site.ctx, rival, source="own", **{**price, "price": Money(999_00, CNY)})
    with site.ctx.store.read() as session:
        seen = [
            receipts.latest_price(session, str(each.party_id), "copper-scrap", "KGM", CNY).minor_per_unit
            for each in (lender, rival)
        ]
    assert seen == [200_00, 999_00]


def test_price__beyond_the_band__counts_once_a_second_person_approves(site: Site) -> None:
    lender = site.cast["lender"]
    site.price(70_00)

    def counting() -> int:
        with site.ctx.store.read() as session:
            return receipts.latest_price(session, str(lender.party_id), "copper-cathode", "KGM", CNY).minor_per_unit

    row = prices.set_price(
        site.ctx, lender, good="copper-cathode", unit="KGM", price=Money(56_00 - 1, CNY), source="s", as_of=site.today
    )
    assert (counting(), row.counts_from) == (70_00, None)
    approved.approve(site.ctx, site.second(lender), str(row.proposal_id), "it fell")
    assert counting() == 55_99


def test_price__withdrawn__what_it_did_is_looked_at_by_the_one_before(site: Site) -> None:
    """A price that was another good's: the call that it made is cured, nothing is lent by it, and no band knows it."""
    owner = site.borrower()
    lender = site.lender(owner)
    site.price(70_00, lender)
    goods = site.goods(owner)
    wish = {"product": "inventory_pledge", "lender_id": str(lender.party_id)}
    loan_id = site.funded(owner, LENT, goods.id, **wish)
    wrong = site.price(57_00, lender)
    assert [call.status for call in margin_calls.of_loan(site.ctx, owner, loan_id).calls] == ["open"]
    asked = prices.propose_withdrawal(site.ctx, lender, wrong.id, reason="another good's")
    assert [call.status for call in margin_calls.of_loan(site.ctx, owner, loan_id).calls] == ["open"]
    approved.approve(site.ctx, site.second(lender), asked.id, "it is")
    assert [call.status for call in margin_calls.of_loan(site.ctx, owner, loan_id).calls] == ["cured"]
    more = site.application(site.offered(owner, 70_000_00, goods.id, **wish)).offer
    assert more is not None
    assert more.pledge_amount == pytest.approx(70_000_000 / 49, abs=1), "at 70.00"
    next_one = prices.set_price(
        site.ctx, lender, good="copper-cathode", unit="KGM", price=Money(80_00, CNY), source="s", as_of=site.today
    )
    assert next_one.counts_from is not None, "80 is far from 57, not from 70"


def test_price__the_only_one_withdrawn__nobody_can_tell(site: Site) -> None:
    owner = site.borrower()
    lender = site.lender(owner)
    only = site.price(70_00, lender)
    goods = site.goods(owner)
    wish = {"product": "inventory_pledge", "lender_id": str(lender.party_id)}
    loan_id = site.funded(owner, LENT, goods.id, **wish)
    asked = prices.propose_withdrawal(site.ctx, lender, only.id, reason="not ours")
    approved.approve(site.ctx, site.second(lender), asked.id, "it isn't")
    assert margin_calls.of_loan(site.ctx, owner, loan_id).unchecked == "price_missing"
    assert declined(site, owner, lender, goods.id) == ["price_missing"]


def test_price__in_small_steps_within_a_day__no_way_round_the_band(site: Site) -> None:
    lender = site.lender(site.borrower())
    steps = [
        prices.set_price(
            site.ctx, lender, good="copper-cathode", unit="KGM", price=Money(minor, CNY), source="s", as_of=site.today
        )
        for minor in (70_00, 63_00, 57_00, 55_00)
    ]
    assert [step.proposal_id is None for step in steps] == [True, True, True, False]
