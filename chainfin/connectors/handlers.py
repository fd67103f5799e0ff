"""What the worker does for each topic: payload in, partner asked, JSON out.

Payloads are JSON objects; amounts are strings in major units with a ``currency``, dates ISO 8601:

* ``payment.pay``: instruction_id, payee_account, payee_name, amount, currency, purpose
* ``payment.refund``: refund_id, bank_reference, amount, currency, reason
* ``registry.register``: pledge_ref, pledgor, pledgee, asset_kind, asset_hash, amount, currency, starts_on, ends_on
* ``registry.release``: pledge_ref, registry_no, reason
* ``data.fetch``: subject_id, consent, sources (a list)

Every result carries the partner's signed ``evidence`` {body, signature, key_id}.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from pydantic import TypeAdapter, ValidationError

from chainfin.connectors.data_partner import DataPartner, SourceData
from chainfin.connectors.outcome import Done, Outcome, Refused, then
from chainfin.connectors.payment_rail import Confirmation, Instruction, PaymentRail, Refund
from chainfin.connectors.registry import Entry, Registration, Registry
from chainfin.connectors.wire import M, PayRequest, Ref, RefundRequest, RegisterRequest, build
from chainfin.errors import BadInput
from chainfin.values.money import Money

Json: TypeAlias = dict[str, object]


@dataclass(frozen=True, slots=True)
class Task:
    """A claimed command. ``first``: nobody can have sent it before, so there is nothing to ask about."""

    topic: str
    payload: Mapping[str, object]
    first: bool


Handler: TypeAlias = Callable[[Task], Outcome[Json]]


def partner_handlers(rail: PaymentRail, registry: Registry, partner: DataPartner) -> dict[str, Handler]:
    """The handler of each topic. They raise BadInput payload_malformed for a payload that isn't as the module says."""
    return {
        "payment.pay": lambda task: _pay(rail, task),
        "payment.refund": lambda task: _refund(rail, task),
        "registry.register": lambda task: _register(registry, task),
        "registry.release": lambda task: _release(registry, task),
        "data.fetch": lambda task: _fetch(partner, task),
    }


def _pay(rail: PaymentRail, task: Task) -> Outcome[Json]:
    wire = _checked(PayRequest, task, but=("instruction_id",))
    instruction = Instruction(
        instruction_id=_text(task, "instruction_id"),
        payee_account=wire.payee_account,
        payee_name=wire.payee_name,
        amount=Money.positive(wire.amount, wire.currency, where="amount"),
        purpose=wire.purpose,
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

    return then(rail.settle(instruction, first=task.first), reply)


def _refund(rail: PaymentRail, task: Task) -> Outcome[Json]:
    wire = _checked(RefundRequest, task, but=("refund_id",))
    amount = Money.positive(wire.amount, wire.currency, where="amount")

    def reply(refund: Refund) -> Outcome[Json]:
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

    return then(rail.refund(_text(task, "refund_id"), wire.bank_reference, amount, wire.reason), reply)


def _register(registry: Registry, task: Task) -> Outcome[Json]:
    wire = _checked(RegisterRequest, task, but=("pledge_ref",))
    registration = Registration(
        pledge_ref=_text(task, "pledge_ref"),
        pledgor=wire.pledgor,
        pledgee=wire.pledgee,
        asset_kind=wire.asset_kind,
        asset_hash=wire.asset_hash,
        amount=Money.positive(wire.amount, wire.currency, where="amount"),
        starts_on=wire.starts_on,
        ends_on=wire.ends_on,
    )
    return then(registry.register(registration), _entry_reply)


def _release(registry: Registry, task: Task) -> Outcome[Json]:
    answer = registry.cancel(_text(task, "pledge_ref"), _text(task, "registry_no"), _text(task, "reason"))
    return then(answer, _entry_reply)


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


def _fetch(partner: DataPartner, task: Task) -> Outcome[Json]:
    """Always Done: what each source said, or why it said nothing; what that means is for policy to say."""
    try:
        sources = TypeAdapter(list[Ref]).validate_python(task.payload.get("sources"))
    except ValidationError:
        raise BadInput("payload_malformed", "sources must be a list of names", where="sources") from None
    answers = partner.fetch(_text(task, "subject_id"), str(task.payload.get("consent") or ""), sources)
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
    status = "refused" if isinstance(answer, Refused) else "unavailable"
    return {"status": status, "code": answer.code, "message": answer.message}


def _text(task: Task, name: str) -> str:
    value = task.payload.get(name)
    if not isinstance(value, str) or not value:
        raise BadInput("payload_malformed", f"{task.topic} needs a {name}", where=name)
    return value


def _checked(model: type[M], task: Task, *, but: tuple[str, ...]) -> M:
    given = {name: value for name, value in task.payload.items() if name not in but}
    return build(model, given, what=task.topic)
