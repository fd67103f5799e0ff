"""Evidence of loans with several pledges: each is shown and checked as a lone one is, and can't be forged or left out.

The goods of two loans were sold, and the receivables of the sales took their places: one bundle is changed with pieces
of the other, the chain being the same.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from chainfin import acts as eip712
from chainfin.abi import from_hex
from chainfin.audit.report import Report, State
from chainfin.audit.verify import verify
from chainfin.chain.prover import ChainProver
from chainfin.money import Money
from chainfin.services import custody, eod, evidence, loanbook, passing, pledging, substituting, undertaking
from chainfin.services.context import OPERATOR, Actor
from chainfin.storage.trade_tables import ReceivableRow
from tests.e2e.ending import parts, pledges_on
from tests.e2e.forging import Change, Content, act_of, drop_fact, fact_of, nearly, paper_of, replaced, resealed
from tests.e2e.site import CNY, FACE, Site, open_site
from tests.e2e.test_failures import foreign_pledge
from tests.e2e.test_past_the_service import substituted as substituted_elsewhere

SEED = 20261122
LENT = 500_000_00
PART = 300_000_00
"""Of the receivable, for a ton of the goods."""


def lent_on_goods(site: Site) -> tuple[Actor, str, str]:
    """A borrower, its loan on goods, the receipt's id."""
    borrower = site.borrower()
    goods = site.goods(borrower)
    return borrower, site.funded(borrower, LENT, goods.id, product="inventory"), goods.id


def exchanged(site: Site, borrower: Actor, goods_id: str, asset: ReceivableRow, amount: int = PART) -> str:
    """A ton of the goods was sold for the receivable, of which ``amount`` takes its place. The new pledge's id."""
    offer = substituting.offer(
        site.ctx,
        site.cast["lender"],
        sold_id=pledges_on(site, goods_id)[0].id,
        quantity=Decimal(1000),
        receivable_id=asset.id,
        amount=Money(amount, CNY),
    )
    substituting.accept(site.ctx, borrower, offer.row.pledge_id)
    site.run()
    assert substituting.get(site.ctx, OPERATOR, offer.row.pledge_id).row.status == "done"
    return offer.row.pledge_id


def bundle(site: Site, loan_id: str) -> bytes:
    return evidence.bundle(site.ctx, OPERATOR, loan_id, ChainProver(site.inst.node, site.inst.deployment))


def checked(site: Site, data: bytes, honest: bytes = b"") -> Report:
    """Compared with all that an auditor can have, the head of the ``honest`` bundle (none: of this one) included."""
    assert site.inst.sandbox is not None
    known = site.inst.deployment
    heads = [fact.split()[-1] for name, fact in verify(honest or data).facts.items() if name.startswith("head ")]
    return verify(data, heads, [site.inst.sandbox.public_key], known.contracts, known.code_hashes)


def names(report: Report, state: State) -> set[str]:
    return {check.name for check in report.checks if check.state is state}


@dataclass
class Two:
    """Two loans of the same kind, each with goods sold for a receivable, of which the debtor has paid the first."""

    site: Site
    data: bytes
    other: Content
    payment: str

    def signer(self, primary: str) -> str:
        """Who signed the act in the honest bundle."""
        act = act_of(json.loads(self.data), primary)
        return eip712.recover(act["typed_data"], from_hex(act["signature"]))

    def forged(self, change: Change) -> set[str]:
        """The names of what is wrong with the first bundle, changed and sealed again."""
        return names(checked(self.site, resealed(self.data, change), self.data), State.FAILED)


@pytest.fixture(scope="module")
def two() -> Iterator[Two]:
    with open_site() as site:
        made = []
        for _ in range(2):
            borrower, loan_id, goods_id = lent_on_goods(site)
            asset = site.confirmed(borrower)
            exchanged(site, borrower, goods_id, asset)
            made.append((loan_id, asset))
        payment = site.pays(FACE, f"RECEIVABLE {made[0][1].id}")
        yield Two(site, bundle(site, made[0][0]), json.loads(bundle(site, made[1][0])), payment)


def test_substituted__honest__as_much_compared_as_of_a_receivable_lent_on(two: Two) -> None:
    report = checked(two.site, two.data)
    assert (report.failures, report.not_compared) == ((), ())
    second = {name.removeprefix("security 2: ") for name in names(report, State.OK) if name.startswith("security 2: ")}
    borrower = two.site.borrower()
    plain = two.site.funded(borrower, LENT, two.site.confirmed(borrower).id)
    alone = names(checked(two.site, bundle(two.site, plain)), State.OK)
    looked_at = ("pledge: ", "receivable: ", "registry: ", "document ", "documents: ")
    as_decided = {"pledge: asset", "pledge: kind", "pledge: amount", "pledge: covers the principal"}
    everywhere = {"registry: key id", "registry: signature", "registry: pledge"}
    of_papers = {"document order", "document receipt_advice", "document invoice"}
    wanted = {name for name in alone if name.startswith(looked_at)} - as_decided - everywhere - of_papers
    assert second == wanted | {"substitution: decision", "pledge: discharged"}
    signed = {"Post", "Acknowledge", "ReceiveGoods", "Attest", "Confirm", "Substitute", "Exchange", "Settle"}
    assert {f"signature of {primary}" for primary in signed} | of_papers | everywhere <= names(report, State.OK)


def body(content: Content, which: int = 1) -> dict[str, Any]:
    """What the registry said of a pledge."""
    said: dict[str, Any] = json.loads(content["registry"][which]["body"])
    return said


def test_forged__registry_evidence_left_out__named(two: Two) -> None:
    assert two.forged(lambda content: content["registry"].pop(1)) == {"security 2: registry: entry"}


def test_forged__registry_evidence_of_another_loan__named(two: Two) -> None:
    def change(content: Content) -> None:
        content["registry"][1] = two.other["registry"][1]

    assert two.forged(change) == {"registry: pledge", "security 2: registry: entry"}


def test_forged__registry_evidence_of_the_first_pledge_twice__named(two: Two) -> None:
    def change(content: Content) -> None:
        content["registry"][1] = content["registry"][0]

    assert two.forged(change) == {"registry: entry", "security 2: registry: entry"}


@pytest.mark.parametrize("what", ["registry_no", "asset_hash", "amount", "pledgor", "pledgee", "ends_on", "asset_kind"])
def test_forged__what_the_registry_said__named(two: Two, what: str) -> None:
    def change(content: Content) -> None:
        said = body(content)
        old = str(said["registry_no"] if what == "registry_no" else said["filed"][what])
        theirs = body(two.other)
        new = str(theirs["registry_no"] if what == "registry_no" else theirs["filed"][what])
        new = {"amount": "1.00", "ends_on": "2039-01-01", "asset_kind": "warehouse_receipt"}.get(what, new)
        new = body(content)["filed"]["pledgor"] if what == "pledgee" else new
        part = content["registry"][1]
        part["body"] = replaced(part["body"], f'"{what}":"{old}"', f'"{what}":"{new}"')

    name = "number" if what == "registry_no" else what
    assert {"registry: signature", f"security 2: registry: {name}"} <= two.forged(change)


PAPERS = {"Orders.Posted": "order", "Orders.GoodsReceived": "receipt_advice", "Receivables.Issued": "invoice"}


@pytest.mark.parametrize("event", PAPERS)
def test_forged__a_paper_left_out__named(two: Two, event: str) -> None:
    def change(content: Content) -> None:
        content["documents"].remove(paper_of(content, event))

    assert two.forged(change) == {"security 2: documents: complete"}


@pytest.mark.parametrize("event", PAPERS)
def test_forged__a_paper_of_another_loan__named(two: Two, event: str) -> None:
    def change(content: Content) -> None:
        paper_of(content, event)["fields"] = paper_of(two.other, event)["fields"]

    assert f"document {PAPERS[event]}: disclosure /id" in two.forged(change)


@pytest.mark.parametrize(
    ("event", "path", "value"),
    [
        ("Orders.Posted", "/currency", "USD"),
        ("Orders.GoodsReceived", "/id", "GRN-0"),
        ("Receivables.Issued", "/totals/payable", "1.00"),
    ],
)
def test_forged__a_field_of_a_paper__named(two: Two, event: str, path: str, value: str) -> None:
    def change(content: Content) -> None:
        next(each for each in paper_of(content, event)["fields"] if each["path"] == path)["value"] = value

    assert f"document {PAPERS[event]}: disclosure {path}" in two.forged(change)


@pytest.mark.parametrize("primary", ["Post", "Issue", "Attest", "Confirm", "Substitute", "Exchange", "Settle"])
def test_forged__an_act_left_out__named(two: Two, primary: str) -> None:
    assert two.forged(lambda content: content["acts"].remove(act_of(content, primary, -1))) == {
        f"signature of {primary}"
    }


@pytest.mark.parametrize("primary", ["Post", "Issue", "Attest", "Confirm", "Substitute", "Exchange"])
def test_forged__an_act_of_another_loan__named(two: Two, primary: str) -> None:
    def change(content: Content) -> None:
        mine, theirs = act_of(content, primary, -1), act_of(two.other, primary, -1)
        mine["typed_data"], mine["signature"] = theirs["typed_data"], theirs["signature"]

    assert f"signature of {primary}" in two.forged(change)


@pytest.mark.parametrize("primary", ["Substitute", "Exchange"])
@pytest.mark.parametrize(
    "member", ["quantity", "amount", "lender", "loanRef", "decisionHash", "expiresAt", "registryNo"]
)
def test_forged__signed_again_over_other_terms__named(two: Two, primary: str, member: str) -> None:
    """By the right party, with the right key: it isn't what came about."""
    if (primary, member) == ("Exchange", "registryNo"):
        pytest.skip("the pledgor grants before the registry has given its number")

    def change(content: Content) -> None:
        act = act_of(content, primary)
        message = act["typed_data"]["message"]
        message[member] = "0x" + "ab" * 32 if message[member].startswith("0x") else str(int(message[member]) + 1)
        with two.site.ctx.store.begin() as session:
            key = custody.key_of(session, two.site.ctx, two.signer(primary))
        assert key is not None
        act["signature"] = "0x" + eip712.sign(act["typed_data"], key).hex()

    assert two.forged(change) == {f"signature of {primary}"}


def test_forged__the_debtors_confirmation_left_out__named(two: Two) -> None:
    names_ = two.forged(lambda content: drop_fact(content, fact_of(content, "Receivables.Confirmed")[0]))
    assert "security 2: receivable" in names_


@pytest.mark.parametrize("event", [*PAPERS, "Receivables.Confirmed"])
def test_forged__a_fact_of_another_loan__named(two: Two, event: str) -> None:
    """Both are proven on the same chain: what it says is about something else."""

    def change(content: Content) -> None:
        _, mine = fact_of(content, event)
        _, theirs = fact_of(two.other, event)
        content["chain"]["receipts"][mine["receipt"]] = two.other["chain"]["receipts"][theirs["receipt"]]
        mine["log"] = theirs["log"]

    found = two.forged(change)
    assert {"security 2: receivable", "security 2: receivable: received before issued"} & found


def test_forged__the_new_pledge_left_out__named(two: Two) -> None:
    found = two.forged(lambda content: drop_fact(content, fact_of(content, "Pledges.Pledged", 1)[0]))
    assert {"securities: all shown", "signature of Substitute", "signature of Exchange", "registry: pledge"} <= found


def test_forged__the_goods_look_pledged_as_before__named(two: Two) -> None:
    """The exchange and what it set free are left out, so that the new pledge looks like one that was added."""

    def change(content: Content) -> None:
        drop_fact(content, fact_of(content, "Pledges.Substituted")[0])
        drop_fact(content, fact_of(content, "Pledges.Released")[0])

    assert two.forged(change) >= {"securities: nothing left out"}


def test_forged__the_exchange_left_out__named(two: Two) -> None:
    found = two.forged(lambda content: drop_fact(content, fact_of(content, "Pledges.Substituted")[0]))
    assert {"signature of Release", "securities: nothing left out"} <= found


@pytest.mark.parametrize(
    ("who", "wanted"),
    [
        ("core", {"security 2: receivable: debtor opened"}),
        ("keeper", {"goods: keeper opened", "decision: receipt.keeper"}),
        ("lender", {"party {}: opened"}),
    ],
)
def test_forged__who_it_is_left_out__named(two: Two, who: str, wanted: set[str]) -> None:
    party = two.site.cast[who].party_id

    def change(content: Content) -> None:
        content["parties"] = [each for each in content["parties"] if each["party"] != party]

    assert two.forged(change) == {name.format(party) for name in wanted}


def test_forged__a_pledge_of_another_loan_put_in__named(two: Two) -> None:
    def change(content: Content) -> None:
        _, fact = fact_of(two.other, "Pledges.Pledged", 1)
        content["chain"]["receipts"].append(two.other["chain"]["receipts"][fact["receipt"]])
        place = len(content["chain"]["receipts"]) - 1
        content["chain"]["facts"].append({**fact, "receipt": place})

    found = two.forged(change)
    assert {"security 3: pledge: loan", "security 3: pledge: pledgor", "security 3: receivable"} <= found


def test_forged__the_debtors_payment_left_out__named(two: Two) -> None:
    def change(content: Content) -> None:
        content["payments"] = [said for said in content["payments"] if two.payment not in said["body"]]

    assert {f"payment {two.payment}", "payment: of each settlement"} <= two.forged(change)


def test_forged__any_single_value__refused(two: Two) -> None:
    for path, data in nearly(json.loads(two.data), random.Random(SEED), 60):
        assert not checked(two.site, data, two.data).ok, path


# Further securities ---------------------------------------------------------------------------------------------------


def right(site: Site, loan_id: str) -> tuple[bytes, Report]:
    data = bundle(site, loan_id)
    report = checked(site, data)
    assert report.failures == ()
    return data, report


def test_exchanged_twice__for_a_receivable_and_a_part_of_another__each_shown(site: Site) -> None:
    borrower, loan_id, goods_id = lent_on_goods(site)
    exchanged(site, borrower, goods_id, site.confirmed(borrower))
    whole = site.confirmed(borrower)
    passing.split(site.ctx, borrower, whole.id, [Money(PART, CNY), Money(1_000_00, CNY)])
    site.run()
    exchanged(site, borrower, goods_id, parts(site, whole.id)[0])
    exchanged(site, borrower, goods_id, site.receivable(whole.id), 50_000_00)
    data, report = right(site, loan_id)
    assert report.not_compared == ()
    assert {f"security {n}: registry: number" for n in (2, 3, 4)} <= names(report, State.OK)
    content = json.loads(data)
    assert len(content["registry"]) == 4
    for n in (2, 3, 4):
        left = resealed(data, lambda changed, n=n: changed["registry"].pop(n - 1))  # type: ignore[misc] # bound now
        assert names(checked(site, left), State.FAILED) == {f"security {n}: registry: entry"}
    site.pays(FACE, f"RECEIVABLE {whole.id}")
    right(site, loan_id)


@pytest.mark.parametrize("product", ["receivable", "inventory"])
def test_added__a_receivable_on_top__its_trade_is_shown_and_what_it_pays_is_the_loans(site: Site, product: str) -> None:
    borrower = site.borrower()
    lent_on = (site.confirmed(borrower) if product == "receivable" else site.goods(borrower)).id
    loan_id = site.funded(borrower, LENT, lent_on, product=product)
    asset = site.confirmed(borrower)
    foreign_pledge(site, borrower, asset.id, PART, loanbook.loan_ref(loan_id))
    site.run()
    ref = site.pays(FACE, f"RECEIVABLE {asset.id}")
    assert site.loan(loan_id).loan.dues.total.minor < LENT
    data, report = right(site, loan_id)
    assert names(report, State.NOT_COMPARED) == {"security 2: registry: entry"}
    assert {"security 2: documents: quantities", f"payment {ref}: on chain"} <= names(report, State.OK)

    def unsigned(content: Content) -> None:
        content["acts"] = [
            act for act in content["acts"] if act["fact"] != fact_of(content, "Pledges.Pledged", 1)[0]
        ]  # fmt: skip

    report = checked(site, resealed(data, unsigned))
    assert (report.ok, names(report, State.NOT_COMPARED)) == (
        True, {"security 2: registry: entry", "signature of Pledge", "signature of Grant"},
    )  # fmt: skip

    def unshown(content: Content) -> None:
        content["documents"].remove(paper_of(content, "Receivables.Issued", -1))

    assert names(checked(site, resealed(data, unshown)), State.FAILED) == {"security 2: documents: complete"}


def test_exchanged__past_the_service__its_entry_is_missed(site: Site) -> None:
    borrower, loan_id, goods_id = lent_on_goods(site)
    asset = site.confirmed(borrower)
    (sold,) = pledges_on(site, goods_id)
    assert substituted_elsewhere(site, borrower, loan_id, sold, asset.id, 1000).status == "final"
    assert names(checked(site, bundle(site, loan_id)), State.FAILED) == {"security 2: registry: entry"}


def test_exchanged__under_another_decision__named(site: Site) -> None:
    borrower, loan_id, goods_id = lent_on_goods(site)
    asset = site.confirmed(borrower)
    (sold,) = pledges_on(site, goods_id)
    assert substituted_elsewhere(site, borrower, loan_id, sold, asset.id, 1000, "0x" + "cd" * 32).status == "final"
    assert "security 2: substitution: decision" in names(checked(site, bundle(site, loan_id)), State.FAILED)


def fallen_due(site: Site) -> tuple[Actor, str, ReceivableRow, str]:
    """Borrower, loan, the receivable that took the place of its goods, and the pledge: both are overdue."""
    borrower, loan_id, goods_id = lent_on_goods(site)
    asset = site.confirmed(borrower)
    pledge_id = exchanged(site, borrower, goods_id, asset)
    until = asset.due_date + timedelta(days=30)
    undertaking.undertake(site.ctx, borrower, pledge_id, str(Money(PART, CNY)), until, "we pay if the debtor doesn't")
    site.run()
    site.move_to(asset.due_date + timedelta(days=1))
    eod.run(site.ctx, OPERATOR, site.today)
    return borrower, loan_id, asset, pledge_id


def test_taken__the_receivable_that_took_the_goods_place__what_it_pays_is_the_loans(site: Site) -> None:
    _, loan_id, asset, pledge_id = fallen_due(site)
    pledging.enforce(site.ctx, site.cast["lender"], pledge_id)
    site.run()
    (taken,) = parts(site, asset.id)
    ref = site.pays(PART, f"RECEIVABLE {taken.id}")
    data, report = right(site, loan_id)
    assert {"signature of Enforce", f"payment {ref}: on chain"} <= names(report, State.OK)
    left = resealed(data, lambda content: drop_fact(content, fact_of(content, "Pledges.Enforced")[0]))
    assert f"payment {ref}: remittance" in names(checked(site, left), State.FAILED)


def test_recourse__on_the_receivable_that_took_the_goods_place__promise_and_payment_shown(site: Site) -> None:
    borrower, loan_id, _, pledge_id = fallen_due(site)
    ref = site.pays(100_000_00, f"BUYBACK {pledge_id}", payer=site.party(borrower.party_id).account)
    data, report = right(site, loan_id)
    wanted = {"security 2: pledge: bought back", "signature of BuyBack", "signature of BuyBack: role"}
    assert wanted | {"signature of Undertake", f"payment {ref}: on chain"} <= names(report, State.OK)
    for primary in ("Undertake", "BuyBack"):
        left = resealed(data, lambda content, p=primary: content["acts"].remove(act_of(content, p)))  # type: ignore[misc] # bound now
        assert names(checked(site, left), State.FAILED) == {f"signature of {primary}"}
    left = resealed(data, lambda content: drop_fact(content, fact_of(content, "Pledges.Undertaken")[0]))
    assert names(checked(site, left), State.FAILED) == {"security 2: pledge"}
