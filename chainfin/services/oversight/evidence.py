"""The evidence bundle of a loan: everything that an auditor needs to check it offline, in one file.

See `chainfin.audit.bundle` for the form and `chainfin.audit.verify` for what is checked. The proofs come from a
`Prover` (the chain driver's), since services never speak to the chain.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final, Protocol

from sqlmodel import Session, col, select

from chainfin.audit.bundle import seal
from chainfin.errors import Conflict, NotFound
from chainfin.eth import mandate_message
from chainfin.rules.ledger import trial_balance
from chainfin.services.books import journals as journals_service
from chainfin.services.books import loan_book
from chainfin.services.kernel.commands import REGISTRATIONS, PayLoan
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.oversight import evidence_documents, evidence_facts, evidence_people
from chainfin.services.oversight.evidence_facts import Secured
from chainfin.services.payments import bank_entry
from chainfin.storage.approval_tables import ProposalRow
from chainfin.storage.chain_tables import ChainBlockRow, ChainEventRow
from chainfin.storage.ledger_tables import JournalRow, OutboxRow
from chainfin.storage.lending_tables import ApplicationRow, IncomingRow, LoanRow, MandateRow
from chainfin.values.command_state import CommandState

MAX_HEADERS: Final = 20_000
"""Headers in a bundle at the most (about 1.1 kB of hex each). Where a loan's blocks lie further apart, each stretch of
headers ends in a head of its own, which the auditor compares with a header that it trusts."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A transaction's receipt in its block. ``first_log``: the block-wide index of the receipt's first log."""

    block: int
    index: int
    nodes: tuple[bytes, ...]
    first_log: int


class Prover(Protocol):
    """What the chain driver gives. Every method may raise Unavailable: chain_unreachable, chain_behind."""

    def code_hashes(self) -> Mapping[str, str]:
        """Contract name → keccak256 (0x-hex) of the code at its address, as deployed."""

    def receipt(self, tx_hash: str) -> Proof:
        """Raises NotFound chain_tx_unknown."""

    def headers(self, oldest: int, newest: int) -> Sequence[bytes]:
        """The RLP of the headers of these blocks, oldest first, both ends included."""


@dataclass(frozen=True, slots=True)
class Stored:
    """Rows of one loan, read in one transaction."""

    loan: LoanRow
    application: ApplicationRow
    secured: Secured
    events: list[ChainEventRow]


def bundle(ctx: Context, actor: Actor, loan_id: str, prover: Prover) -> bytes:
    """The bundle's bytes, for the loan's borrower and lender, auditors and the operator.

    Raises NotFound loan_unknown; Conflict loan_not_decided; Unavailable chain_….
    """
    with ctx.store.read() as session:
        stored = _stored(session, actor, loan_id)
        parties = evidence_people.parties(session, ctx, stored.loan, stored.secured)
        parts: dict[str, object] = {
            "loan": _loan(stored),
            "parties": parties,
            "documents": evidence_documents.documents(session, ctx, stored.events),
            "decision": {"record": stored.application.record},
            "mandate": _mandate(session, ctx, stored.loan),
            "acts": evidence_people.acts(session, ctx, stored.application, stored.events),
            "registry": _registry(session, stored),
            "payments": _payments(session, stored),
            "ledger": _ledger(session, loan_id),
        }
        head = session.exec(select(ChainBlockRow.number).order_by(col(ChainBlockRow.number).desc()).limit(1)).one()
    return seal({**parts, "chain": _chain(ctx, prover, stored.events, head)})


def _stored(session: Session, actor: Actor, loan_id: str) -> Stored:
    loan = session.get(LoanRow, loan_id)
    if loan is None or not (actor.sees_all or actor.party_id in (loan.borrower_id, loan.lender_id)):
        raise NotFound("loan_unknown", f"there is no loan {loan_id}")
    application = session.get_one(ApplicationRow, loan.application_id)
    if application.record is None:
        raise Conflict("loan_not_decided", f"loan {loan_id} has no decision record")
    secured = evidence_facts.secured(session, loan, application)
    return Stored(loan, application, secured, evidence_facts.events(session, loan, secured))


def _loan(stored: Stored) -> dict[str, object]:
    loan = stored.loan
    return {
        "id": loan.id,
        "product": loan.product,
        "borrower": loan.borrower_id,
        "lender": loan.lender_id,
        "asset": stored.application.asset_id,
        "currency": loan.currency,
        "principal": str(loan.principal),
        "terms": dict(loan.terms),
    }


def _mandate(session: Session, ctx: Context, loan: LoanRow) -> dict[str, object]:
    """The lender's word under which the money went. Raises Conflict loan_without_mandate."""
    row = session.get(MandateRow, loan.terms.get("mandate_id"))
    if row is None:
        raise Conflict("loan_without_mandate", f"loan {loan.id} was lent under no mandate")
    return {
        "id": row.id,
        "platform": ctx.platform,
        "typed_data": row.typed_data,
        "signature": row.signature,
        "revocation": None if row.revoked_at is None else _revocation(row, row.revoked_at),
    }


def _revocation(row: MandateRow, at: datetime) -> dict[str, object]:
    """What there is of it: the signed word; or else when this service says it was."""
    if row.revocation is None or row.revocation_signature is None:
        return {"at": math.ceil(at.timestamp()), "typed_data": None, "signature": None}
    stated = mandate_message.moment(row.revocation, "revokedAt")
    return {
        "at": int(stated.timestamp()),
        "typed_data": row.revocation,
        "signature": row.revocation_signature,
    }


def _registry(session: Session, stored: Stored) -> list[object]:
    """The registry's word on each pledge; of one that was made past this service there is none here."""
    filed = [pledge.id for pledge in stored.secured.pledges]
    return [_evidence(row) for row in _done(session, [kind.TOPIC for kind in REGISTRATIONS], filed)]


def _payments(session: Session, stored: Stored) -> list[object]:
    """The bank's word on the payout and on every payment that served the loan."""
    # what persons of the operator say of a payment is no word of the bank's: the auditor finds it missing
    paid = _done(session, [PayLoan.TOPIC], (stored.loan.id,), ("done", "refused"))  # the last: paid, and came back
    signed = [row for row in paid if "evidence" in (row.result or {})]
    found: list[object] = [_evidence(row) for row in signed]
    # nor is a line of a bank's file, which nobody signs
    return found + [dict(row.evidence) for row in _incoming(session, stored.loan.id) if "body" in row.evidence]


def _incoming(session: Session, loan_id: str) -> list[IncomingRow]:
    """The payments that were posted to the loan, in the order of the book."""
    posted = session.exec(
        select(JournalRow.payment)
        .where(JournalRow.ref == loan_id, JournalRow.kind == "payment", col(JournalRow.payment).is_not(None))
        .order_by(col(JournalRow.id))
    ).all()
    return [session.get_one(IncomingRow, incoming_id) for incoming_id in dict.fromkeys(posted)]


def _done(
    session: Session, topics: Sequence[str], subjects: Sequence[str], statuses: Sequence[str] = (CommandState.DONE,)
) -> list[OutboxRow]:
    of_these = (col(OutboxRow.topic).in_(topics), col(OutboxRow.subject).in_(subjects))
    done = select(OutboxRow).where(*of_these, col(OutboxRow.status).in_(statuses))
    rows = session.exec(done.order_by(col(OutboxRow.id))).all()
    return [row for row in rows if row.result is not None]


def _evidence(row: OutboxRow) -> object:
    assert row.result is not None, "a command that was carried out has a result"
    return row.result["evidence"]


def _ledger(session: Session, loan_id: str) -> dict[str, object]:
    impaired_from = session.get_one(LoanRow, loan_id).impaired_from
    rows = session.exec(select(JournalRow).where(JournalRow.ref == loan_id).order_by(col(JournalRow.id))).all()
    values = journals_service.journals(session, loan_id)
    journals = [
        {
            "key": row.key,
            "kind": row.kind,
            "ref": row.ref,
            "date": row.business_date.isoformat(),
            "value_date": row.value_date.isoformat(),
            "book": row.book,
            "number": row.number,
            "reverses": row.reverses or "",
            "previous": row.previous_hash,
            "hash": row.hash,
            "entries": [
                [e.account, e.side.value, str(e.amount.minor), e.amount.currency, e.ref, e.party] for e in value.entries
            ],
        }
        for row, value in zip(rows, values, strict=True)
    ]
    events = [
        {
            "kind": event.kind,
            "on": event.on.isoformat(),
            "amount": str(event.amount),
            "payment": event.payment,
            "holder": event.holder,
            "whole": event.whole,
        }
        for event in loan_book.events(session, loan_id)
    ]
    lines = trial_balance(entry for journal in values for entry in journal.entries if entry.ref == loan_id)
    trial = [[line.account.code, str(line.debit.minor), str(line.credit.minor)] for line in lines]
    payments = _incoming(session, loan_id)
    return {
        "events": events,
        "journals": journals,
        "trial": trial,
        "incoming": {row.book_ref: row.bank_ref for row in payments},
        "allocated": _allocated(session, payments),
        "again": _again(session, payments),
        "impaired_from": None if impaired_from is None else impaired_from.isoformat(),
    }


def _again(session: Session, payments: Sequence[IncomingRow]) -> dict[str, object]:
    """Whatever came under a reference of these that another payment had before: these, and what else came on the same
    account, whatever became of it. What came on another account is another's business."""
    named = select(IncomingRow).where(
        col(IncomingRow.bank_ref).in_({row.bank_ref for row in payments}), IncomingRow.repeat > 0
    )
    accounts = {(row.bank_ref, bank_entry.bank_account(session, row.account)) for row in payments}
    return {
        row.book_ref: {
            "reference": row.bank_ref,
            "amount": str(row.amount),
            "currency": row.currency,
            "status": row.status,
            "reason": row.reason or "",
        }
        for row in session.exec(named.order_by(col(IncomingRow.id)))
        if (row.bank_ref, bank_entry.bank_account(session, row.account)) in accounts
    }


def _allocated(session: Session, payments: Sequence[IncomingRow]) -> dict[str, str]:
    found = {}
    for row in payments:
        if row.allocated_by is not None:
            decided = session.get_one(ProposalRow, row.allocated_by).evidence
            assert decided is not None, "it was approved"
            found[row.book_ref] = decided
    return found


def _chain(ctx: Context, prover: Prover, events: Sequence[ChainEventRow], head: int) -> dict[str, object]:
    """Proofs of the receipts that the events are in, and the headers that link their blocks."""
    transactions = list(dict.fromkeys(row.tx_hash for row in events))
    proofs = {tx: prover.receipt(tx) for tx in transactions}
    places = {tx: place for place, tx in enumerate(transactions)}
    codes = prover.code_hashes()
    return {
        "chain_id": ctx.chain_id,
        "contracts": {
            name: {"address": address, "code_hash": codes[name]} for name, address in sorted(ctx.contracts.items())
        },
        "headers": [
            ["0x" + header.hex() for header in prover.headers(oldest, newest)]
            for oldest, newest in spans(sorted({proof.block for proof in proofs.values()}), head)
        ],
        "receipts": [
            {"block": p.block, "index": p.index, "nodes": ["0x" + node.hex() for node in p.nodes]}
            for p in (proofs[tx] for tx in transactions)
        ],
        "facts": [
            {
                "event": f"{row.contract}.{row.name}",
                "receipt": places[row.tx_hash],
                "log": row.log_index - proofs[row.tx_hash].first_log,
            }
            for row in events
        ],
    }


def spans(blocks: Sequence[int], head: int, most: int = MAX_HEADERS) -> list[tuple[int, int]]:
    """Stretches (first, last) that hold all ``blocks`` (ascending) and, if they can, reach ``head``: at most ``most``
    headers in all, cut at the widest gaps first."""
    if not blocks:
        return [(head, head)]
    ends = [*blocks, head] if head > blocks[-1] else list(blocks)
    gaps = sorted(range(1, len(ends)), key=lambda n: ends[n] - ends[n - 1], reverse=True)
    cuts: set[int] = set()
    size = ends[-1] - ends[0] + 1
    for place in gaps:
        if size <= most:
            break
        cuts.add(place)
        size -= ends[place] - ends[place - 1] - 1
    edges = [0, *sorted(cuts), len(ends)]
    found = [(ends[a], ends[b - 1]) for a, b in pairwise(edges)]
    return [span for span in found if any(span[0] <= block <= span[1] for block in blocks)]
