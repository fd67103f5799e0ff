"""A mandate that its lender took back, in a loan's evidence: the money had gone before, or the bundle is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from chainfin.audit.report import Report
from chainfin.audit.verify import verify
from chainfin.chain.prover import ChainProver
from chainfin.eth import mandate_message
from chainfin.services.kernel import custody
from chainfin.services.kernel.context import OPERATOR, Actor
from chainfin.services.lending import mandates
from chainfin.services.oversight import evidence
from chainfin.services.views.lending import MandateView
from chainfin.values import instruction
from chainfin.values.party import Role
from tests.e2e.forging import resealed
from tests.e2e.site import Site

LENT = 100_000_00


@dataclass(frozen=True)
class Deal:
    """A loan that was paid out, and then its mandate was revoked."""

    site: Site
    loan: str
    mandate: MandateView

    @property
    def bundle(self) -> bytes:
        inst = self.site.inst
        return evidence.bundle(self.site.ctx, OPERATOR, self.loan, ChainProver(inst.node, inst.deployment))

    def report(self, data: bytes) -> Report:
        inst = self.site.inst
        assert inst.sandbox is not None
        head = "0x" + inst.node.head().hash.hex()
        return verify(data, [head], [inst.sandbox.public_key], inst.deployment.contracts, inst.deployment.code_hashes)

    def signed(self, **message: object) -> dict[str, Any]:
        """The revocation with other words, signed by the lender."""
        assert self.mandate.revocation is not None
        data = {**self.mandate.revocation, "message": {**self.mandate.revocation["message"], **message}}  # type: ignore[dict-item]
        with self.site.ctx.store.read() as session:
            key = custody.signer_of(session, self.site.ctx, self.mandate.signer)
        assert key is not None
        signature = "0x" + mandate_message.sign(data, key, mandate_message.REVOCATION).hex()
        at = int(mandate_message.moment(data, "revokedAt").timestamp())
        return {"at": at, "typed_data": data, "signature": signature}

    def forged(self, revocation: dict[str, Any] | None) -> Report:
        def change(content: dict[str, Any]) -> None:
            content["mandate"]["revocation"] = revocation

        return self.report(resealed(self.bundle, change))

    @property
    def before_the_payout(self) -> int:
        (paid,) = (json.loads(part["body"]) for part in json.loads(self.bundle)["payments"])
        return int(datetime.fromisoformat(paid["at"]).timestamp()) - 1


def names(report: Report) -> list[str]:
    return [check.name for check in report.failures]


@pytest.fixture
def lender(site: Site, monkeypatch: pytest.MonkeyPatch) -> Actor:
    """One of the test's own."""
    made = site.admit(Role.LENDER)
    monkeypatch.setitem(site.cast, "lender", made)
    site.limit("debtor", site.cast["core"], 9_000_000_00)
    return made


@pytest.fixture
def deal(site: Site, lender: Actor) -> Deal:
    given, borrower = site.mandate(lender), site.borrower()
    loan = site.funded(borrower, LENT, site.confirmed(borrower).id)
    site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(hours=1))
    return Deal(site, loan, mandates.revoke(site.ctx, lender, given.id))


def test_bundle__mandate_revoked_since__verifies_and_says_so(deal: Deal) -> None:
    report = deal.report(deal.bundle)
    assert (names(report), report.not_compared) == ([], ())
    assert deal.mandate.revoked_at is not None
    assert "the lender revoked it at" in report.facts["mandate"]
    assert {"revocation: signature", "revocation: after the payout"} <= {check.name for check in report.checks}


def test_bundle__paid_out_after_the_revocation__refused(deal: Deal) -> None:
    earlier = str(deal.before_the_payout)
    assert names(deal.forged(deal.signed(revokedAt=earlier))) == ["revocation: after the payout"]
    on_its_way = deal.signed(revokedAt=earlier, onTheirWay=[deal.loan])
    assert names(deal.forged(on_its_way)) == [], "the lender itself says that the order had gone"
    of_another = deal.signed(revokedAt=earlier, onTheirWay=["lon_another"])
    assert names(deal.forged(of_another)) == ["revocation: after the payout"]


def test_bundle__revocation_of_other_words__named(deal: Deal) -> None:
    true = deal.signed()
    for change, name in (
        ({"at": true["at"] + 1}, "revocation: time"),
        ({"signature": deal.mandate.signature}, "revocation: signature"),
        ({"signature": None}, "revocation: text"),
        ({"typed_data": None}, "revocation: text"),
        ({"at": 2**53 - 1}, "mandate"),
    ):
        assert name in names(deal.forged({**true, **change})), change
    assert names(deal.forged(deal.signed(mandate="0x" + "11" * 32))) == ["revocation: of this mandate"]
    assert names(deal.forged(deal.signed(lender="USCC:0"))) == ["revocation: lender"]


def test_bundle__revocation_left_out__only_the_lender_can_tell(deal: Deal) -> None:
    """No verifier of one file can see it: the report says whom to ask."""
    report = deal.forged(None)
    assert names(report) == []
    assert "ask the lender" in report.facts["mandate"]


def test_bundle__revocation_not_signed__counts_against_the_payout_all_the_same(deal: Deal) -> None:
    bare = {**deal.signed(), "typed_data": None, "signature": None}
    report = deal.forged(bare)
    assert names(report) == []
    assert [check.name for check in report.not_compared] == ["revocation: signature"]
    assert names(deal.forged({**bare, "at": deal.before_the_payout})) == ["revocation: after the payout"]


def test_bundle__revoked_while_the_bank_had_the_order__the_lenders_word_names_the_loan(
    site: Site, lender: Actor
) -> None:
    given, borrower = site.mandate(lender), site.borrower()
    paid = site.funded(borrower, LENT, site.confirmed(borrower).id)
    _, application = site.unpaid(borrower, LENT)
    loan = str(site.application(application).row.loan_id)
    deal = Deal(site, loan, mandates.revoke(site.ctx, lender, given.id))
    assert deal.mandate.revocation is not None
    assert deal.mandate.revocation["message"]["onTheirWay"] == [loan]  # type: ignore[index]
    site.world.resolves(instruction.for_loan(loan), "done")
    site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(hours=1))
    site.run()
    assert names(deal.report(deal.bundle)) == []
    # the sandbox's bank dates a payment by its order: one that takes longer pays after the revocation
    earlier = str(deal.before_the_payout)
    assert names(deal.forged(deal.signed(revokedAt=earlier))) == []
    assert names(deal.forged(deal.signed(revokedAt=earlier, onTheirWay=[paid]))) == ["revocation: after the payout"]


def mandated(deal: Deal, change: Callable[[dict[str, Any]], None]) -> Report:
    """With other words in the mandate, signed by the lender as if it had said so."""
    with deal.site.ctx.store.read() as session:
        key = custody.signer_of(session, deal.site.ctx, deal.mandate.signer)
    assert key is not None

    def forge(content: dict[str, Any]) -> None:
        mandate = content["mandate"]
        change(mandate["typed_data"])
        mandate["signature"] = "0x" + mandate_message.sign(mandate["typed_data"], key).hex()
        mandate["revocation"] = None

    return deal.report(resealed(deal.bundle, forge))


@pytest.mark.parametrize("member", ["expiresAt", "notBefore"])
def test_bundle__paid_out_while_the_mandate_did_not_hold__refused(deal: Deal, member: str) -> None:
    paid = deal.before_the_payout + 1

    def change(data: dict[str, Any], at: int) -> None:
        data["message"] |= {"notBefore": str(paid - 3600), member: str(at)}

    def failed(at: int) -> list[str]:
        return names(mandated(deal, lambda data: change(data, at)))

    assert "mandate: holds when the money goes" in failed(paid if member == "expiresAt" else paid + 1)
    assert "mandate: holds when the money goes" not in failed(paid + 1 if member == "expiresAt" else paid)


def test_bundle__mandate_of_another_product_document__refused(deal: Deal) -> None:
    def other(data: dict[str, Any]) -> None:
        data["message"]["documents"] = ["0x" + "cd" * 32 for _ in data["message"]["documents"]]

    assert "mandate" in names(mandated(deal, other)), "a document that nobody knows"

    def none(data: dict[str, Any]) -> None:
        data["domain"] = {**data["domain"], "version": "1"}
        members = [each for each in data["types"]["Mandate"] if each["name"] != "documents"]
        data["types"] = {**data["types"], "Mandate": members}
        del data["message"]["documents"]

    failed = names(mandated(deal, none))
    assert "terms: product document" in failed, "terms that name a document which the mandate doesn't"


@pytest.mark.parametrize(
    ("member", "value", "named"),
    [
        ("penalty_rate", "0.050000", "terms: penalty"),
        ("cost_cap", "0.36", "terms: cost cap"),
        ("adjustment", "preceding", "terms: holidays"),
        ("day_count", "ACT/365", "terms: day count"),
        ("method", "interest_first", "terms: method"),
        ("product_document", "receivable-pledge-v9", "terms: product document"),
    ],
)
def test_bundle__terms_that_the_product_document_does_not_give__named(
    deal: Deal, member: str, value: str, named: str
) -> None:
    def change(content: dict[str, Any]) -> None:
        content["loan"]["terms"][member] = value

    assert named in names(deal.report(resealed(deal.bundle, change)))
