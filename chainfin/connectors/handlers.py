"""What the worker does for each command: partner asked, JSON out.

The commands are `chainfin.services.kernel.commands`. Every result carries the partner's signed ``evidence`` {body,
signature, key_id}.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from pydantic import TypeAdapter, ValidationError

from chainfin.connectors.data_partner import DataPartner, SourceData
from chainfin.connectors.outcome import Done, Outcome, Refused, then
from chainfin.connectors.payment_rail import Confirmation, Instruction, PaymentRail
from chainfin.connectors.payment_rail import Refund as Refunded
from chainfin.connectors.registry import Entry, Registry
from chainfin.connectors.registry import Registration as Filing
from chainfin.connectors.wire import Ref
from chainfin.errors import BadInput
from chainfin.services.kernel.commands import (
    REGISTRATIONS,
    FetchData,
    PayHolder,
    PayLoan,
    Refund,
    Registration,
    StrikeOutPledge,
    parse,
)

Json: TypeAlias = dict[str, object]


@dataclass(frozen=True, slots=True)
class Task:
    """A claimed command. ``first``: nobody can have sent it before, so there is nothing to ask about."""

    topic: str
    payload: Mapping[str, object]
    first: bool


Handler: TypeAlias = Callable[[Task], Outcome[Json]]


def partner_handlers(rail: PaymentRail, registry: Registry, partner: DataPartner) -> dict[str, Handler]:
    """The handler of each topic. They raise BadInput payload_malformed, amount_… for a payload that is no such command
    or that no partner can be sent."""
    return {
        PayLoan.TOPIC: lambda task: _pay(rail, parse(PayLoan, task.payload), task.first),
        PayHolder.TOPIC: lambda task: _pay(rail, parse(PayHolder, task.payload), task.first),
        Refund.TOPIC: lambda task: _refund(rail, parse(Refund, task.payload), task.first),
        **{kind.TOPIC: _registering(registry, kind) for kind in REGISTRATIONS},
        StrikeOutPledge.TOPIC: lambda task: _strike_out(registry, parse(StrikeOutPledge, task.payload)),
        FetchData.TOPIC: lambda task: _fetch(partner, parse(FetchData, task.payload)),
    }


def _pay(rail: PaymentRail, order: PayLoan | PayHolder, first: bool) -> Outcome[Json]:
    instruction = Instruction(
        instruction_id=order.instruction_id,
        payee_account=order.payee_account,
        payee_name=order.payee_name,
        amount=order.amount,
        purpose=order.purpose,
    )

    def reply(paid: Confirmation) -> Outcome[Json]:
        return Done(
            {
                "instruction_id": paid.instruction_id,
                "bank_reference": paid.bank_reference,
                "amount": str(paid.amount),
                "currency": paid.amount.currency,
                "payee_account": paid.payee_account,
                "paid_at": paid.paid_at.isoformat(),
                "evidence": paid.evidence.as_json(),
            }
        )

    return then(rail.settle(instruction, first=first), reply)


def _refund(rail: PaymentRail, order: Refund, first: bool) -> Outcome[Json]:
    """By the bank's reference, or, where a payee is named, as a payment to it."""
    if order.payee_account:
        return _paid_back(rail, order, first)

    def reply(refund: Refunded) -> Outcome[Json]:
        return Done(
            {
                "refund_id": refund.refund_id,
                "refund_reference": refund.refund_reference,
                "bank_reference": refund.bank_reference,
                "amount": str(refund.amount),
                "currency": refund.amount.currency,
                "refunded_at": refund.refunded_at.isoformat(),
                "evidence": refund.evidence.as_json(),
            }
        )

    return then(rail.refund(order.instruction_id, order.bank_reference, order.amount, order.reason), reply)


def _paid_back(rail: PaymentRail, order: Refund, first: bool) -> Outcome[Json]:
    def reply(paid: Confirmation) -> Outcome[Json]:
        return Done(
            {
                "refund_id": paid.instruction_id,
                "refund_reference": paid.bank_reference,
                "bank_reference": order.bank_reference,
                "amount": str(paid.amount),
                "currency": paid.amount.currency,
                "refunded_at": paid.paid_at.isoformat(),
                "evidence": paid.evidence.as_json(),
            }
        )

    instruction = Instruction(
        instruction_id=order.instruction_id,
        payee_account=order.payee_account,
        payee_name=order.payee_name,
        amount=order.amount,
        purpose="return of a payment",
    )
    return then(rail.settle(instruction, first=first), reply)


def _registering(registry: Registry, kind: type[Registration]) -> Handler:
    return lambda task: _register(registry, parse(kind, task.payload))


def _register(registry: Registry, order: Registration) -> Outcome[Json]:
    registration = Filing(
        pledge_ref=order.pledge_id,
        pledgor=order.pledgor,
        pledgee=order.pledgee,
        asset_kind=order.asset_kind,
        asset_hash=order.asset_hash,
        amount=order.amount,
        starts_on=order.starts_on,
        ends_on=order.ends_on,
    )
    return then(registry.register(registration), _entry_reply)


def _strike_out(registry: Registry, order: StrikeOutPledge) -> Outcome[Json]:
    return then(registry.cancel(order.pledge_id, order.registry_no, order.reason), _entry_reply)


def _entry_reply(entry: Entry) -> Outcome[Json]:
    return Done(
        {
            "pledge_ref": entry.pledge_ref,
            "registry_no": entry.registry_no,
            "status": entry.status,
            "registered_at": entry.registered_at.isoformat() if entry.registered_at else None,
            "cancelled_at": entry.cancelled_at.isoformat() if entry.cancelled_at else None,
            "evidence": entry.evidence.as_json(),
        }
    )


def _fetch(partner: DataPartner, order: FetchData) -> Outcome[Json]:
    """Always Done: what each source said, or why it said nothing; what that means is for policy to say."""
    try:
        sources = TypeAdapter(list[Ref]).validate_python(list(order.sources))
    except ValidationError:
        raise BadInput("payload_malformed", "sources must be a list of names", where="sources") from None
    answers = partner.fetch(order.subject_id, order.consent, sources)
    reply: Json = {source: _source_reply(answer) for source, answer in answers.items()}
    return Done({"sources": reply})


def _source_reply(answer: Outcome[SourceData]) -> Json:
    if isinstance(answer, Done):
        data = answer.value
        return {
            "status": "done",
            "as_of": data.as_of.isoformat(),
            "payload": data.payload,
            "evidence": data.evidence.as_json(),
        }
    why = "refused" if isinstance(answer, Refused) else "unavailable"
    return {"status": why, "code": answer.code, "message": answer.message}
