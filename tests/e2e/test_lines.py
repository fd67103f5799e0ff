"""授信额度 on chain: lenders set their shares of a marked debtor's line; what it confirms draws on it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chainfin.errors import ChainfinError, Refused
from chainfin.eth.abi import contract_abi
from chainfin.eth.bindings.registry import ACTS
from chainfin.services.kernel import acts
from chainfin.services.kernel.context import OPERATOR, Actor
from chainfin.services.lending import credit_notes
from chainfin.services.trade import debtor_lines, receivables, splits_and_transfers
from chainfin.services.views.trade import DebtorLineView
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.trade_tables import ReceivableRow
from chainfin.values.money import Money
from chainfin.values.party import Role
from tests.e2e.ending import act, mismatches, operator_key, parts, sent, wallet_sends
from tests.e2e.onchain import rows, view
from tests.e2e.site import FACE, Site
from tests.e2e.site_money import CNY


@pytest.fixture
def debtor(site: Site, monkeypatch: pytest.MonkeyPatch) -> Actor:
    """A core enterprise with the mark, in the place of the site's own."""
    marked = site.admit(Role.CORE | Role.LINED)
    monkeypatch.setitem(site.cast, "core", marked)
    return marked


@pytest.fixture
def seller(site: Site) -> Actor:
    return site.borrower()


def set_line(site: Site, debtor: Actor, limit: int, lender: Actor | None = None, currency: str = CNY) -> str:
    made = debtor_lines.set_(site.ctx, lender or site.cast["lender"], str(debtor.party_id), Money(limit, currency))
    site.run()
    return made.id


def issued(site: Site, seller: Actor) -> ReceivableRow:
    documents = site.papers(seller, buyer=site.companies[str(site.cast["core"].party_id)])
    made = receivables.issue(site.ctx, seller, site.received(seller, documents), documents["invoice"])
    site.run()
    return site.receivable(made.receivable.id)


def seen(site: Site, debtor: Actor, actor: Actor = OPERATOR) -> DebtorLineView:
    return debtor_lines.get(site.ctx, actor, str(debtor.party_id))


def on_chain(site: Site, debtor: Actor) -> tuple[int, int]:
    limit, used = view(site.inst, "Receivables", "line", site.party(debtor.party_id).chain_party)
    return limit, used


def test_line__set_by_two_lenders__is_their_sum_and_each_sees_its_own(site: Site, debtor: Actor) -> None:
    other = site.admit(Role.LENDER)
    made = set_line(site, debtor, 700_000_00)
    assert act(site, made).status == "final"
    set_line(site, debtor, 500_000_00, other)
    set_line(site, debtor, 600_000_00)
    line = seen(site, debtor)
    assert (line.limit, line.used, line.currency) == (1_100_000_00, 0, CNY)
    assert on_chain(site, debtor) == (1_100_000_00, 0)
    shares = {str(site.cast["lender"].party_id): 600_000_00, str(other.party_id): 500_000_00}
    for actor, own in ((debtor, shares), (other, {str(other.party_id): 500_000_00}), (OPERATOR, shares)):
        assert {each.lender_id: each.limit for each in seen(site, debtor, actor).shares} == own
        assert debtor.party_id in [each.debtor_id for each in debtor_lines.list_(site.ctx, actor)]
    with pytest.raises(ChainfinError) as refused:
        seen(site, debtor, site.cast["keeper"])
    assert refused.value.code == "line_unknown"
    assert debtor_lines.list_(site.ctx, site.cast["keeper"]) == []
    assert mismatches(site) == []


def test_confirmation__within_the_line__draws_on_it_and_its_payment_gives_back(
    site: Site, debtor: Actor, seller: Actor
) -> None:
    set_line(site, debtor, FACE)
    row = issued(site, seller)
    site.confirm(row)
    site.run()
    assert site.receivable(row.id).lined
    assert seen(site, debtor).used == FACE
    assert on_chain(site, debtor) == (FACE, FACE)
    assert mismatches(site) == []
    site.pays(100_000_00, f"RECEIVABLE {row.id}")
    assert seen(site, debtor).used == FACE - 100_000_00
    assert mismatches(site) == []


def test_confirmation__beyond_the_line__refused_before_anything_is_sent(
    site: Site, debtor: Actor, seller: Actor
) -> None:
    set_line(site, debtor, FACE - 1)
    row = issued(site, seller)
    before = rows(site.ctx.store)
    with pytest.raises(Refused) as refused:
        site.confirm(row)
    assert refused.value.code == "line_exceeded"
    assert refused.value.details == {"debtor": debtor.party_id, "wanted": FACE, "limit": FACE - 1, "used": 0}
    assert rows(site.ctx.store) == before
    set_line(site, debtor, FACE)
    site.confirm(row)
    site.run()
    assert site.receivable(row.id).status == "confirmed"


def test_confirmation__without_any_line__refused(site: Site, debtor: Actor, seller: Actor) -> None:
    with pytest.raises(Refused) as refused:
        site.confirm(issued(site, seller))
    assert refused.value.code == "line_exceeded"


def test_confirmations__two_of_which_the_line_carries_one__the_second_refused_while_the_first_is_on_its_way(
    site: Site, debtor: Actor, seller: Actor
) -> None:
    set_line(site, debtor, 2 * FACE - 1)
    first, second = issued(site, seller), issued(site, seller)
    site.confirm(first)
    with pytest.raises(Refused) as refused:
        site.confirm(second)
    assert refused.value.code == "line_exceeded"
    site.run()
    assert seen(site, debtor).used == FACE
    with pytest.raises(Refused) as refused:
        site.confirm(second)
    assert refused.value.code == "line_exceeded"
    site.pays(1, f"RECEIVABLE {first.id}")
    site.confirm(second)
    site.run()
    assert on_chain(site, debtor) == (2 * FACE - 1, 2 * FACE - 1)
    assert mismatches(site) == []


def test_line__lowered_below_its_use__stops_new_confirmations_only(site: Site, debtor: Actor, seller: Actor) -> None:
    set_line(site, debtor, 3 * FACE)
    row, next_ = issued(site, seller), issued(site, seller)
    site.confirm(row)
    site.run()
    set_line(site, debtor, 0)
    assert (seen(site, debtor).limit, seen(site, debtor).used) == (0, FACE)
    assert site.receivable(row.id).status == "confirmed"
    with pytest.raises(Refused) as refused:
        site.confirm(next_)
    assert refused.value.code == "line_exceeded"
    assert mismatches(site) == []


def test_parts__paid_and_credited__give_back_what_the_whole_drew(site: Site, debtor: Actor, seller: Actor) -> None:
    set_line(site, debtor, FACE)
    documents = site.papers(seller, buyer=site.companies[str(debtor.party_id)])
    made = receivables.issue(site.ctx, seller, site.received(seller, documents), documents["invoice"])
    site.run()
    site.confirm(made.receivable)
    site.run()
    splits_and_transfers.split(site.ctx, seller, made.receivable.id, [Money(200_000_00, CNY), Money(50_000_00, CNY)])
    site.run()
    part = parts(site, made.receivable.id)[0]
    assert part.lined
    site.pays(part.face, f"RECEIVABLE {part.id}")
    assert seen(site, debtor).used == FACE - 200_000_00
    note = credit_notes.credit(site.ctx, seller, made.receivable.id, documents["credit_note"])
    site.run()
    assert note.diluted.minor > 0
    assert seen(site, debtor).used == FACE - 200_000_00 - note.diluted.minor
    assert mismatches(site) == []


def test_mark__taken_away__what_drew_still_gives_back_and_the_next_draws_nothing(
    site: Site, debtor: Actor, seller: Actor
) -> None:
    set_line(site, debtor, FACE)
    row = issued(site, seller)
    site.confirm(row)
    site.run()
    number = site.party(debtor.party_id).chain_party
    announced(site, "setRoles", party=number, roles=int(Role.CORE))
    assert site.party(debtor.party_id).roles == Role.CORE
    free = site.confirmed(seller, site.papers(seller, buyer=site.companies[str(debtor.party_id)]))
    assert not free.lined
    site.pays(FACE, f"RECEIVABLE {row.id}")
    assert seen(site, debtor).used == 0
    site.pays(FACE, f"RECEIVABLE {free.id}")
    assert seen(site, debtor).used == 0
    assert mismatches(site) == []


def announced(site: Site, function: str, **params: object) -> None:
    """What the operator can't do at once: it announces it in Governance and does it after the two days, by itself."""
    key = operator_key(site)
    at = site.inst.deployment.addresses
    deed = contract_abi("Participants").function(function).encode([params])
    governance = contract_abi("Governance")
    for step, rest in (("schedule", [0]), ("execute", [])):
        wallet_sends(site, key, at["Governance"], governance.function(step).encode([at["Participants"], deed, *rest]))
        site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(days=2, hours=1))


def test_line__set_past_the_service__projected_all_the_same(site: Site, debtor: Actor, seller: Actor) -> None:
    number = site.party(debtor.party_id).chain_party
    sent(site, site.cast["lender"], "Receivables", "setLine", debtor=number, limit=FACE)
    assert (seen(site, debtor).limit, seen(site, debtor).currency) == (FACE, None)
    site.confirm(issued(site, seller))
    site.run()
    line = seen(site, debtor)
    assert (line.used, line.currency) == (FACE, CNY), "that of the debtor's orders"
    assert mismatches(site) == []


@pytest.mark.parametrize(
    ("case", "code"),
    [
        ("by the debtor", "role_missing"),
        ("by the operator", "role_missing"),
        ("unknown", "party_unknown"),
        ("pending", "party_not_active"),
        ("without the mark", "debtor_not_lined"),
        ("in another currency", "currency_mismatch"),
        ("in another currency than its orders", "currency_mismatch"),
        ("beyond the register", "amount_too_large"),
    ],
)
def test_set_line__what_cannot_be__refused(site: Site, debtor: Actor, seller: Actor, case: str, code: str) -> None:
    lender, target, limit = site.cast["lender"], str(debtor.party_id), Money(1_00, CNY)
    if case == "by the debtor":
        lender = debtor
    elif case == "by the operator":
        lender = OPERATOR
    elif case == "unknown":
        target = "pty_unknown"
    elif case == "pending":
        with site.ctx.store.begin() as session:
            party = session.get_one(PartyRow, target)
            party.status = "pending"
            session.add(party)
    elif case == "without the mark":
        target = str(seller.party_id)
    elif case == "in another currency":
        set_line(site, debtor, 1_00)
        limit = Money(1_00, "USD")
    elif case == "in another currency than its orders":
        issued(site, seller)
        limit = Money(1_00, "USD")
    elif case == "beyond the register":
        limit = Money(2**56, CNY)
    with pytest.raises(ChainfinError) as refused:
        debtor_lines.set_(site.ctx, lender, target, limit)
    assert refused.value.code == code
    if case == "pending":
        with site.ctx.store.begin() as session:
            session.get_one(PartyRow, target).status = "active"


def test_line__lowered_by_a_suspended_lender__taken_and_not_raised_again(site: Site, debtor: Actor) -> None:
    lender = site.admit(Role.LENDER)
    set_line(site, debtor, 500_000_00, lender)
    operated(site, "suspend", party=site.party(lender.party_id).chain_party)
    made = set_line(site, debtor, 200_000_00, lender)
    assert act(site, made).status == "final"
    assert on_chain(site, debtor) == (200_000_00, 0)
    with pytest.raises(ChainfinError) as refused:
        set_line(site, debtor, 200_000_00, lender)
    assert refused.value.code == "party_not_active"
    assert mismatches(site) == []


def operated(site: Site, function: str, **params: object) -> None:
    """An act of the operator, to its end."""
    with site.ctx.store.begin() as session:
        acts.prepare(session, site.ctx, party=None, act=ACTS["Participants", function].from_params(params), subject="-")
    site.run()
