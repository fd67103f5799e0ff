"""The verifier's own reckoning of a loan's journals, and which headers a bundle carries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainfin.audit.books import check_books, journal_hash
from chainfin.audit.bundle import Bundle, EventPart, EvidencePart, JournalPart, LedgerPart, LoanPart
from chainfin.audit.report import Findings
from chainfin.rules.ledger import CASH, HOLDER_PAYABLE, Journal, credit, debit, trial_balance
from chainfin.rules.loan import Happening, History, Kind, LoanTerms, Payer, accrue, approve, disburse, pay, payoff
from chainfin.rules.loan.life import Paid
from chainfin.services.books import journals as journals_service
from chainfin.services.oversight.evidence import spans
from chainfin.values.money import Money

TERMS = LoanTerms(
    principal=Money(100_000_00, "CNY"),
    annual_rate=Decimal("0.06"),
    start=date(2026, 3, 2),
    maturity=date(2026, 5, 1),
    fee=Money(30_00, "CNY"),
    penalty_rate=Decimal("0.018"),
)
GENESIS = "0" * 64


def life() -> tuple[list[EventPart], list[Journal]]:
    """Paid out, accrued, paid by the debtor with something left over."""
    out = disburse(approve("loan_1", "lender", "borrower", TERMS), date(2026, 3, 2))
    later = accrue(out.loan, date(2026, 4, 1))
    paid = pay(
        later.loan, Money(110_000_00, "CNY"), date(2026, 5, 1), payment="B1", payer=Payer.DEBTOR, holder="supplier"
    )
    assert isinstance(paid, Paid)
    events = [
        EventPart(kind="disburse", on="2026-03-02", amount="0", payment="", holder=""),
        EventPart(kind="accrue", on="2026-04-01", amount="0", payment="", holder=""),
        EventPart(kind="pay_debtor", on="2026-05-01", amount="11000000", payment="B1", holder="supplier"),
    ]
    return events, [*out.journals, *later.journals, *paid.journals]


def part(journal: Journal, previous: str, number: int = 1) -> JournalPart:
    entries = [
        [e.account, e.side.value, str(e.amount.minor), e.amount.currency, e.ref, e.party] for e in journal.entries
    ]
    body: dict[str, Any] = {
        "key": journal.key, "kind": journal.kind, "ref": journal.ref, "date": journal.business_date.isoformat(),
        "value_date": journal.valued_on.isoformat(), "book": journal.book, "number": number,
        "reverses": journal.reverses or "", "previous": previous, "entries": entries,
    }  # fmt: skip
    return JournalPart(**body, hash=journals_service.journal_hash(previous, number, journal))


def bundle(
    events: list[EventPart], journals: list[Journal], *payments: str, impaired_from: str | None = None
) -> Bundle:
    parts: list[JournalPart] = []
    for journal in journals:
        parts.append(part(journal, parts[-1].hash if parts else GENESIS, len(parts) + 1))
    lines = trial_balance(e for j in journals for e in j.entries if e.ref == "loan_1")
    trial = [[line.account.code, str(line.debit.minor), str(line.credit.minor)] for line in lines]
    terms = {name: value for name, value in TERMS.as_json().items() if isinstance(value, str | int)}
    loan = LoanPart(
        id="loan_1", product="general_310", borrower="borrower", lender="lender", asset=None, currency="CNY",
        principal="10000000", terms=dict(terms),
    )  # fmt: skip
    evidence = [EvidencePart(body=body, signature="", key_id="") for body in payments]
    ledger = LedgerPart(events=events, journals=parts, trial=trial, impaired_from=impaired_from)
    return of(loan, ledger, evidence)


def of(loan: LoanPart, ledger: LedgerPart, payments: Sequence[EvidencePart] = ()) -> Bundle:
    """A bundle with the parts that the books look at."""
    parts: Any = {"loan": loan, "ledger": ledger, "payments": list(payments)}
    return Bundle.model_construct(**parts)


def wrong(given_bundle: Bundle) -> list[str]:
    findings = Findings()
    check_books(given_bundle, ["0xpledge"], findings)
    return [check.name for check in findings.report().failures]


def test_books__honest__hold() -> None:
    assert wrong(bundle(*life())) == []


def test_journal_hash__is_the_services_hash() -> None:
    for journal in life()[1]:
        made = part(journal, GENESIS)
        assert journal_hash(made) == made.hash


@pytest.mark.parametrize("place", range(5))
def test_books__journal_left_out__named(place: int) -> None:
    events, journals = life()
    missing = journals.pop(place)
    assert wrong(bundle(events, journals)) == [f"journal {missing.key}: recomputed"]


def test_books__journals_out_of_order__named() -> None:
    honest = bundle(*life())
    ledger = honest.ledger.model_copy(update={"journals": honest.ledger.journals[::-1]})
    assert "ledger: order" in wrong(of(honest.loan, ledger))


def test_books__journal_twice__named() -> None:
    honest = bundle(*life())
    ledger = honest.ledger.model_copy(update={"journals": [*honest.ledger.journals, honest.ledger.journals[0]]})
    names = wrong(of(honest.loan, ledger))
    assert any(name.endswith(": once") for name in names)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "forgive"},
        {"on": "2026-02-30"},
        {"kind": "pay_borrower"},
        {"amount": "0"},
        {"kind": "accrue"},
        {"kind": "disburse"},
    ],
)
def test_books__events_that_cannot_be__named(change: dict[str, str]) -> None:
    events, journals = life()
    events[2] = events[2].model_copy(update=change)
    assert "ledger: recomputed" in wrong(bundle(events, journals))


def test_books__unbalanced_journal__named() -> None:
    honest = bundle(*life())
    first = honest.ledger.journals[0]
    entries = [[*first.entries[0][:2], "1", *first.entries[0][3:]], *first.entries[1:]]
    ledger = honest.ledger.model_copy(
        update={"journals": [first.model_copy(update={"entries": entries}), *honest.ledger.journals[1:]]}
    )
    assert f"journal {first.key}" in wrong(of(honest.loan, ledger))


def test_books__holders_money_after_the_end__only_with_the_banks_word() -> None:
    from chainfin.rules.ledger import CASH, HOLDER_PAYABLE, credit, debit

    events, journals = life()
    rest = Money(5_00, "CNY")
    entries = (debit(CASH, rest, "loan_1", "supplier"), credit(HOLDER_PAYABLE, rest, "loan_1", "supplier"))
    extra = Journal("payment:B2:0xpledge", date(2026, 5, 2), "payment", "loan_1", entries)
    assert wrong(bundle(events, [*journals, extra], '{"bank_reference":"B2"}')) == []
    assert wrong(bundle(events, [*journals, extra])) == ["journal payment:B2:0xpledge: recomputed"]


# Headers --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("blocks", "head", "most", "expected"),
    [
        ([3, 5], 9, 100, [(3, 9)]),
        ([3, 5], 9, 7, [(3, 9)]),
        ([3, 5], 9, 6, [(3, 5)]),
        ([3, 500, 502], 600, 102, [(3, 3), (500, 600)]),
        ([3, 500, 502], 6000, 10, [(3, 3), (500, 502)]),
        ([7], 7, 1, [(7, 7)]),
        ([], 7, 1, [(7, 7)]),
    ],
)
def test_spans__bounded__cut_at_the_widest_gaps(
    blocks: list[int], head: int, most: int, expected: list[tuple[int, int]]
) -> None:
    assert spans(blocks, head, most) == expected


@given(st.sets(st.integers(1, 5000), min_size=1, max_size=30), st.integers(0, 500), st.integers(30, 300))
def test_spans__any__hold_every_block_once_within_the_bound(blocks: set[int], more: int, most: int) -> None:
    found = spans(sorted(blocks), max(blocks) + more, most)
    held = [n for first, last in found for n in range(first, last + 1)]
    assert blocks <= set(held)
    assert len(held) == len(set(held)) <= most


def told_again() -> tuple[list[EventPart], list[Journal], int]:
    """The borrower pays the loan off, and then it is heard that its debtor had paid before: the sum is owed back."""
    history = History(approve("loan_1", "lender", "borrower", TERMS))
    out = history.hear(Happening(Kind.DISBURSE, date(2026, 3, 2), Money(0, "CNY")))
    paid, journals = payoff(out.loan, date(2026, 3, 12)), list(out.journals)
    events = [EventPart(kind="disburse", on="2026-03-02", amount="0", payment="", holder="")]
    for kind, on, amount, payment, holder in (
        (Kind.PAY_BORROWER, date(2026, 3, 12), paid, "B1", ""),
        (Kind.PAY_DEBTOR, date(2026, 3, 7), Money(110_000_00, "CNY"), "D1", "supplier"),
    ):
        journals += history.hear(Happening(kind, on, amount, payment, holder)).journals
        events.append(EventPart(kind=kind, on=on.isoformat(), amount=str(amount.minor), payment=payment, holder=holder))
    return events, journals, paid.minor


def paid_back(amount: int, party: str = "borrower", payment: str = "B1") -> Journal:
    money = Money(amount, "CNY")
    entries = (debit(HOLDER_PAYABLE, money, "loan_1", party), credit(CASH, money, "loan_1", party))
    return Journal(f"holder-payout:{payment}:loan_1:{party}", date(2026, 3, 20), "holder_payout", "loan_1", entries)


def test_books__what_was_not_needed_left_again__holds() -> None:
    events, journals, paid = told_again()
    assert wrong(bundle(events, [*journals, paid_back(paid)])) == []


@pytest.mark.parametrize("change", ["more than is owed", "to another", "of another payment"])
def test_books__more_or_elsewhere_left__named(change: str) -> None:
    events, journals, paid = told_again()
    forged = {
        "more than is owed": paid_back(paid + 1),
        "to another": paid_back(paid, party="supplier"),
        "of another payment": paid_back(paid, payment="B9"),
    }[change]
    assert wrong(bundle(events, [*journals, forged])) == [f"journal {forged.key}: recomputed"]


def test_books__of_before_lenders_had_their_own__hold_and_go_on() -> None:
    """What was posted in one journal for many days, and a payment since that is heard of late."""
    zero, half = Money(0, "CNY"), Money(50_000_00, "CNY")
    heard = [
        Happening(Kind.DISBURSE, date(2026, 3, 2), zero, whole=True),
        Happening(Kind.ACCRUE, date(2026, 4, 1), zero, whole=True),
        Happening(Kind.PAY_BORROWER, date(2026, 4, 11), half, "B1", whole=True),
        Happening(Kind.ACCRUE, date(2026, 4, 21), zero),
        Happening(Kind.PAY_BORROWER, date(2026, 3, 12), Money(10_000_00, "CNY"), "B2"),
    ]
    history, journals = History(approve("loan_1", "lender", "borrower", TERMS)), list[Journal]()
    for each in heard:
        journals += history.hear(each).journals
    before = [journal for journal in journals if not journal.book]
    keys = [
        "disburse:loan_1",
        "fee:loan_1:arrangement",
        "accrue:loan_1:2026-04-01",
        "accrue:loan_1:2026-04-11",
        "payment:B1:loan_1",
    ]
    assert sorted(journal.key for journal in before) == sorted(keys)
    assert before[2].entries[0].amount == Money(500_00, "CNY"), "thirty days at 6 % of 100,000.00"
    events = [
        EventPart(
            kind=each.kind, on=each.on.isoformat(), amount=str(each.amount.minor), payment=each.payment, holder="",
            whole=each.whole,
        )
        for each in heard
    ]  # fmt: skip
    assert wrong(bundle(events, journals)) == []
    told = [event.model_copy(update={"whole": False}) for event in events]
    assert wrong(bundle(told, journals)) != []


def test_books__late_loan__what_it_may_not_earn_and_its_allowance_are_looked_at() -> None:
    late = TERMS.maturity + timedelta(days=100)
    history, zero = History(approve("loan_1", "lender", "borrower", TERMS)), Money(0, "CNY")
    heard = [Happening(Kind.DISBURSE, date(2026, 3, 2), zero), Happening(Kind.ACCRUE, late, zero)]
    journals = [journal for each in heard for journal in history.hear(each).journals]
    events = [EventPart(kind=e.kind, on=e.on.isoformat(), amount="0", payment="", holder="") for e in heard]
    assert wrong(bundle(events, journals)) == []
    impaired = [journal for journal in journals if journal.kind == "impairment"]
    assert len(impaired) > 2
    without = [journal for journal in journals if journal not in impaired]
    assert wrong(bundle(events, without)) == sorted(f"journal {journal.key}: recomputed" for journal in impaired)
    before = LedgerPart.model_fields["impaired_from"].default
    assert wrong(bundle(events, without, impaired_from=before)) == [], "as bundles of before say by saying nothing"
