"""A margin call on goods: while it isn't met nothing more is lent and nothing released; it is met in time, or sold."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from math import ceil

import pytest

from chainfin.errors import Conflict, NotFound, Refused
from chainfin.rules import margin
from chainfin.services.goods import receipts
from chainfin.services.kernel import custody
from chainfin.services.kernel.context import OPERATOR
from chainfin.services.lending import applications, end_of_day, margin_calls
from chainfin.services.pledges import enforcement, realisation, release
from chainfin.services.reads import queries
from chainfin.values.money import Money
from tests.e2e.asked_acts import asked, sign
from tests.e2e.ending import mismatches
from tests.e2e.margin_deal import CALLED, LENT, SOLD, Deal, on_copper
from tests.e2e.site import Site
from tests.e2e.site_money import CNY


@pytest.fixture
def deal(site: Site) -> Deal:
    return on_copper(site)


def test_call__made__names_its_day_and_what_meets_it(deal: Deal) -> None:
    deal.price(CALLED)
    call = deal.call
    assert (call.status, call.due_on) == ("open", margin.deadline(deal.site.today, 3, deal.site.ctx.calendar))
    assert call.left == Money(call.amount, CNY)
    assert call.quantity is not None
    worth = Money(call.quantity * CALLED // 1000, CNY)
    assert abs(worth.minor * 74 // 100 - call.amount) <= CALLED, "as many goods carry as much"


def test_call__seen_by_borrower_lender_and_undertaker_alone(deal: Deal) -> None:
    site, core = deal.site, deal.site.cast["core"]
    deal.price(CALLED)
    with pytest.raises(NotFound):
        margin_calls.of_loan(site.ctx, core, deal.loan_id)
    site.undertake(deal.pledge)
    seen = [margin_calls.of_loan(site.ctx, party, deal.loan_id).calls for party in (deal.owner, deal.lender, core)]
    assert [[call.due_on for call in calls] for calls in seen] == [[deal.call.due_on]] * 3
    with pytest.raises(NotFound):
        margin_calls.of_loan(site.ctx, site.cast["lender"], deal.loan_id)


def test_call__open__nothing_new_on_goods_from_that_lender(deal: Deal) -> None:
    """No offer, no acceptance of an older one; on a receivable, or from another lender, as ever."""
    site, other = deal.site, deal.site.goods(deal.owner)
    offered = site.offered(deal.owner, 50_000_00, other.id, **deal.wish())
    deal.price(CALLED)
    site.price(70_00)
    with pytest.raises(Refused) as refused:
        applications.accept(site.ctx, deal.owner, offered)
    assert (refused.value.code, refused.value.details["loan"]) == ("margin_call_open", deal.loan_id)
    asked = site.apply(deal.owner, 10_000_00, other.id, **deal.wish())
    site.run()
    row = site.application(asked).row
    assert (row.status, [each["code"] for each in row.refusals]) == ("declined", ["margin_call_open"])
    applications.withdraw(site.ctx, deal.owner, offered)
    site.funded(deal.owner, 10_000_00, other.id, product="inventory_pledge")
    site.funded(deal.owner, 10_000_00, site.confirmed(deal.owner).id, lender_id=str(deal.lender.party_id))


def test_call__made_while_another_loan_is_pledged__no_money_leaves(deal: Deal) -> None:
    """The second loan has goods enough at the lower price: it is the first one's call that stops it."""
    site, other = deal.site, deal.site.goods(deal.owner)
    deal.price(69_00)
    offered = site.offered(deal.owner, 50_000_00, other.id, **deal.wish())
    applications.accept(site.ctx, deal.owner, offered)
    paid = len(site.payments())
    missing = Decimal(20_000) - Decimal(deal.pledge.left * 2 // 3).scaleb(-3)
    receipts.recount(site.ctx, site.cast["keeper"], deal.goods_id, missing, "a count (invented)")
    site.inst.chain.run_until_idle()
    assert deal.call.status == "escalated"
    site.run()
    assert site.application(offered).row.status == "failed"
    assert "margin_call_open" in str(site.application(offered).progress[-1].detail)
    assert len(site.payments()) == paid
    assert queries.warehouse_receipt(site.ctx, deal.owner, other.id).pledged == 0


def test_call__open__no_goods_are_released_until_it_is_met(deal: Deal) -> None:
    site, before = deal.site, deal.pledge.left
    deal.price(CALLED)
    with pytest.raises(Refused) as refused:
        release.release_by_lender(site.ctx, deal.lender, deal.pledge.id, "1")
    assert refused.value.code == "margin_call_open"
    deal.pays(deal.call.amount - 1)
    assert (deal.call.status, deal.call.left) == ("open", Money(1, CNY))
    assert deal.pledge.left == before
    deal.pays(1)
    assert deal.call.status == "cured"
    assert deal.pledge.left == before, "what was called restored the loan, and no more"
    deal.pays(50_000_00)
    assert deal.pledge.left < before
    release.release_by_lender(site.ctx, deal.lender, deal.pledge.id, "1")


def test_call__open__a_second_loan_of_the_same_lender_keeps_its_goods(deal: Deal) -> None:
    site, other = deal.site, deal.site.goods(deal.owner)
    second = site.funded(deal.owner, 100_000_00, other.id, **deal.wish())
    (pledge,) = site.loan(second).pledges
    deal.price(65_00)  # 75 %: not called
    deal.price(CALLED)
    assert [call.status for call in margin_calls.of_loan(site.ctx, deal.owner, second).calls] == ["open"]
    site.pays(60_000_00, f"LOAN {second}")
    assert [call.status for call in margin_calls.of_loan(site.ctx, deal.owner, second).calls] == ["cured"]
    assert site.loan(second).pledges[0].left == pledge.left, "the first loan's call isn't met"
    deal.pays(deal.left)
    site.inst.housekeeper.run_once()
    site.run()
    assert site.loan(second).pledges[0].left < pledge.left


def test_call__open__a_loan_that_is_repaid_gives_its_goods_up(deal: Deal) -> None:
    site = deal.site
    deal.price(CALLED)
    deal.pays(site.loan(deal.loan_id).loan.dues.total.minor)
    assert site.loan(deal.loan_id).row.status == "repaid"
    assert (deal.call.status, deal.pledge.left) == ("cured", 0)
    site.offered(deal.owner, 10_000_00, deal.goods_id, **deal.wish())


def test_release__of_the_lenders_own_will__never_so_much_that_its_borrower_is_called(deal: Deal) -> None:
    """Lent at 70 %, called above 78 %: of 4,082 kg about 400 may go as the lender likes; or all of it."""
    site, pledge = deal.site, deal.pledge
    owed = site.loan(deal.loan_id).loan.dues.total.minor
    spare = pledge.left - ceil(Decimal(owed) * 1000 / (70_00 * Decimal("0.78")))
    with pytest.raises(Refused) as refused:
        release.release_by_lender(site.ctx, deal.lender, pledge.id, str(Decimal(spare + 1).scaleb(-3)))
    assert refused.value.code == "release_leaves_short"
    release.release_by_lender(site.ctx, deal.lender, pledge.id, str(Decimal(spare).scaleb(-3)))
    site.run()
    assert (pledge.left - deal.pledge.left, deal.calls) == (spare, [])
    site.move_to(site.today + timedelta(days=8))
    with pytest.raises(Refused) as refused:
        release.release_by_lender(site.ctx, deal.lender, pledge.id, "1")
    assert refused.value.code == "price_stale", "nobody knows whether it would be called"
    release.release_by_lender(site.ctx, deal.lender, pledge.id)
    site.run()
    deal.price(70_00)
    assert (deal.pledge.left, deal.calls) == (0, [])


def test_release__of_the_lenders_own_will__price_falls_before_it_signs__not_signed_any_more(
    deal: Deal, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = deal.site
    with monkeypatch.context() as patch:
        patch.setattr(custody, "signer_of", lambda *_: None)
        act = release.release_by_lender(site.ctx, deal.lender, deal.pledge.id, "300")
    deal.price(65_00)
    with pytest.raises(Refused) as refused:
        sign(site, act)
    assert refused.value.code == "release_outdated"
    assert deal.calls == []


def test_call__price_recovers__met(deal: Deal) -> None:
    deal.price(CALLED)
    deal.price(65_00)
    assert deal.call.status == "open", "75.4 % is below the call rate, not below the cure rate of 74 %"
    deal.price(67_00)
    assert (deal.call.status, deal.call.left) == ("cured", None)
    deal.site.offered(deal.owner, 10_000_00, deal.goods_id, **deal.wish())


def test_call__escalated__cured_by_the_price_at_which_the_loan_was_granted(deal: Deal) -> None:
    """Fee and interest are owed as well: at that price the loan stands above the rate of granting for ever."""
    deal.price(SOLD)
    assert deal.call.status == "escalated"
    deal.price(70_00)
    assert (deal.call.status, deal.call.left) == ("cured", None)


def test_call__price_moves__what_is_left_cures_today(deal: Deal) -> None:
    deal.price(CALLED)
    asked = deal.call.amount
    deal.price(64_00)
    assert deal.call.amount == asked
    left = deal.left
    owed, worth = deal.site.loan(deal.loan_id).loan.dues.total.minor, deal.pledge.left * 64_00 // 1000
    assert left == pytest.approx(owed - worth * Decimal("0.74"), abs=1)
    assert left < asked
    deal.pays(left - 1)
    assert (deal.call.status, deal.call.left) == ("open", Money(1, CNY))
    deal.pays(1)
    assert (deal.call.status, deal.call.left) == ("cured", None)


def test_call__not_met_in_time__escalated_by_the_end_of_day_and_the_goods_taken(deal: Deal) -> None:
    site = deal.site
    deal.price(CALLED)
    due, first = deal.call.due_on, deal.call
    assert due is not None
    deal.day_ends((due - site.today).days)
    assert [(call.id, call.status) for call in deal.calls] == [(first.id, "open")], "the whole of its day is left"
    assert deal.call.amount == first.amount, "nothing more is asked for the interest of these days"
    with pytest.raises(Refused) as refused:
        enforcement.enforce(site.ctx, deal.lender, deal.pledge.id)
    assert refused.value.code == "loan_not_overdue"
    site.move_to(site.today + timedelta(days=1))
    end_of_day.run(site.ctx, OPERATOR, site.today)
    assert (deal.call.status, deal.call.escalated_on) == ("escalated", site.today)
    with pytest.raises(Conflict) as untold:
        enforcement.enforce(site.ctx, deal.lender, deal.pledge.id)
    assert untold.value.code == "bank_statement_missing", "it may have been paid on its last day"
    site.inst.incoming.run_once()
    owed = site.loan(deal.loan_id).loan.dues.total.minor
    enforcement.enforce(site.ctx, deal.lender, deal.pledge.id)
    site.run()
    assert (deal.pledge.status, site.loan(deal.loan_id).row.status) == ("enforced", "active")
    buyer = site.admit(site.cast["core"].roles)
    account = site.party(buyer.party_id).account
    kilograms = 3000
    realisation.sell(
        site.ctx, deal.lender, deal.pledge.id, str(kilograms), Money(kilograms * 62_00, CNY), account, "sold as it is"
    )
    site.pays(kilograms * 62_00, f"BUYBACK {deal.pledge.id}", payer=account)
    assert site.loan(deal.loan_id).loan.dues.total.minor <= owed - kilograms * 62_00 + 200_00
    assert mismatches(site) == []


def test_call__escalated__cured_until_the_goods_are_taken(deal: Deal) -> None:
    site = deal.site
    deal.price(CALLED)
    assert deal.call.due_on is not None
    deal.day_ends((deal.call.due_on - site.today).days + 1)
    assert deal.call.status == "escalated"
    with pytest.raises(Refused) as refused:
        release.release_by_lender(site.ctx, deal.lender, deal.pledge.id, "1")
    assert refused.value.code == "margin_call_open"
    deal.pays(deal.left)
    assert deal.call.status == "cured"
    with pytest.raises(Refused) as refused:
        enforcement.enforce(site.ctx, deal.lender, deal.pledge.id)
    assert refused.value.code == "loan_not_overdue"


def test_call__goods_worth_too_little__the_lender_neednt_wait(deal: Deal) -> None:
    site = deal.site
    deal.price(SOLD)
    assert (deal.call.status, deal.call.escalated_on) == ("escalated", site.today)
    with pytest.raises(Conflict) as untold:
        enforcement.enforce(site.ctx, deal.lender, deal.pledge.id)
    assert untold.value.code == "bank_statement_missing"
    site.move_to(site.today + timedelta(days=1))
    site.inst.incoming.run_once()
    enforcement.enforce(site.ctx, deal.lender, deal.pledge.id)
    site.run()
    assert deal.pledge.status == "enforced"
    end_of_day.run(site.ctx, OPERATOR, site.today)
    assert [call.status for call in deal.calls] == ["escalated"], "nothing is called on what was taken"


def test_call__escalated__who_undertook_to_buy_needs_no_agreement(deal: Deal) -> None:
    site, account = deal.site, deal.site.party(deal.site.cast["core"].party_id).account
    site.undertake(deal.pledge)
    deal.price(CALLED)
    back = site.pays(63_00 * 1000, f"BUYBACK {deal.pledge.id}", payer=account)
    assert (site.incoming(back).status, site.incoming(back).reason) == ("refunded", "buy_back_not_agreed")
    before = deal.pledge.left
    deal.price(SOLD)
    done = site.pays(63_00 * 1000, f"BUYBACK {deal.pledge.id}", payer=account)
    assert site.incoming(done).status == "applied"
    assert deal.pledge.left < before


def test_release__unsigned_when_the_call_comes__not_signed_any_more(
    deal: Deal, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(custody, "signer_of", lambda *_: None)
        deal.pays(LENT // 2)
        (waiting,) = asked(deal.site, deal.pledge.id, "release")
        deal.price(58_00)
        assert deal.calls == [], "what isn't signed away covers still"
        deal.price(31_00)
        assert deal.call.status == "open"
        with pytest.raises(Refused) as refused:
            sign(deal.site, waiting)
        assert refused.value.code == "release_outdated"
        assert [act.status for act in asked(deal.site, deal.pledge.id, "release")] == ["refused"]
    deal.price(70_00)
    deal.site.run()
    assert deal.call.status == "cured"
    assert [act.status for act in asked(deal.site, deal.pledge.id, "release")] == ["refused", "final"]


def test_call__price_falls_on__for_more_by_the_same_day(deal: Deal) -> None:
    deal.price(CALLED)
    first = deal.call
    deal.site.move_to(deal.site.today + timedelta(days=1))
    deal.price(60_00)
    assert [call.status for call in deal.calls] == ["replaced", "open"]
    assert deal.call.due_on == first.due_on
    assert deal.call.amount > first.amount


def test_call__price_too_old_at_its_deadline__escalated_all_the_same(deal: Deal) -> None:
    site = deal.site
    deal.price(CALLED)
    site.move_to(site.today + timedelta(days=9))
    done = end_of_day.run(site.ctx, OPERATOR, site.today)
    assert (done.unchecked[deal.loan_id], deal.call.status) == ("price_stale", "escalated")


@pytest.mark.parametrize("minor", [0, -36_98], ids=["nothing", "as oil on 2020-04-20"])
def test_price__not_above_zero__calls_for_all_and_stops_lending_and_releases(deal: Deal, minor: int) -> None:
    site, owed = deal.site, deal.site.settles(deal.loan_id)
    deal.price(minor)
    (call,) = deal.calls
    assert (call.status, call.quantity) == ("escalated", None), "no quantity of it would do"
    assert deal.left >= owed, "all that is owed"
    application = site.apply(deal.owner, 10_000_00, deal.goods_id, **deal.wish())
    site.run()
    assert "margin_call_open" in [refusal["code"] for refusal in site.application(application).row.refusals]
    other = site.borrower()
    site.limit("borrower", other, 5_000_000_00, deal.lender)
    fresh = site.goods(other)
    application = site.apply(other, 10_000_00, fresh.id, **deal.wish())
    site.run()
    assert [refusal["code"] for refusal in site.application(application).row.refusals] == ["price_not_positive"]
    deal.pays(owed // 2)
    assert deal.pledge.released == 0, "nobody knows how much may go"
    deal.price(70_00)
    site.run()
    assert deal.calls[-1].status == "cured"
    assert deal.pledge.released > 0


def test_bought_back__money_waits_for_goods__nothing_is_called_meanwhile(
    deal: Deal, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = deal.site
    site.undertake(deal.pledge, agreed=deal.owner)
    account = site.party(site.cast["core"].party_id).account
    with monkeypatch.context() as patch:
        patch.setattr(custody, "signer_of", lambda *_: None)
        ref = site.pays(140_000_00, f"BUYBACK {deal.pledge.id}", payer=account)
        assert (site.incoming(ref).status, site.incoming(ref).reason) == ("waiting", "buy_back_under_way")
        deal.price(70_00)
        assert deal.calls == [], "the money for what leaves is there"
    (word,) = asked(site, deal.pledge.id, "buyBack")
    sign(site, word)
    site.run()
    assert site.incoming(ref).status == "applied"
    assert deal.calls == []
