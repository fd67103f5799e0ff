"""What a party's own address is called with, as forms: the `webhooks` of the OpenAPI document.

Nothing here runs. `services.kernel.announcing` writes the events; a test holds them against these forms.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model
from pydantic.json_schema import models_json_schema

from api.schemas.common import Moment
from chainfin.rules.application import State as ApplicationState
from chainfin.rules.loan import LoanState
from chainfin.values.event_kind import EventKind
from chainfin.values.product import Product


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ActDue(_Form):
    """An act waits for the party's signature."""

    act_id: str = Field(description="signed at /v1/acts/{id}/signature")
    contract: str = Field(description="the contract that is called")
    function: str = Field(description="its function")
    subject: str = Field(description="the id of what it is about")
    deadline: Moment = Field(description="after which the chain takes no signature of it")


class ApplicationChanged(_Form):
    """An application is in another state."""

    application_id: str = Field(description="app_…")
    product: Product = Field(description="what was asked for")
    status: ApplicationState = Field(description="where it stands")
    loan_id: str | None = Field(description="the loan that came of it; null before")


class LoanChanged(_Form):
    """A loan is in another state."""

    loan_id: str = Field(description="loan_…")
    application_id: str = Field(description="the application that it came of")
    status: LoanState = Field(description="where it stands")


class ReceivableChanged(_Form):
    """A receivable is in another state."""

    receivable_id: str = Field(description="its id on the chain")
    status: str = Field(description="where it stands")


class PledgeChanged(_Form):
    """A pledge is in another state."""

    pledge_id: str = Field(description="its id on the chain")
    loan_id: str | None = Field(description="the loan that it secures; null where the chain alone knows of it")
    asset_kind: str = Field(description="receivable or warehouse_receipt")
    asset_id: str = Field(description="the pledged receivable's or receipt's id on the chain")
    status: str = Field(description="where it stands")


class PledgeLate(_Form):
    """The loan behind pledged goods is late, or a margin call on it wasn't met."""

    pledge_id: str = Field(description="the pledge's id on the chain")
    asset_id: str = Field(description="the pledged receipt's id on the chain")
    until: dt.date | None = Field(
        description="the last day on which the undertaking can be called; null for the keeper"
    )


class LimitChanged(_Form):
    """A lender has set a limit of its own."""

    limit_id: str = Field(description="its id")
    kind: str = Field(description="what it limits")
    key: str = Field(description="whom it is on")
    amount: str = Field(description="in major units")
    currency: str = Field(description="of the amount, ISO 4217")


class _Event(_Form):
    """A CloudEvent 1.0 in its JSON form."""

    specversion: Literal["1.0"] = Field(description="of CloudEvents")
    id: str = Field(description="evt_…; the same each time it is sent, and the same as webhook-id")
    source: str = Field(description="urn:chainfin: and the platform's name")
    subject: str = Field(description="the id of what moved")
    time: Moment = Field(description="the business time at which it moved")
    datacontenttype: Literal["application/json"] = Field(description="how data is written")


def _event(kind: EventKind, data: type[_Form]) -> type[BaseModel]:
    told = "chainfin. and the kind of event that was asked for"
    named: Any = Literal[f"chainfin.{kind.value}"]
    members: dict[str, Any] = {
        "type": (named, Field(description=told)),
        "data": (data, Field(description="what moved, and where it stands")),
    }
    return create_model(f"{data.__name__}Event", __base__=_Event, __doc__=data.__doc__, **members)


EVENTS: Mapping[EventKind, type[BaseModel]] = {
    kind: _event(kind, data)
    for kind, data in (
        (EventKind.ACT, ActDue),
        (EventKind.APPLICATION, ApplicationChanged),
        (EventKind.LOAN, LoanChanged),
        (EventKind.RECEIVABLE, ReceivableChanged),
        (EventKind.PLEDGE, PledgeChanged),
        (EventKind.LATE, PledgeLate),
        (EventKind.LIMIT, LimitChanged),
    )
}
"""The body of each call."""
HEADERS = {
    "webhook-id": "the event's id",
    "webhook-timestamp": "POSIX seconds at which this call was made",
    "webhook-signature": "v1,base64 of HMAC-SHA256; several, with a blank between, while a secret is replaced",
}


def add(document: dict[str, Any]) -> None:
    """Put the calls into the document's ``webhooks``, and their forms to its others."""
    _, found = models_json_schema(
        [(form, "serialization") for form in EVENTS.values()], ref_template="#/components/schemas/{model}"
    )
    for name, form in found["$defs"].items():
        document["components"]["schemas"].setdefault(name, form)
    document["webhooks"] = {kind.value: {"post": _call(kind, form)} for kind, form in EVENTS.items()}


def _call(kind: EventKind, form: type[BaseModel]) -> dict[str, Any]:
    words = form.__doc__ or ""
    return {
        "tags": ["webhooks"],
        "operationId": f"webhook_{kind.value.replace('.', '_')}",
        "description": f"{words} Sent to the addresses that asked for it, signed as Standard Webhooks says.",
        "parameters": [
            {"name": name, "in": "header", "required": True, "description": told, "schema": {"type": "string"}}
            for name, told in HEADERS.items()
        ],
        "requestBody": {
            "required": True,
            "content": {"application/cloudevents+json": {"schema": {"$ref": f"#/components/schemas/{form.__name__}"}}},
        },
        "responses": {
            "2XX": {"description": "Taken; an answer within ten seconds, or it is sent again"},
            "410": {"description": "Gone: nothing more of it is sent"},
        },
    }
