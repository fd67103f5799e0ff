"""Checks the loan's journals: linked, balanced, and exactly what follows from its terms and payments."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import date

from chainfin.audit.bundle import Bundle, EventPart, JournalPart, parse_json
from chainfin.audit.report import Findings
from chainfin.canon import canonical_bytes
from chainfin.errors import BadInput, Refused
from chainfin.rules.ledger import CASH, HOLDER_PAYABLE, Entry, Journal, Side, by_value, trial_balance
from chainfin.rules.loan import Happening, History, Kind, Loan, LoanTerms, approve
from chainfin.rules.loan.history import PAYERS
from chainfin.values.calendar import OFFICIAL
from chainfin.values.money import Money

_ATTEMPTS = 100
"""Orders of one payment to one party, where one is refused or more turns out to be due: there are never so many."""
_PAYOUT = [(HOLDER_PAYABLE.code, Side.DEBIT), (CASH.code, Side.CREDIT)]


def journal_hash(part: JournalPart) -> str:
    """SHA-256 over the RFC 8785 form of the journal and the hash of the one before it."""
    body: dict[str, object] = {
        "previous": part.previous,
        "key": part.key,
        "kind": part.kind,
        "ref": part.ref,
        "date": part.date,
        "reverses": part.reverses,
        "entries": [list(entry) for entry in part.entries],
    }
    if part.value_date != part.date:
        body["value_date"] = part.value_date
    if part.book:
        body |= {"book": part.book, "number": str(part.number)}
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
    booked, valued = date.fromisoformat(part.date), date.fromisoformat(part.value_date)
    if booked < valued:
        raise Refused("journal_booked_early", f"booked on {booked}, before it happened on {valued}")
    reverses = part.reverses or None
    return Journal(
        part.key, booked, part.kind, part.ref, entries, reverses, part.book, None if booked == valued else valued
    )


def _minor(text: str) -> int:
    value = int(text)
    if str(value) != text:
        raise Refused("amount_malformed", f"{text!r} is not how an amount is written")
    return value


def _order(journals: list[JournalPart], findings: Findings) -> None:
    """Neighbours in a book are linked to each other; others have journals of other loans between them."""
    hashes = [part.hash for part in journals]
    back = [part.key for n, part in enumerate(journals) if part.previous in hashes[n:]]
    once = len(set(hashes)) == len(hashes)
    findings.check("ledger: order", once and not back, f"{len(hashes)} journals in the order of the books")
    last: dict[str, JournalPart] = {}
    for part in journals:
        before = last.get(part.book)
        if before is not None:
            follows = part.number > before.number
            linked = (part.previous == before.hash) == (part.number == before.number + 1)
            name = f"journal {part.key}: number"
            findings.check(name, follows and linked, f"{part.number} of its book, after {before.number}")
        last[part.book] = part


def _trial(bundle: Bundle, posted: Mapping[str, Journal], findings: Findings) -> None:
    lines = trial_balance(e for j in posted.values() for e in j.entries if e.ref == bundle.loan.id)
    shown = [[line.account.code, str(line.debit.minor), str(line.credit.minor)] for line in lines]
    findings.check("ledger: trial of the loan", shown == bundle.ledger.trial, "; ".join("/".join(row) for row in shown))
    debits, credits = (sum(int(row[n]) for row in shown) for n in (1, 2))
    findings.check("ledger: debits are credits", debits == credits, f"{debits} and {credits} minor units")


def _recomputed(bundle: Bundle, posted: Mapping[str, Journal], after: Collection[str], findings: Findings) -> Loan:
    """Let the loan's life be heard of again, one happening after the other; what that posts (what was late: by
    corrections) must be what was posted, journal by journal. ``after``: keys of journals that a payment may have posted
    besides."""
    part = bundle.loan
    terms, since = LoanTerms.from_json(part.terms, OFFICIAL), bundle.ledger.impaired_from
    impaired_from = None if since is None else date.fromisoformat(since)
    approved = approve(part.id, part.lender, part.borrower, terms, impaired_from=impaired_from)
    history, loan = History(approved), approved
    wanted: dict[str, Journal] = {}
    for event in bundle.ledger.events:
        done = history.hear(_happening(event, loan))
        loan = done.loan
        wanted |= {journal.key: journal for journal in done.journals}
    back = _left_again(bundle, posted, wanted)
    for key in sorted(wanted.keys() | posted.keys()):
        name = f"journal {key}: recomputed"
        if key not in posted:
            findings.check(name, False, "the loan's life calls for it, and it is not there")
        elif key in wanted:
            findings.check(name, by_value(posted[key]) == wanted[key], "what the terms and payments lead to")
        elif posted[key].kind == "holder_payout":
            findings.check(name, key in back, "what the loan had of a payment and didn't need, to whose it is")
        else:
            findings.check(
                name, key in after and _is_holders(posted[key]), "the holder's money after the loan had ended"
            )
    return loan


def _left_again(bundle: Bundle, posted: Mapping[str, Journal], wanted: Mapping[str, Journal]) -> frozenset[str]:
    """Keys of payouts of amounts that turned out not to belong to the loan. They pay parties to whom corrections and
    claims say it is owed, and together no more than that."""
    owed: Counter[str] = Counter()
    for journal in wanted.values():
        if journal.kind in ("correction", "claim"):
            for entry in journal.entries:
                if entry.account == HOLDER_PAYABLE.code:
                    owed[entry.party] -= entry.signed
    payments = {event.payment for event in bundle.ledger.events} - {""}
    good: set[str] = set()
    for key, journal in posted.items():
        if journal.kind != "holder_payout" or [(e.account, e.side) for e in journal.entries] != _PAYOUT:
            continue
        party, amount = journal.entries[0].party, journal.entries[0].amount.minor
        if amount <= owed[party] and key in _payout_keys(payments, bundle.loan.id, party):
            owed[party] -= amount
            good.add(key)
    return frozenset(good)


def _payout_keys(payments: Collection[str], loan: str, party: str) -> frozenset[str]:
    """What the journals are called by which something of these payments leaves the loan to a party."""
    first = [f"holder-payout:{name}:{loan}:{party}" for name in payments]
    return frozenset([*first, *(f"{key}:{attempt}" for key in first for attempt in range(2, _ATTEMPTS))])


def _happening(event: EventPart, loan: Loan) -> Happening:
    if event.kind not in set(Kind):
        raise Refused("loan_event_unknown", f"a loan knows no {event.kind!r}")
    kind = Kind(event.kind)
    amount = Money(_minor(event.amount), loan.currency)
    if kind in PAYERS:
        if event.payment == "" or amount.minor <= 0:
            raise Refused("loan_event_malformed", "a payment has an amount and the bank's reference")
    elif (amount.minor, event.payment) != (0, ""):
        raise Refused("loan_event_malformed", f"a {kind} has neither amount nor payment")
    if kind is not Kind.PAY_DEBTOR and event.holder:
        raise Refused("loan_event_malformed", f"a {kind} has no holder")
    return Happening(kind, date.fromisoformat(event.on), amount, event.payment, event.holder, event.whole)


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
