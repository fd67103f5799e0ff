"""Checks the loan's journals: linked, balanced, and exactly what follows from its terms and payments."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import date
from typing import Final

from chainfin.audit.bundle import Bundle, EventPart, JournalPart, parse_json
from chainfin.audit.report import Findings
from chainfin.errors import BadInput, Refusal, Refused
from chainfin.risk.canon import canonical_bytes
from chainfin.rules.ledger import CASH, HOLDER_PAYABLE, Entry, Journal, Side, trial_balance
from chainfin.rules.loan import Loan, LoanTerms, Payer, accrue, approve, disburse, pay, payout_returned
from chainfin.values.money import Money

PAYERS: Final[Mapping[str, Payer]] = {"pay_borrower": Payer.BORROWER, "pay_debtor": Payer.DEBTOR}


def journal_hash(part: JournalPart) -> str:
    """SHA-256 over the RFC 8785 form of the journal and the hash of the one before it."""
    body = {
        "previous": part.previous,
        "key": part.key,
        "kind": part.kind,
        "ref": part.ref,
        "date": part.date,
        "reverses": part.reverses,
        "entries": [list(entry) for entry in part.entries],
    }
    return hashlib.sha256(canonical_bytes(body)).hexdigest()


def check_books(bundle: Bundle, pledges: Collection[str], findings: Findings) -> Loan | None:
    """The loan after its events, or None if the journals can't be read. ``pledges``: those that secured it."""
    posted: dict[str, Journal] = {}
    for place, part in enumerate(bundle.ledger.journals):
        name = f"journal {part.key}"
        with findings.attempt(name):
            journal = _journal(part)
            covers = f"{part.hash} covers it and {part.previous}"
            findings.check(f"{name}: hash", journal_hash(part) == part.hash, covers)
            findings.check(f"{name}: once", part.key not in posted, f"journal {place}")
            posted[part.key] = journal
    _order(bundle.ledger.journals, findings)
    _trial(bundle, posted, findings)
    with findings.attempt("ledger: recomputed"):
        return _recomputed(bundle, posted, _after_repayment(bundle, pledges), findings)
    return None


def _journal(part: JournalPart) -> Journal:
    """Raises BadInput ledger_unbalanced, ledger_amount_not_positive, account_unknown, …"""
    entries = tuple(
        Entry(account, Side(side), Money(_minor(minor), currency), ref, party)
        for account, side, minor, currency, ref, party in part.entries
    )
    return Journal(part.key, date.fromisoformat(part.date), part.kind, part.ref, entries, part.reverses or None)


def _minor(text: str) -> int:
    value = int(text)
    if str(value) != text:
        raise Refused("amount_malformed", f"{text!r} is not how an amount is written")
    return value


def _order(journals: list[JournalPart], findings: Findings) -> None:
    """Neighbours in the book are linked to each other; others have journals of other loans between them."""
    hashes = [part.hash for part in journals]
    back = [part.key for n, part in enumerate(journals) if part.previous in hashes[n:]]
    once = len(set(hashes)) == len(hashes)
    findings.check("ledger: order", once and not back, f"{len(hashes)} journals in the order of the book")


def _trial(bundle: Bundle, posted: Mapping[str, Journal], findings: Findings) -> None:
    lines = trial_balance(e for j in posted.values() for e in j.entries if e.ref == bundle.loan.id)
    shown = [[line.account.code, str(line.debit.minor), str(line.credit.minor)] for line in lines]
    findings.check("ledger: trial of the loan", shown == bundle.ledger.trial, "; ".join("/".join(row) for row in shown))
    debits, credits = (sum(int(row[n]) for row in shown) for n in (1, 2))
    findings.check("ledger: debits are credits", debits == credits, f"{debits} and {credits} minor units")


def _recomputed(bundle: Bundle, posted: Mapping[str, Journal], after: Collection[str], findings: Findings) -> Loan:
    """Replay the loan's life; what it posts must be what was posted, journal by journal. ``after``: keys of journals
    that a payment may have posted besides."""
    part = bundle.loan
    loan = approve(part.id, part.lender, part.borrower, LoanTerms.from_json(part.terms))
    wanted: dict[str, Journal] = {}
    for event in bundle.ledger.events:
        loan, journals = _step(loan, event)
        wanted |= {journal.key: journal for journal in journals}
    for key in sorted(wanted.keys() | posted.keys()):
        name = f"journal {key}: recomputed"
        if key not in posted:
            findings.check(name, False, "the loan's life calls for it, and it is not there")
        elif key in wanted:
            findings.check(name, posted[key] == wanted[key], "what the terms and payments lead to")
        else:
            findings.check(
                name, key in after and _is_holders(posted[key]), "the holder's money after the loan had ended"
            )
    return loan


def _step(loan: Loan, event: EventPart) -> tuple[Loan, tuple[Journal, ...]]:
    on = date.fromisoformat(event.on)
    if event.kind not in PAYERS and (event.amount, event.payment) != ("0", ""):
        raise Refused("loan_event_malformed", f"a {event.kind} has neither amount nor payment")
    if event.kind != "pay_debtor" and event.holder:
        raise Refused("loan_event_malformed", f"a {event.kind} has no holder")
    if event.kind == "disburse":
        outcome = disburse(loan, on)
        return outcome.loan, outcome.journals
    if event.kind == "accrue":
        outcome = accrue(loan, on)
        return outcome.loan, outcome.journals
    if event.kind == "payout_returned":
        back = payout_returned(loan, on)
        if isinstance(back, Refusal):
            raise back.error()
        return back.loan, back.journals
    if event.kind not in PAYERS:
        raise Refused("loan_event_unknown", f"a loan knows no {event.kind!r}")
    amount = Money(int(event.amount), loan.currency)
    paid = pay(loan, amount, on, payment=event.payment, payer=PAYERS[event.kind], holder=event.holder)
    if isinstance(paid, Refusal):
        raise paid.error()
    return paid.loan, paid.journals


def _after_repayment(bundle: Bundle, pledges: Collection[str]) -> frozenset[str]:
    """Keys under which a payment on a pledge is posted when nothing is owed any more: of payments that the bank has
    signed for, by what the book calls them."""
    arrived = set()
    for evidence in bundle.payments:
        with suppress(BadInput):
            said = parse_json(evidence.body)
            if isinstance(said, dict):
                arrived.add(said.get("bank_reference"))
    names = {name for name, reference in bundle.ledger.incoming.items() if reference in arrived}
    names |= {reference for reference in arrived if isinstance(reference, str)} - set(bundle.ledger.incoming.values())
    return frozenset(f"payment:{name}:{pledge}" for name in names for pledge in pledges)


def _is_holders(journal: Journal) -> bool:
    """Whether all of the payment is the holder's."""
    if journal.kind != "payment" or len(journal.entries) != 2:
        return False
    to, from_ = journal.entries
    return (to.account, to.side, from_.account, from_.side) == (
        CASH.code,
        Side.DEBIT,
        HOLDER_PAYABLE.code,
        Side.CREDIT,
    )
