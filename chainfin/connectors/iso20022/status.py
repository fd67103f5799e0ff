"""Reading what became of payment instructions (pain.002.001.10). Money is gone only where the bank says exactly that.

A file that is no safe XML or no such message is refused (BadInput document_*, message_kind_unknown); whatever else
can't be understood is parked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from typing import Final

from lxml import etree

from chainfin.connectors.iso20022.model import ParkedPart
from chainfin.connectors.iso20022.node import PREFIX, Node
from chainfin.connectors.iso20022.payout import MESSAGE as ORIGINAL
from chainfin.documents import xml
from chainfin.errors import BadInput
from chainfin.rules.bank_order import Standing

MESSAGE: Final = "pain.002.001.10"


# Settlement completed is the only word for "paid"; the others say how far an instruction came. A status that isn't here
# (a code of the bank's own, a newer one, "partly") is unknown: somebody has to look.
_STANDINGS: Final = {
    "ACSC": Standing.PAID,
    "ACCP": Standing.IN_FLIGHT,
    "ACTC": Standing.IN_FLIGHT,
    "ACSP": Standing.IN_FLIGHT,
    "ACWC": Standing.IN_FLIGHT,
    "PDNG": Standing.IN_FLIGHT,
    "RJCT": Standing.REFUSED,
}
_FINAL: Final = frozenset({Standing.PAID, Standing.REFUSED})


@dataclass(frozen=True, slots=True)
class Status:
    """One word of the bank: its code (None: it stated none) and the reasons it gave (codes, then its own words);
    ``at``: when it accepted the payment, where it says so."""

    code: str | None
    reasons: tuple[str, ...]
    text: str | None
    at: datetime | None = None

    @property
    def standing(self) -> Standing:
        return Standing.UNKNOWN if self.code is None else _STANDINGS.get(self.code, Standing.UNKNOWN)


NOTHING: Final = Status(None, (), None)
"""The bank said nothing that could be acted on."""


@dataclass(frozen=True, slots=True)
class PaymentStatus:
    """The status of one payment, by our ids (at least one of the last two is there)."""

    payment_info_id: str
    instruction_id: str | None
    end_to_end_id: str | None
    status: Status


@dataclass(frozen=True, slots=True)
class StatusReport:
    """The bank's answer to one message of ours: a word on all of it (``group``), on whole payment orders by their id
    (``infos``), on single payments. ``made_at``: when the bank wrote it, where that can be read."""

    id: str | None
    made_at: datetime | None
    original_message_id: str | None
    group: Status
    infos: tuple[tuple[str, Status], ...]
    payments: tuple[PaymentStatus, ...]
    parked: tuple[ParkedPart, ...]

    def of(self, message_id: str, payment_info_id: str, instruction_id: str, end_to_end_id: str) -> Status:
        """What the report says of one payment: its narrowest word on it.

        `NOTHING` where words contradict each other (two on one payment; a wider one that says paid or refused of all
        and a narrower one that doesn't; one of the two ids is another's), and where only a wide word is left while a
        narrower one is parked.
        """
        if self.original_message_id != message_id:
            return NOTHING
        ours = (instruction_id, end_to_end_id)
        own: list[Status] = []
        for found in self.payments:
            stated = (found.instruction_id, found.end_to_end_id)
            same = [mine == theirs for mine, theirs in zip(ours, stated, strict=True) if theirs is not None]
            if found.payment_info_id != payment_info_id or not any(same):
                continue
            if not all(same):
                return NOTHING
            own.append(found.status)
        narrow = _stated(own)
        order = _stated([status for name, status in self.infos if name == payment_info_id])
        levels = [level for level in (narrow, order, _stated([self.group])) if level]
        if not levels or (self.parked and not narrow):
            return NOTHING
        first = levels[0][0]
        binding = levels[0] + [status for level in levels[1:] for status in level if status.standing in _FINAL]
        return first if all(status.standing == first.standing for status in binding) else NOTHING


def _stated(statuses: list[Status]) -> list[Status]:
    return [status for status in statuses if status.code is not None]


def read(data: bytes, *, source: str, zone: tzinfo = UTC) -> StatusReport:
    """The report in ``data``; times without an offset are of ``zone``. One that answers another kind
    of message than ours is parked whole."""
    root = xml.parse(data, source=source)
    node = Node(root, "/Document", source)
    bodies = node.children("CstmrPmtStsRpt")
    if etree.QName(root).namespace != PREFIX + MESSAGE or node.name != "Document" or len(bodies) != 1:
        raise BadInput("message_kind_unknown", f"this is no {MESSAGE}", where=source)
    body = bodies[0]
    try:
        message_id = body.text("GrpHdr/MsgId", 35)
        original, group = _original(body.need("OrgnlGrpInfAndSts"))
    except BadInput as error:
        return StatusReport(None, None, None, NOTHING, (), (), (body.park(error),))
    made_at = _moment(body, "GrpHdr/CreDtTm", zone)
    infos: list[tuple[str, Status]] = []
    payments: list[PaymentStatus] = []
    parked: list[ParkedPart] = []
    for item in body.children("OrgnlPmtInfAndSts"):
        try:
            name = item.need_text("OrgnlPmtInfId", 35)
            infos.append((name, _status(item, "PmtInfSts")))
        except BadInput as error:
            parked.append(item.park(error))
            continue
        for row in item.children("TxInfAndSts"):
            try:
                payments.append(_payment(row, name, zone))
            except BadInput as error:
                parked.append(row.park(error))
    return StatusReport(message_id, made_at, original, group, tuple(infos), tuple(payments), tuple(parked))


def _original(node: Node) -> tuple[str, Status]:
    name = node.need_text("OrgnlMsgNmId", 35)
    if name != ORIGINAL:
        raise BadInput("original_message_unknown", f"this answers a {name}, not a {ORIGINAL}", where=node.where)
    return node.need_text("OrgnlMsgId", 35), _status(node, "GrpSts")


def _payment(node: Node, payment_info_id: str, zone: tzinfo) -> PaymentStatus:
    instruction_id, end_to_end_id = node.text("OrgnlInstrId", 35), node.text("OrgnlEndToEndId", 35)
    if instruction_id is None and end_to_end_id is None:
        raise BadInput("payment_unnamed", "the status names no payment", where=node.where)
    status = replace(_status(node, "TxSts"), at=_moment(node, "AccptncDtTm", zone))
    return PaymentStatus(payment_info_id, instruction_id, end_to_end_id, status)


def _moment(node: Node, step: str, zone: tzinfo) -> datetime | None:
    """A time that says when, not what: one that can't be read is none."""
    try:
        return node.moment(step, zone)
    except BadInput:
        return None


def _status(node: Node, step: str) -> Status:
    reasons = node.children("StsRsnInf")
    codes = [code for item in reasons if (code := item.code("Rsn"))]
    words = [text for item in reasons for line in item.children("AddtlInf") if (text := line.own_text(105))]
    return Status(node.text(step, 4), tuple(codes), " ".join(words) or None)
