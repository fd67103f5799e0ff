"""Reading what the bank booked: statements (camt.053.001.08) and notifications (camt.054.001.08).

Only a file that isn't safe XML, or none of these messages, is refused (BadInput document_*, message_kind_unknown).
Whatever else can't be understood is parked with its XML and a code, and everything beside it is read.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from lxml import etree

from chainfin.connectors.iso20022 import payments
from chainfin.connectors.iso20022.model import (
    Balance,
    Entry,
    Kind,
    Message,
    ParkedEntry,
    ParkedPart,
    Statement,
    Unbooked,
    UnbookedEntry,
)
from chainfin.connectors.iso20022.node import PREFIX, Node
from chainfin.documents import xml
from chainfin.errors import BadInput
from chainfin.values.money import Money

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")

# Where each message keeps its body, its statements, and the number of a statement's page.
_BODIES: Final = {
    Kind.STATEMENT: ("BkToCstmrStmt", "Stmt", "StmtPgntn"),
    Kind.NOTIFICATION: ("BkToCstmrDbtCdtNtfctn", "Ntfctn", "NtfctnPgntn"),
}
# What the bank says of the delivery rather than of the account: it differs when the same statement is sent again.
_DELIVERY: Final = frozenset({"CreDtTm", "CpyDplctInd", "RptgSrc"})


def read(data: bytes, *, source: str, zone: tzinfo = SHANGHAI) -> Message:
    """The message in ``data``. A time of day is turned into the date in ``zone``, where business is done."""
    root = xml.parse(data, source=source)
    node = Node(root, "/Document", source)
    namespace = etree.QName(root).namespace or ""
    kind = next((kind for kind in Kind if namespace == PREFIX + kind), None)
    if kind is None or node.name != "Document":
        raise BadInput("message_kind_unknown", f"this is none of {', '.join(Kind)}", where=source)
    body_name, statement_name, _ = _BODIES[kind]
    bodies = node.children(body_name)
    if len(bodies) != 1 or len(list(root.iterchildren("*"))) != 1:  # what stands beside it would go unread
        raise BadInput("message_kind_unknown", f"{body_name} must stand once and alone in a {kind}", where=node.where)
    statements: list[Statement] = []
    parked: list[ParkedPart] = []
    found = bodies[0].children(statement_name)
    if not found:
        parked.append(bodies[0].park(bodies[0].missing(statement_name)))
    for item in found:
        try:
            statements.append(_statement(item, kind, zone))
        except BadInput as error:
            parked.append(item.park(error))
    return Message(kind, _message_id(bodies[0]), tuple(statements), tuple(parked))


def _message_id(body: Node) -> str | None:
    """Only for people: nothing is decided by the id of a delivery, so a faulty one parks nothing."""
    try:
        return body.text("GrpHdr/MsgId", 35)
    except BadInput:
        return None


def _statement(node: Node, kind: Kind, zone: tzinfo) -> Statement:
    pagination = _BODIES[kind][2]
    account = payments.account(node.need("Acct"))
    if account is None:
        raise node.missing("Acct/Id")
    currency = _currency(node)
    page = node.number(f"{pagination}/PgNb")
    last_page = page is None or node.flag(f"{pagination}/LastPgInd")
    opening, closing = _balances(node, currency, zone, first=page in (None, 1), last=last_page)
    entries: list[Entry] = []
    unbooked: list[UnbookedEntry] = []
    parked: list[ParkedEntry] = []
    for position, item in enumerate(node.children("Ntry"), 1):
        try:
            found = _entry(item, position, currency, zone)
        except BadInput as error:
            effect = _effect(item, currency)
            parked.append(ParkedEntry(item.raw, error.code, error.message, error.where or item.where, effect))
            continue
        if isinstance(found, Entry):
            entries.append(found)
        else:
            unbooked.append(found)
    return Statement(
        kind=kind,
        id=node.need_text("Id", 35),
        sequence=node.number("ElctrncSeqNb"),
        page=1 if page is None else page,
        last_page=last_page,
        account=account,
        currency=currency,
        from_at=node.moment("FrToDt/FrDtTm", zone),
        to_at=node.moment("FrToDt/ToDtTm", zone),
        opening=opening,
        closing=closing,
        entries=tuple(entries),
        unbooked=tuple(unbooked),
        parked=tuple(parked),
        digest=_digest(node),
    )


def _currency(node: Node) -> str:
    """The account's currency; where the bank doesn't state it, the only one that balances and entries are in."""
    stated = node.text("Acct/Ccy")
    if stated is None:
        amounts = [one for name in ("Bal", "Ntry") for item in node.children(name) for one in item.children("Amt")]
        named = {one.element.get("Ccy") for one in amounts} - {None}
        if len(named) != 1:
            raise BadInput("currency_missing", "the account's currency is missing", where=node.at("Acct/Ccy"))
        stated = str(named.pop())
    return Money.zero(stated).currency


def _balances(
    node: Node, currency: str, zone: tzinfo, *, first: bool, last: bool
) -> tuple[Balance | None, Balance | None]:
    """Opening and closing booked balance; pages in the middle state interim ones (ITBD) in that order."""
    found: dict[str, list[Balance]] = {"OPBD": [], "PRCD": [], "CLBD": [], "ITBD": []}
    for item in node.children("Bal"):
        code = item.text("Tp/CdOrPrtry/Cd")
        if code in found:
            found[code].append(_balance(item, currency, zone))
    for code in ("OPBD", "PRCD", "CLBD"):
        if len(found[code]) > 1:
            raise BadInput("balance_repeated", f"{code} is stated {len(found[code])} times", where=node.at("Bal"))
    interim = found["ITBD"]
    opening = next(iter(found["OPBD"]), None)
    if opening is None and found["PRCD"]:
        # The balance at the end of the period before is the opening one by definition, of the day after.
        (before,) = found["PRCD"]
        opening = Balance(before.amount, before.on + timedelta(days=1))
    if opening is None and not first and interim:
        opening = interim.pop(0)
    closing = next(iter(found["CLBD"]), None)
    if closing is None and not last and interim:
        closing = interim.pop(0)
    return opening, closing


def _balance(item: Node, currency: str, zone: tzinfo) -> Balance:
    amount = item.money("Amt", currency)
    credit = item.one_of("CdtDbtInd", "CRDT", "DBIT") == "CRDT"
    return Balance(amount if credit else -amount, _need_day(item, "Dt", zone, "balance_date_missing"))


def _need_day(node: Node, step: str, zone: tzinfo, code: str) -> date:
    found = node.day(step, zone)
    if found is None:
        raise BadInput(code, f"{step} is missing", where=node.at(step))
    return found


def _entry(node: Node, position: int, currency: str, zone: tzinfo) -> Entry | UnbookedEntry:
    status = _status(node)
    credit = node.one_of("CdtDbtInd", "CRDT", "DBIT") == "CRDT"
    amount = node.money("Amt", currency)
    bank_reference = node.text("AcctSvcrRef", 35)
    text = node.text("AddtlNtryInf")
    if status is not None:
        return UnbookedEntry(position, status, amount if credit else -amount, bank_reference, text)
    if amount.minor == 0:
        raise BadInput("amount_not_positive", "a booked entry moves more than nothing", where=node.at("Amt"))
    return Entry(
        position=position,
        amount=amount,
        credit=credit,
        reversal=node.flag("RvslInd"),
        booked_on=_need_day(node, "BookgDt", zone, "booking_date_missing"),
        # The bank's value date is what the money is reckoned by: no other date stands in for it.
        value_on=_need_day(node, "ValDt", zone, "value_date_missing"),
        reference=node.text("NtryRef", 35),
        bank_reference=bank_reference,
        payments=payments.of_entry(node, amount, credit, bank_reference),
        text=text,
    )


def _status(node: Node) -> Unbooked | None:
    """None is booked. A status that isn't known here, or the bank's own, is never taken for one that is."""
    code = node.text("Sts/Cd")
    if code == "BOOK":
        return None
    if code in set(Unbooked):
        return Unbooked(code)
    raise BadInput("status_unknown", "the entry's status is none of BOOK, PDNG, INFO, FUTR", where=node.at("Sts"))


def _effect(node: Node, currency: str) -> Money | None:
    """What a parked entry moved on the account, if at least that can be read."""
    try:
        if _status(node) is not None:
            return Money.zero(currency)
        amount = node.money("Amt", currency)
        return amount if node.one_of("CdtDbtInd", "CRDT", "DBIT") == "CRDT" else -amount
    except BadInput:
        return None


def _digest(node: Node) -> str:
    """SHA-256 of names, attributes and texts in their order, whatever prefixes, layout or time of delivery."""

    def tree(element: etree._Element) -> list[object]:
        below = [tree(child) for child in element if etree.QName(child).localname not in _DELIVERY]
        return [element.tag, sorted(element.attrib.items()), (element.text or "").strip(), below]

    return hashlib.sha256(json.dumps(tree(node.element)).encode()).hexdigest()
