"""The messages that go over the wire to and from the three partners. Amounts are strings in major units.

Answers name their ``kind``, so that a signed message of one sort can't be passed off as another.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, ValidationError

from chainfin.errors import BadInput

# Printable ASCII without a slash: an id is one segment of a path.
Ref = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[\x21-\x2e\x30-\x7e]+$")]
# What a partner calls something of its own: any characters, never part of a path or of an id of ours.
Foreign = Annotated[str, Field(max_length=256)]
Line = Annotated[str, Field(max_length=256)]
Text = Annotated[str, Field(max_length=256, pattern=r"^[^\x00]*$")]
"""Any line of text that a database can keep."""
Reference = Annotated[str, Field(min_length=1, max_length=140, pattern=r"^[^\x00]*$")]
Amount = Annotated[str, Field(max_length=24, pattern=r"^[0-9]+(\.[0-9]+)?$")]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


M = TypeVar("M", bound=Message)


def build(model: type[M], fields: Mapping[str, object], *, what: str) -> M:
    """A message of ours to be sent. Raises BadInput payload_malformed, naming the first field that can't be."""
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadInput("payload_malformed", f"{what}: {first['msg']}", where=place) from None


class Problem(Message):
    """A signed no to the request ``about`` (method and path)."""

    kind: Literal["problem"] = "problem"
    about: str
    code: str
    message: str


class PayRequest(Message):
    payee_account: Ref
    payee_name: Line
    amount: Amount
    currency: Currency
    purpose: Line


class PaymentAnswer(Message):
    """The rail's word on one instruction; ``not_found`` carries the id alone."""

    kind: Literal["payment"] = "payment"
    instruction_id: Ref
    status: Literal["done", "pending", "refused", "not_found"]
    bank_reference: str | None = None
    payee_account: str | None = None
    amount: Amount | None = None
    currency: Currency | None = None
    at: AwareDatetime | None = None
    code: str | None = None
    message: str | None = None


class IncomingRequest(Message):
    """Sandbox only: somebody pays into one of our collection accounts. ``bank_reference``: what the bank calls it
    (None: the sandbox makes one up)."""

    payment_id: Ref
    bank_reference: Foreign | None = None
    payer_account: Foreign
    payer_name: Line
    payee_account: Ref
    amount: Amount
    currency: Currency
    remittance: Line


class IncomingDocument(Message):
    """The bank's signed statement line of one incoming payment."""

    kind: Literal["incoming"] = "incoming"
    sequence: Annotated[int, Field(ge=0, le=2**63 - 1)]
    bank_reference: Reference
    payer_account: Text
    payer_name: Text
    payee_account: Text
    amount: Amount
    currency: Currency
    remittance: Text
    at: AwareDatetime


class SignedDocument(Message):
    """A document inside an answer, signed by itself: ``body`` is the exact text that was signed."""

    body: str
    signature: str


class IncomingAnswer(Message):
    """``through``: the bank's word that every payment booked before this moment is in this page or an earlier one; a
    page that was cut off at the limit says nothing of the kind."""

    kind: Literal["incoming_page"] = "incoming_page"
    after: int
    next: int
    through: AwareDatetime | None = None
    items: tuple[SignedDocument, ...]


class RefundRequest(Message):
    bank_reference: Foreign
    amount: Amount
    currency: Currency
    reason: Line


class RefundAnswer(Message):
    kind: Literal["refund"] = "refund"
    refund_id: Ref
    bank_reference: str
    refund_reference: str
    amount: Amount
    currency: Currency
    at: AwareDatetime


class RegisterRequest(Message):
    """A pledge as the registry files it. ``pledgor`` and ``pledgee`` are legal ids; the asset is described by hash."""

    pledgor: Ref
    pledgee: Ref
    asset_kind: Literal["receivable", "warehouse_receipt"]
    asset_hash: Hash
    amount: Amount
    currency: Currency
    starts_on: date
    ends_on: date


class CancelRequest(Message):
    registry_no: Foreign
    reason: Line


class RegistryAnswer(Message):
    kind: Literal["registration"] = "registration"
    pledge_ref: Ref
    status: Literal["registered", "cancelled", "not_found"]
    registry_no: str | None = None
    filed: RegisterRequest | None = None
    registered_at: AwareDatetime | None = None
    cancelled_at: AwareDatetime | None = None


class RegistrySearchAnswer(Message):
    kind: Literal["registry_search"] = "registry_search"
    asset_hash: Hash
    entries: tuple[RegistryAnswer, ...]


class ConsentRequest(Message):
    """Sandbox only: the subject agrees, at the partner, that we may read these sources until a day."""

    subject_id: Ref
    sources: tuple[Ref, ...]
    valid_until: date


class DataQuery(Message):
    subject_id: Ref
    request_id: Ref


class DataAnswer(Message):
    """``as_of`` is the last day that the data covers; ``request_id`` is ours, echoed against replay."""

    kind: Literal["data"] = "data"
    source: Ref
    subject_id: Ref
    request_id: Ref
    as_of: date
    payload: JsonValue
