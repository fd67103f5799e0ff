"""Evidence of a loan whose goods were sold: what took their place is shown as what a loan was made on, and can't be
forged, left out or taken from another loan.

Both loans' facts are of one chain: one bundle is changed with pieces of the other.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from chainfin.audit.report import State
from chainfin.eth import eip712
from chainfin.eth.abi import from_hex
from chainfin.services.kernel import custody
from tests.e2e.forging import Change, Content, act_of, drop_fact, fact_of, nearly, paper_of, replaced, resealed
from tests.e2e.secured import LENT, bundle, checked, exchanged, lent_on_goods, names
from tests.e2e.site import FACE, Site, open_site

SEED = 20261122


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
            borrower = site.borrower()
            loan_id, goods_id = lent_on_goods(site, borrower)
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
    detail: dict[str, Any] = json.loads(content["registry"][which]["body"])
    return detail


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
        detail = body(content)
        old = str(detail["registry_no"] if what == "registry_no" else detail["filed"][what])
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


TERMS = ("quantity", "amount", "lender", "loanRef", "decisionHash", "expiresAt")


@pytest.mark.parametrize(
    ("primary", "member"),
    [*(("Substitute", member) for member in (*TERMS, "registryNo")), *(("Exchange", member) for member in TERMS)],
)
def test_forged__signed_again_over_other_terms__named(two: Two, primary: str, member: str) -> None:
    """By the right party, with the right key: it isn't what came about."""

    def change(content: Content) -> None:
        act = act_of(content, primary)
        message = act["typed_data"]["message"]
        message[member] = "0x" + "ab" * 32 if message[member].startswith("0x") else str(int(message[member]) + 1)
        with two.site.ctx.store.begin() as session:
            key = custody.signer_of(session, two.site.ctx, two.signer(primary))
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
        content["payments"] = [detail for detail in content["payments"] if two.payment not in detail["body"]]

    assert {f"payment {two.payment}", "payment: of each settlement"} <= two.forged(change)


def test_forged__any_single_value__refused(two: Two) -> None:
    for path, data in nearly(json.loads(two.data), random.Random(SEED), 60):
        assert not checked(two.site, data, two.data).ok, path
