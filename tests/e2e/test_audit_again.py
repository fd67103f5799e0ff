"""A loan that was paid twice under one reference of the bank's: bundle and verifier say what became of the second
payment, and mix the two up nowhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from sqlmodel import col, select

from chainfin.audit.bundle import seal
from chainfin.audit.report import Report
from chainfin.services.kernel.context import OPERATOR
from chainfin.services.payments import unmatched
from chainfin.services.reactions import approved
from chainfin.storage.lending_tables import IncomingRow
from chainfin.values.party import first_person
from tests.e2e.secured import bundle, checked
from tests.e2e.site import Site, open_site
from tests.e2e.statements import LENT

BOSS = replace(OPERATOR, person_id=first_person(None))


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with open_site() as made:
        yield made


@dataclass(frozen=True)
class Twice:
    """A loan on a receivable; its debtor paid 100.00 and 250.00 under one reference."""

    site: Site
    loan: str
    asset: str
    ref: str
    second: IncomingRow

    def report(self) -> Report:
        return checked(self.site, bundle(self.site, self.loan))

    def allocate(self) -> None:
        site, item = self.site, self.site.unmatched(self.ref, self.second)
        made = unmatched.propose(site.ctx, BOSS, item.id, kind="receivable", target=self.asset, reason="both are money")
        approved.approve(site.ctx, site.second(OPERATOR), made.id, "they are")
        site.run()


@pytest.fixture
def twice(site: Site, request: pytest.FixtureRequest) -> Twice:
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    loan_id = site.funded(borrower, LENT, asset.id)
    ref = site.pays(100_00, asset.reference, bank_ref=f"TWICE-{request.node.name[:40]}")
    site.pays(250_00, asset.reference, bank_ref=ref)
    with site.ctx.store.read() as session:
        query = select(IncomingRow).where(IncomingRow.bank_ref == ref).order_by(col(IncomingRow.repeat))
        _, second = session.exec(query).all()
    return Twice(site, loan_id, asset.id, ref, second)


def again(report: Report) -> list[str]:
    """What the report says of the second payment."""
    return [check.what for check in report.not_compared if check.name.endswith(": again")]


def test_second_payment__waits__the_report_says_so(twice: Twice) -> None:
    report = twice.report()
    assert report.failures == ()
    (said,) = again(report)
    assert said.startswith("250.00 CNY more came under this reference: unmatched (bank_reference_reused)")


def test_second_payment__sent_back__the_report_says_so(twice: Twice) -> None:
    twice.site.sends_back(twice.ref, twice.second)
    report = twice.report()
    assert report.failures == ()
    (said,) = again(report)
    assert "refunded" in said


def test_second_payment__allocated_to_the_loan__each_is_compared_with_its_own_word(twice: Twice) -> None:
    twice.allocate()
    report = twice.report()
    assert report.failures == ()
    assert again(report) == []
    once = [check.what for check in report.checks if check.name == "payment: each once"]
    assert once == ["2 payments, each by a word of the bank's of its own"]
    amounts = [check.what for check in report.checks if check.name == f"payment {twice.ref}"]
    assert sorted(amounts) == [
        "100.00 of the 100.00 that the bank received",
        "250.00 of the 250.00 that the bank received",
    ]
    on_chain = [check.name for check in report.checks if check.name.endswith(": on chain")]
    assert {f"payment {twice.ref}: on chain", f"payment {twice.ref}:{twice.second.book_ref}: on chain"} <= set(on_chain)


def test_forged__one_word_of_the_bank_for_two_payments__refused(twice: Twice) -> None:
    twice.allocate()
    honest = bundle(twice.site, twice.loan)
    told = json.loads(honest)
    del told["seal"], told["schema"]
    (own,) = [part for part in told["payments"] if '"250.00"' in part["body"] and twice.ref in part["body"]]
    told["payments"] = [part for part in told["payments"] if part is own or twice.ref not in part["body"]] + [own]
    report = checked(twice.site, seal(told), honest)
    assert "payment: each once" in {check.name for check in report.failures}


def test_forged__the_second_payment_is_kept_quiet__its_settlement_on_chain_names_it(twice: Twice) -> None:
    twice.allocate()
    honest = bundle(twice.site, twice.loan)
    told = json.loads(honest)
    del told["seal"], told["schema"]
    told["ledger"]["again"] = {"inc_another": {**told["ledger"]["again"].popitem()[1]}}
    report = checked(twice.site, seal(told), honest)
    assert f"payment {twice.ref}: on chain" in {check.name for check in report.failures}
