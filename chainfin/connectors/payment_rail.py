"""The payment rail: pay out once, learn what came in, give back what wasn't ours.

An instruction id names a payment for ever. A payment is sent once; if its answer is lost, the rail is *asked*, and
only a signed "not found" lets the same id be sent again – which the rail itself would recognise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import ValidationError

from chainfin.connectors.http import HttpClient, quoted, read
from chainfin.connectors.outcome import Done, Outcome, Refused, Unknown, then
from chainfin.connectors.pages import Page, read_page
from chainfin.connectors.signature import Evidence
from chainfin.connectors.wire import (
    IncomingDocument,
    PaymentAnswer,
    PayRequest,
    RefundAnswer,
    RefundRequest,
    SignedDocument,
    build,
)
from chainfin.errors import BadInput, Refusal
from chainfin.jws import SignatureInvalid
from chainfin.values.money import Money

Status = Literal["done", "pending", "refused", "not_found"]


@dataclass(frozen=True, slots=True)
class Instruction:
    """Pay ``amount`` to an account. ``instruction_id`` is ours, unique for ever (printable ASCII, up to 128)."""

    instruction_id: str
    payee_account: str
    payee_name: str
    amount: Money
    purpose: str


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The bank's signed word that it paid."""

    instruction_id: str
    bank_reference: str
    amount: Money
    payee_account: str
    paid_at: datetime
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an instruction stands at the rail; ``code``/``message`` say why one was refused."""

    status: Status
    answer: PaymentAnswer
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Incoming:
    """One payment that arrived, as the bank signed it. ``sequence`` grows in the order of booking."""

    sequence: int
    bank_reference: str
    payer_account: str
    payer_name: str
    payee_account: str
    amount: Money
    remittance: str
    received_at: datetime
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a page: ``raw`` as the bank sent it, and the payment that it proves, or why it proves none.

    ``reference``: the bank's, as far as it can be read (for people; never a key).
    """

    raw: object
    reference: str
    content: Incoming | Refusal


@dataclass(frozen=True, slots=True)
class IncomingPage:
    """Lines after a cursor; ``next_cursor`` is where to go on (unchanged where there was nothing). ``through``: the
    bank signs that with this page all is told that it had booked before that moment (None: it doesn't)."""

    lines: tuple[Line, ...]
    next_cursor: int
    through: datetime | None = None

    @property
    def payments(self) -> tuple[Incoming, ...]:
        """Those lines that prove a payment."""
        return tuple(line.content for line in self.lines if isinstance(line.content, Incoming))


@dataclass(frozen=True, slots=True)
class Refund:
    """The bank's signed word that it gave back (part of) an incoming payment."""

    refund_id: str
    refund_reference: str
    bank_reference: str
    amount: Money
    refunded_at: datetime
    evidence: Evidence


class PaymentRail:
    """One bank's rail behind an `HttpClient`."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    def settle(self, instruction: Instruction, *, first: bool) -> Outcome[Confirmation]:
        """See the instruction through as far as can be known now; safe to call until it is Done or Refused.

        ``first`` is true only if no earlier call can have sent it. Refused carries the rail's code. Unknown
        payment_pending, payment_unconfirmed: call again with ``first=False``. Unknown payment_answer_mismatch,
        payment_instruction_conflict: something else was paid under this id; no retry helps, a person has to look.
        """
        if not first:
            standing = self.query(instruction.instruction_id)
            if not (isinstance(standing, Done) and standing.value.status == "not_found"):
                return then(standing, lambda found: _confirmed(instruction, found))
        sent = self.pay(instruction)
        if isinstance(sent, Refused) and sent.code == "payment_instruction_conflict":
            # Under this id money may have gone out: whoever took this for a refusal would release what secures it.
            return Unknown(sent.code, sent.message, answered=True)
        if not isinstance(sent, Unknown):
            return sent
        standing = self.query(instruction.instruction_id)
        if isinstance(standing, Done):
            return _confirmed(instruction, standing.value)
        return sent

    def pay(self, instruction: Instruction) -> Outcome[Confirmation]:
        """Send once. A lost answer is Unknown: use `query` or `settle`, not `pay`, to go on."""
        fields = {
            "payee_account": instruction.payee_account,
            "payee_name": instruction.payee_name,
            "amount": str(instruction.amount),
            "currency": instruction.amount.currency,
            "purpose": instruction.purpose,
        }
        request = build(PayRequest, fields, what="payment")
        path = quoted("payments", instruction.instruction_id)
        sent = self._client.call("PUT", path, json=request, idempotent=False)
        return then(then(sent, _standing), lambda found: _confirmed(instruction, found))

    def query(self, instruction_id: str) -> Outcome[Standing]:
        """What the rail knows of the instruction, signed."""
        answer = self._client.call("GET", quoted("payments", instruction_id), idempotent=True)
        standing = then(answer, _standing)
        if isinstance(standing, Done) and standing.value.answer.instruction_id != instruction_id:
            return Unknown("payment_answer_mismatch", "the rail answered about another instruction", answered=True)
        return standing

    def incoming(self, cursor: int = 0, limit: int = 200) -> Outcome[IncomingPage]:
        """Payments booked after ``cursor`` (0: from the beginning), oldest first."""
        params = {"after": cursor, "limit": limit}
        answer = self._client.call("GET", "/incoming", params=params, idempotent=True)
        return then(then(answer, read_page), lambda page: self._page(cursor, page))

    def refund(self, refund_id: str, bank_reference: str, amount: Money, reason: str) -> Outcome[Refund]:
        """Give back (part of) an incoming payment; idempotent by ``refund_id`` at the rail, so it is retried."""
        fields = {
            "bank_reference": bank_reference,
            "amount": str(amount),
            "currency": amount.currency,
            "reason": reason,
        }
        request = build(RefundRequest, fields, what="refund")
        answer = self._client.call("PUT", quoted("refunds", refund_id), json=request, idempotent=True)

        def accept(evidence: Evidence) -> Outcome[Refund]:
            return then(read(RefundAnswer, evidence), lambda body: matched(body, evidence))

        def matched(body: RefundAnswer, evidence: Evidence) -> Outcome[Refund]:
            if (body.refund_id, body.bank_reference, _amount(body)) != (refund_id, bank_reference, amount):
                return Unknown("payment_answer_mismatch", "the rail confirms another refund", answered=True)
            return Done(Refund(refund_id, body.refund_reference, bank_reference, amount, body.at, evidence))

        return then(answer, accept)

    def _page(self, cursor: int, page: Page) -> Outcome[IncomingPage]:
        if page.after != cursor or page.next < cursor:
            return Unknown("payment_answer_mismatch", "the rail answered from another cursor", answered=True)
        if page.items and page.next == cursor:
            return Unknown("payment_answer_mismatch", "the rail sent lines and no way past them", answered=True)
        return Done(IncomingPage(tuple(self.line(item) for item in page.items), page.next, page.through))

    def line(self, raw: object) -> Line:
        """A line as the bank sent it, read. Whatever it holds, it stops nothing but itself."""
        try:
            signed = SignedDocument.model_validate(raw)
            evidence = self._client.verifier.check(signed.body.encode(), signed.signature)
            return Line(raw, reference_of(raw), _incoming(evidence))
        except SignatureInvalid as error:
            refusal = Refusal("partner_signature_invalid", str(error))
        except BadInput as error:
            refusal = Refusal(error.code, error.message)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            refusal = Refusal("bank_line_malformed", f"{place}: {first['msg']}")
        except ValueError as error:
            # half a surrogate pair can't be signed bytes
            refusal = Refusal("bank_line_malformed", type(error).__name__)
        return Line(raw, reference_of(raw), refusal)


def _incoming(evidence: Evidence) -> Incoming:
    body = IncomingDocument.model_validate_json(evidence.body)
    return Incoming(
        sequence=body.sequence,
        bank_reference=body.bank_reference,
        payer_account=body.payer_account,
        payer_name=body.payer_name,
        payee_account=body.payee_account,
        amount=Money.positive(body.amount, body.currency),
        remittance=body.remittance,
        received_at=body.at,
        evidence=evidence,
    )


def reference_of(raw: object) -> str:
    """The bank's reference in a line that may be malformed in any way; empty where there is none to be seen."""
    body = raw.get("body") if isinstance(raw, dict) else None
    found = _REFERENCE.search(body) if isinstance(body, str) else None
    return found.group(1) if found else ""


_REFERENCE = re.compile(r'"bank_reference"\s*:\s*"((?:[^"\\]|\\.){1,200})"')


def _standing(evidence: Evidence) -> Outcome[Standing]:
    return then(read(PaymentAnswer, evidence), lambda body: Done(Standing(body.status, body, evidence)))


def _confirmed(instruction: Instruction, standing: Standing) -> Outcome[Confirmation]:
    """The rail's word held against what we asked for: a "done" of anything else confirms nothing."""
    answer = standing.answer
    if answer.instruction_id != instruction.instruction_id:
        return Unknown("payment_answer_mismatch", "the rail answered about another instruction", answered=True)
    match standing.status:
        case "not_found":
            return Unknown("payment_unconfirmed", "sent, and the rail doesn't know it (yet)")
        case "pending":
            return Unknown("payment_pending", "the rail has it and hasn't settled it yet")
        case "refused":
            code = answer.code or "payment_refused"
            return Refused(code, answer.message or "the rail refused", standing.evidence.as_json())
        case "done":
            if _amount(answer) != instruction.amount or answer.payee_account != instruction.payee_account:
                return Unknown("payment_answer_mismatch", "the rail confirms another amount or payee", answered=True)
            if answer.bank_reference is None or answer.at is None:
                return Unknown("partner_answer_malformed", "confirmed without reference or time", answered=True)
            return Done(
                Confirmation(
                    instruction_id=instruction.instruction_id,
                    bank_reference=answer.bank_reference,
                    amount=instruction.amount,
                    payee_account=instruction.payee_account,
                    paid_at=answer.at,
                    evidence=standing.evidence,
                )
            )


def _amount(answer: PaymentAnswer | RefundAnswer) -> Money | None:
    try:
        return Money.parse(answer.amount or "", answer.currency or "")
    except BadInput:
        return None
