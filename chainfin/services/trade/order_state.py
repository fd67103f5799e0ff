"""An order as a value: what its signed documents and standing invoices have made of it.

It is kept as it was last reckoned, with a digest of the documents that it was reckoned from, so that an act reads the
documents that came since and no others. Where a document has gone again (an act that the chain refused, a receivable
that was cancelled) the digest no longer fits, and the order is replayed from its documents.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from sqlmodel import Session, col, select

from chainfin.documents.fields import plain
from chainfin.documents.fingerprint import normalised
from chainfin.documents.matching import quantities
from chainfin.documents.model import Document
from chainfin.errors import Refusal, unless_refused
from chainfin.eth.bindings import orders_acts, orders_events, receivables_acts
from chainfin.rules import order as rules
from chainfin.rules.act import COUNTED, ActState
from chainfin.rules.billed_goods import Bill
from chainfin.services.trade.claim_family import NOT_BILLED
from chainfin.services.views.trade import OrderView
from chainfin.storage.chain_tables import ChainEventRow
from chainfin.storage.trade_tables import ActRow, DocumentRow, OrderRow, OrderStateRow, ReceivableRow
from chainfin.values.money import Money

_FOLD: dict[str, Callable[[rules.Order, Document], rules.Order | Refusal]] = {
    orders_acts.Acknowledge.FUNCTION: rules.acknowledge,
    orders_acts.Amend.FUNCTION: rules.amend,
    orders_acts.Despatch.FUNCTION: rules.despatch,
    orders_acts.ReceiveGoods.FUNCTION: rules.receive,
}

_EVENTS: dict[str, str] = {
    orders_events.Acknowledged.NAME: "acknowledge",
    orders_events.Amended.NAME: "amend",
    orders_events.Despatched.NAME: "despatch",
    orders_events.GoodsReceived.NAME: "receive",
    orders_events.OrderCancelled.NAME: "cancel",
}
"""What an event of the contract is in the rule's table."""


MATCHED = "matched"
"""Where the act of an issue keeps what of each order line the invoice was matched with, in the order's units."""


@dataclass(frozen=True, slots=True)
class _Step:
    """A signed step of the goods, or (``face``) a standing invoice with what it was matched with, and where its
    document is."""

    id: str
    document_id: str
    function: str = ""
    face: int = 0
    confirmed: bool = False
    matched: Mapping[str, Decimal] | None = None
    """None: it was issued before this was kept; all that it bills counts."""


def as_value(session: Session, row: OrderRow) -> rules.Order:
    """The order as its documents make it. What documents since the last call have changed is stored, so that the next
    call needn't read them again. The caller has ``row`` locked."""
    steps, invoices = _steps(session, row), _invoices(session, row)
    kept = session.get(OrderStateRow, row.id)
    order, from_step, from_invoice = _fitting(row, kept, steps, invoices)
    if order is None:
        order = unless_refused(rules.post(_document(session, row.document_id)))
    order = _folded(session, order, steps[from_step:], invoices[from_invoice:])
    if kept is None or (from_step, from_invoice) != (len(steps), len(invoices)):
        _keep(session, row, kept, order, steps, invoices)
    return _standing(session, row, order, invoices)


def replay(session: Session, row: OrderRow) -> rules.Order:
    """The order, reckoned anew from all its documents; what is stored isn't looked at."""
    steps, invoices = _steps(session, row), _invoices(session, row)
    posted = unless_refused(rules.post(_document(session, row.document_id)))
    return _standing(session, row, _folded(session, posted, steps, invoices), invoices)


def from_kept(session: Session, row: OrderRow) -> rules.Order | None:
    """The order from what is stored and the documents that came since then; None where what is stored doesn't fit the
    documents."""
    steps, invoices = _steps(session, row), _invoices(session, row)
    order, from_step, from_invoice = _fitting(row, session.get(OrderStateRow, row.id), steps, invoices)
    if order is None:
        return None
    return _standing(session, row, _folded(session, order, steps[from_step:], invoices[from_invoice:]), invoices)


def now(session: Session, row: OrderRow) -> rules.Order:
    """The order as it stands, for reading: nothing is locked and nothing is stored."""
    return from_kept(session, row) or replay(session, row)


def view(session: Session, row: OrderRow) -> OrderView:
    """What its parties see of it. On chain what was received only grows: what went back of it its documents tell."""
    lines = now(session, row).lines if row.goods_returned else ()
    return OrderView.of(row, min(row.received, sum(line.returned_value for line in lines)))


def bills(session: Session, row: OrderRow) -> list[Bill]:
    """Its standing invoices, the oldest first; of one that is due in parts the claims together, under the first one's
    id."""
    order = _document(session, row.document_id)
    found: dict[tuple[str, int], Bill] = {}
    for each in _invoices(session, row):
        document = _document(session, each.document_id)
        bill = Bill(each.id, document, Money(each.face, row.currency), _matched_of(session, order, each))
        key = (normalised(document.id), document.issue_date.year)
        found[key] = _together(found[key], bill) if key in found else bill
    return list(found.values())


def _together(one: Bill, other: Bill) -> Bill:
    lines = one.quantities.keys() | other.quantities.keys()
    none = Decimal(0)
    quantities = {line: one.quantities.get(line, none) + other.quantities.get(line, none) for line in lines}
    return replace(one, face=one.face + other.face, quantities=quantities)


def by_events(session: Session, row: OrderRow) -> rules.State:
    """The order's state by its final events alone, in the chain's order, and by its invoices: the rule's own transition
    table is applied to them. An amended order waits for its seller, whatever arrives of it meanwhile."""
    reported = session.exec(
        select(ChainEventRow.name)
        .where(
            ChainEventRow.subject == row.id,
            ChainEventRow.contract == orders_acts.Post.CONTRACT,
            col(ChainEventRow.name).in_(list(_EVENTS)),
        )
        .order_by(col(ChainEventRow.block_number), col(ChainEventRow.log_index))
    )
    state = rules.State.POSTED
    for name in reported:
        state = rules.TRANSITIONS[state, _EVENTS[name]]
    if state is rules.State.CANCELLED or not row.invoiced:
        return state
    return rules.TRANSITIONS[state, "invoice"]


def _steps(session: Session, row: OrderRow) -> list[_Step]:
    """The goods' steps in the order in which they were made, as far as they are signed."""
    signed = session.exec(
        select(ActRow.id, ActRow.function, ActRow.extra)
        .where(
            ActRow.subject == row.id,
            ActRow.contract == orders_acts.Acknowledge.CONTRACT,
            col(ActRow.function).in_(list(_FOLD)),
            col(ActRow.status).in_(COUNTED),
        )
        .order_by(col(ActRow.id))
    )
    return [_Step(act_id, str(extra["document_id"]), function) for act_id, function, extra in signed]


def _invoices(session: Session, row: OrderRow) -> list[_Step]:
    standing = session.exec(
        select(ReceivableRow.id, ReceivableRow.document_id, ReceivableRow.face, ReceivableRow.confirmed_at)
        .where(
            ReceivableRow.order_id == row.id,
            col(ReceivableRow.parent_id).is_(None),  # a part bills nothing of its own
            col(ReceivableRow.status).not_in(NOT_BILLED),
        )
        .order_by(col(ReceivableRow.created_at), col(ReceivableRow.id))
    )
    found = standing.all()
    matched = _matched(session, [each for each, *_ in found])
    return [
        _Step(each, doc, face=face, confirmed=at is not None, matched=matched.get(each))
        for each, doc, face, at in found
    ]


def _matched(session: Session, receivable_ids: Sequence[str]) -> dict[str, dict[str, Decimal]]:
    """By receivable what of each order line its invoice was matched with when it was last issued."""
    if not receivable_ids:
        return {}
    issued = session.exec(
        select(ActRow.subject, ActRow.extra)
        .where(
            col(ActRow.subject).in_(receivable_ids),
            ActRow.contract == receivables_acts.Issue.CONTRACT,
            ActRow.function == receivables_acts.Issue.FUNCTION,
        )
        .order_by(col(ActRow.id))
    )
    return {
        str(subject): {line: Decimal(value) for line, value in extra[MATCHED].items()}
        for subject, extra in issued
        if isinstance(extra.get(MATCHED), dict)
    }


def matched(session: Session, order: Document, row: ReceivableRow) -> Mapping[str, Decimal]:
    """What of each line of ``order`` the invoice of a receivable was matched with when it was issued."""
    known = _matched(session, [row.id]).get(row.id)
    return _matched_of(session, order, _Step(row.id, row.document_id, matched=known))


def _matched_of(session: Session, order: Document, step: _Step) -> Mapping[str, Decimal]:
    if step.matched is not None:
        return step.matched
    return unless_refused(quantities(order, [_document(session, step.document_id)]))


def _folded(session: Session, order: rules.Order, steps: Sequence[_Step], invoices: Sequence[_Step]) -> rules.Order:
    """The order after more documents. Its state is that of its goods; what is invoiced is in its amounts
    (`_standing`)."""
    for step in steps:
        order = unless_refused(_FOLD[step.function](order, _document(session, step.document_id)))
    for step in invoices:
        face = Money(step.face, order.currency)
        billed = unless_refused(rules.billed_before(order, face, _matched_of(session, order.document, step)))
        order = replace(billed, state=order.state)
    return order


def _standing(session: Session, row: OrderRow, order: rules.Order, invoices: Sequence[_Step]) -> rules.Order:
    """The order with its invoices taken into account: its state, the amounts the debtor confirmed, a cancellation."""
    if _cancelled(session, row):
        return replace(order, state=rules.State.CANCELLED)
    if invoices:
        order = replace(order, state=rules.TRANSITIONS[order.state, "invoice"])
    for step in invoices:
        if step.confirmed:
            order = unless_refused(rules.confirm(order, Money(step.face, order.currency)))
    return order


def _cancelled(session: Session, row: OrderRow) -> bool:
    """Whether it is cancelled, finally or by an act that is on its way. There is no step of that to fold."""
    if row.status == rules.State.CANCELLED:
        return True
    cancel = select(ActRow.id).where(
        ActRow.subject == row.id,
        ActRow.contract == orders_acts.Cancel.CONTRACT,
        ActRow.function == orders_acts.Cancel.FUNCTION,
        ActRow.status == ActState.SIGNED.value,
    )
    return session.exec(cancel.limit(1)).first() is not None


def _digest(row: OrderRow, documents: Sequence[_Step]) -> str:
    """Of the order as it was posted and the documents on it."""
    names = [row.document_id, *(f"{step.id} {step.document_id} {step.face}" for step in documents)]
    return hashlib.sha256("\n".join(names).encode()).hexdigest()


def _fitting(
    row: OrderRow, kept: OrderStateRow | None, steps: Sequence[_Step], invoices: Sequence[_Step]
) -> tuple[rules.Order | None, int, int]:
    """The kept order and how many steps and invoices are in it, if they are the first of those that stand now."""
    if (
        kept is None
        or kept.steps_digest != _digest(row, steps[: kept.steps])
        or kept.invoices_digest != _digest(row, invoices[: kept.invoices])
    ):
        return None, 0, 0
    lines = tuple(_line(each) for each in kept.lines)
    order = rules.Order(Document.from_canonical(kept.document), rules.State(kept.state), lines, kept.invoiced)
    return order, kept.steps, kept.invoices


def _keep(
    session: Session,
    row: OrderRow,
    kept: OrderStateRow | None,
    order: rules.Order,
    steps: Sequence[_Step],
    invoices: Sequence[_Step],
) -> None:
    fresh = OrderStateRow(
        order_id=row.id,
        document=dict(order.document.canonical()),
        state=order.state.value,
        lines=[_line_json(line) for line in order.lines],
        invoiced=order.invoiced,
        steps=len(steps),
        steps_digest=_digest(row, steps),
        invoices=len(invoices),
        invoices_digest=_digest(row, invoices),
    )
    if kept is not None:
        kept.sqlmodel_update(fresh.model_dump())
    session.add(fresh if kept is None else kept)


def _line_json(line: rules.OrderLine) -> dict[str, object]:
    return {
        "id": line.id,
        "unit": line.unit,
        "value": str(line.value),
        **{name: str(getattr(line, name)) for name in _VALUES},
        **{name: plain(getattr(line, name)) for name in _QUANTITIES},
    }


_QUANTITIES = ("ordered", "despatched", "received", "invoiced", "returned")
_VALUES = ("despatched_value", "received_value", "returned_value")


def _line(body: dict[str, object]) -> rules.OrderLine:
    text = {name: str(value) for name, value in body.items()}
    ordered, despatched, received, invoiced, returned = (Decimal(text.get(name, "0")) for name in _QUANTITIES)
    despatched_value, received_value, returned_value = (int(text.get(name, "0")) for name in _VALUES)
    return rules.OrderLine(
        id=text["id"],
        unit=text["unit"],
        ordered=ordered,
        value=int(text["value"]),
        despatched=despatched,
        received=received,
        invoiced=invoiced,
        despatched_value=despatched_value,
        received_value=received_value,
        returned=returned,
        returned_value=returned_value,
    )


def _document(session: Session, document_id: str) -> Document:
    return Document.from_canonical(session.get_one(DocumentRow, document_id).canonical)
