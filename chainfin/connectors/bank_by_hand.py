"""A bank's file fed by hand: nobody has signed it, so it takes effect only once a second person, who has compared it
with the bank, approved it. Where the bank's own signed feed tells of the accounts it is compared, and books nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from types import MappingProxyType

from sqlmodel import Session, select

from chainfin.connectors import bank_files
from chainfin.connectors.iso20022 import model, status
from chainfin.documents import encoded
from chainfin.errors import BadInput, Conflict, NotFound, Refused
from chainfin.rules.approval import ProposalState
from chainfin.services.books import journals
from chainfin.services.kernel import approvals
from chainfin.services.kernel.approvals import Effect
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.payments import statement_comparison
from chainfin.services.payments.statement_comparison import Compared
from chainfin.services.views.acts import ProposalView
from chainfin.services.views.books import BankFileView
from chainfin.storage.approval_tables import ProposalRow
from chainfin.storage.bank_tables import BankFileRow
from chainfin.storage.types import new_id, storable
from chainfin.values.money import Money

FILE = "bank_file"
"""The kind of a proposal to take in a bank's file."""


def propose(ctx: Context, actor: Actor, name: str, document: str, reason: str) -> ProposalView:
    """One person of the operator hands in a bank's file; a second one has to approve it. The proposal says what the
    file says, so that both can be held against the bank's own word.

    Raises Forbidden operator_only, person_missing, person_not_active, person_not_confirmed; BadInput document_… (no
    safe XML), message_kind_unknown; Conflict account_fed_by_bank, bank_file_proposed, bank_file_taken.
    """
    actor.require_operator()
    _unless_fed(ctx)
    data = encoded(document)
    contents = _contents(bank_files.read(ctx, data, name))
    digest = hashlib.sha256(data).hexdigest()
    with ctx.store.begin() as session:
        _unless_known(session, digest)
        row = BankFileRow(
            id=new_id("bfl"), name=storable(name), sha256=digest, document=document, created_at=ctx.clock.now()
        )
        session.add(row)
        session.flush()
        payload = {"name": row.name, "sha256": digest, **contents}
        made = approvals.propose(session, ctx, actor, kind=FILE, subject=row.id, payload=payload, reason=reason)
        row.proposal_id = made.id
        session.add(row)
        return ProposalView.of(made)


def approved(session: Session, ctx: Context, proposal: ProposalRow) -> None:
    """A second person approved: the file is taken in as if the bank's own client had brought it.

    Raises Conflict account_fed_by_bank (a feed was connected meanwhile); Refused bank_file_altered.
    """
    _unless_fed(ctx)
    journals.lock(session)  # nobody who has it waits for a proposal
    row = session.get_one(BankFileRow, proposal.subject, with_for_update=True)
    data = encoded(row.document)
    if hashlib.sha256(data).hexdigest() != proposal.payload["sha256"]:
        raise Refused("bank_file_altered", "the file that is kept isn't the one that was proposed")
    report = bank_files.take(session, ctx, bank_files.read(ctx, data, row.name), f"{row.name} ({proposal.id})")
    row.became = asdict(report) | {"taken": [asdict(each) for each in report.taken]}
    session.add(row)


EFFECTS: Mapping[str, Effect] = MappingProxyType({FILE: approved})
"""Beside `services.reactions.approved.EFFECTS`: what takes a reader of files to carry out."""


def get(ctx: Context, actor: Actor, file_id: str) -> BankFileView:
    """A file that was handed in, whole, and what became of it. Raises Forbidden operator_only; NotFound
    bank_file_unknown."""
    if not actor.sees_all:
        actor.require_operator()
    with ctx.store.read() as session:
        row = session.get(BankFileRow, file_id)
        if row is None:
            raise NotFound("bank_file_unknown", f"there is no file {file_id}")
        return BankFileView.of(row)


def compare(ctx: Context, actor: Actor, name: str, document: str) -> tuple[str, list[Compared]]:
    """Hold a file's statements against the book: its SHA-256, and what differs in each. Nothing is kept or booked.

    Raises Forbidden operator_only; BadInput document_… (no safe XML), message_kind_unknown.
    """
    actor.require_operator()
    data = encoded(document)
    message = bank_files.read(ctx, data, name)
    if isinstance(message, status.StatusReport):
        raise BadInput("message_kind_unknown", "what became of orders has no entries to compare", where=name)
    with ctx.store.read() as session:
        found = [
            statement_comparison.compare(session, bank_files.statement_of(each, name, None))
            for each in message.statements
        ]
    return hashlib.sha256(data).hexdigest(), found


def _unless_fed(ctx: Context) -> None:
    if ctx.signed_feed:
        raise Conflict(
            "account_fed_by_bank",
            "the bank tells of this account by its own signed feed: a file is compared (/v1/bank-files/comparison)",
        )


def _unless_known(session: Session, digest: str) -> None:
    """Whoever wants the same file decides on the proposal that stands; what was taken in is."""
    query = select(ProposalRow.status).join(BankFileRow, BankFileRow.proposal_id == ProposalRow.id)  # type: ignore[arg-type]  # SQL's ==, typed as Python's
    for standing in session.exec(query.where(BankFileRow.sha256 == digest)):
        if standing == ProposalState.OPEN:
            raise Conflict("bank_file_proposed", "a proposal to take in this file waits for a decision")
        if standing == ProposalState.APPROVED:
            raise Conflict("bank_file_taken", "this very file was taken in before")


def _contents(message: model.Message | status.StatusReport) -> dict[str, object]:
    """What the second person compares with the bank."""
    if isinstance(message, status.StatusReport):
        number = message.original_message_id or ""
        word = message.of(number, number, number, number)
        order = {"number": storable(number), "status": word.code or "", "standing": word.standing.value}
        return {"message": status.MESSAGE, "order": order, "unread": len(message.parked)}
    return {
        "message": message.kind.value,
        "statements": [_statement(each) for each in message.statements],
        "unread": len(message.parked),
    }


def _statement(one: model.Statement) -> dict[str, object]:
    opening, closing = one.opening, one.closing
    zero = Money.zero(one.currency)
    return {
        "account": storable(one.account.id),
        "currency": one.currency,
        "number": storable(one.id),
        "from": None if one.from_at is None else one.from_at.isoformat(),
        "to": None if one.to_at is None else one.to_at.isoformat(),
        "opening": None if opening is None else str(opening.amount),
        "opening_on": None if opening is None else opening.on.isoformat(),
        "closing": None if closing is None else str(closing.amount),
        "closing_on": None if closing is None else closing.on.isoformat(),
        "entries": len(one.entries),
        "came_in": str(sum((each.amount for each in one.entries if each.credit), zero)),
        "went_out": str(sum((each.amount for each in one.entries if not each.credit), zero)),
        "unread": len(one.parked),
    }
