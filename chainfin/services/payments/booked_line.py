"""A credit entry of a statement as a bank line: how it is parked, and how it is read again from there."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from chainfin.errors import BadInput, Refusal
from chainfin.services.kernel import parking
from chainfin.services.payments import bank_line
from chainfin.services.payments.allocation import Arrival
from chainfin.services.payments.bank_line import StatementLine
from chainfin.values.money import Money


def line_of(arrival: Arrival) -> StatementLine:
    """A credit as `incoming` takes it in; what is parked of it can be read again by `again`."""
    return StatementLine(parking.as_payload(bank_line.as_json(arrival)), arrival.bank_ref, arrival)


def again(payload: str) -> StatementLine:
    """A parked credit, read back."""
    body: dict[str, Any] = json.loads(payload)
    try:
        arrival: Arrival | Refusal = Arrival(
            bank_ref=body["bank_ref"],
            sequence=body["sequence"],
            payer_account=body["payer_account"],
            payee_account=body["payee_account"],
            amount=Money(int(body["minor"]), body["currency"]),
            remittance=body["remittance"],
            received_on=date.fromisoformat(body["received_on"]),
            evidence=body["evidence"],
        )
    except BadInput as error:
        arrival = Refusal(error.code, error.message)
    return StatementLine(payload, str(body["bank_ref"]), arrival)
