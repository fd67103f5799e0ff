"""What a decision may know: frozen, validated inputs. They go whole into the decision record.

Amounts are whole minor units (fen) and become decimal strings in JSON; quantities are thousandths of the
declared unit; ratios don't occur here (features compute them). Every name says its unit:
``_minor`` minor units, ``_thousandths``, ``_days``, ``_count``, ``_bps`` hundredths of a percent.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    Strict,
    StringConstraints,
    ValidationError,
    model_validator,
)

from chainfin.errors import BadInput
from chainfin.values.money import EXPONENTS, MAX_MINOR

Model = TypeVar("Model", bound="Facts")


def _whole(value: object) -> object:
    """Accept an int or its plain decimal string; never a float, a bool or a padded string."""
    if isinstance(value, str):
        digits = value.removeprefix("-")
        if not digits.isascii() or not digits.isdigit() or str(int(value)) != value:
            raise ValueError("not a whole number")
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("not a whole number")
    return value


def _currency(value: str) -> str:
    if value not in EXPONENTS:
        raise ValueError("currency is not accepted")
    return value


_AS_STRING = PlainSerializer(str, return_type=str, when_used="json")
_TIME = PlainSerializer(
    lambda value: value.astimezone(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
    return_type=str,
    when_used="json",
)

Minor = Annotated[int, BeforeValidator(_whole), Field(ge=0, le=MAX_MINOR), _AS_STRING]
SignedMinor = Annotated[int, BeforeValidator(_whole), Field(ge=-MAX_MINOR, le=MAX_MINOR), _AS_STRING]
PositiveMinor = Annotated[int, BeforeValidator(_whole), Field(gt=0, le=MAX_MINOR), _AS_STRING]
Thousandths = Minor
Bps = Annotated[int, BeforeValidator(_whole), Field(ge=0, le=10_000)]
Count = Annotated[int, BeforeValidator(_whole), Field(ge=0, le=2**40)]
Days = Annotated[int, BeforeValidator(_whole), Field(ge=0, le=36_600)]
Instant = Annotated[AwareDatetime, _TIME]
Currency = Annotated[str, AfterValidator(_currency)]
Id = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Hash = Annotated[str, StringConstraints(pattern=r"^0x[0-9a-f]{64}$")]
Flag = Annotated[bool, Strict()]
Grade = Literal["A", "B", "C", "D"]


_UNSAID = Field(exclude_if=lambda value: value is None)
"""Facts that records didn't have before: they are left out where they aren't known, so that old records replay."""


class Facts(BaseModel):
    """Base: frozen, nothing unknown accepted, text never coerced."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True)

    @classmethod
    def read(cls, data: Self | Mapping[str, object]) -> Self:
        """Validate a mapping. Raises BadInput decision_inputs_invalid with the place of the first fault."""
        if isinstance(data, cls):
            return data
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = "/" + "/".join(str(step) for step in first["loc"])
            raise BadInput("decision_inputs_invalid", str(first["msg"]), where=where) from None

    def json_dict(self) -> dict[str, object]:
        """The JSON form that goes into a record; `read` of it gives an equal value."""
        return self.model_dump(mode="json")


class Block(Facts):
    """The block at which every trade fact was read."""

    number: Count
    hash: Hash


class Application(Facts):
    """What is asked for. ``days`` None: until the asset falls due (receivable) or the policy's longest term."""

    id: Id
    borrower: Id
    lender: Id
    amount_minor: PositiveMinor
    currency: Currency
    days: Annotated[Days, Field(gt=0)] | None = None


class Headroom(Facts):
    """What is left of one limit when the decision is made (``key`` such as ``debtor:12``). May be overdrawn."""

    key: Id
    headroom_minor: SignedMinor


class History(Facts):
    """A party's settled past as this service has seen it (as seller for a borrower, as payer for a debtor)."""

    first_trade_on: dt.date | None = None
    receivables_count: Count = 0
    receivables_minor: Minor = 0
    settled_count: Count = 0
    late_count: Count = 0
    disputed_count: Count = 0
    diluted_minor: Minor = 0
    invoices_count: Count = 0
    invoices_cancelled_count: Count = 0
    counterparties_count: Count = 0
    largest_counterparty_minor: Minor = 0

    @model_validator(mode="after")
    def _parts_within_whole(self) -> Self:
        pairs = (
            (self.settled_count, self.receivables_count, "settled_count"),
            (self.late_count, self.settled_count, "late_count"),
            (self.disputed_count, self.receivables_count, "disputed_count"),
            (self.diluted_minor, self.receivables_minor, "diluted_minor"),
            (self.invoices_cancelled_count, self.invoices_count, "invoices_cancelled_count"),
            (self.largest_counterparty_minor, self.receivables_minor, "largest_counterparty_minor"),
        )
        for part, whole, name in pairs:
            if part > whole:
                raise ValueError(f"{name} is more than the whole it is a part of")
        return self


class PartyFacts(Facts):
    """One party. ``assigned_grade`` is a grade given by the lender's underwriter; it goes before the scorecard's."""

    party: Id
    assigned_grade: Grade | None = None
    blocked: Flag = False
    overdue_days: Days = 0
    history: History = History()


class ReceivableFacts(Facts):
    """One receivable on chain at the block. ``received_minor`` and ``invoiced_minor``: what stands behind this
    receivable under its order, net of what other receivables have used up."""

    id: Id
    order_id: Id
    holder: Id
    debtor: Id
    face_minor: PositiveMinor
    free_minor: Minor
    ordered_minor: Minor
    received_minor: Minor
    invoiced_minor: Minor
    confirmed: Flag
    disputed: Flag
    defaulted: Flag = False
    issued_on: dt.date
    due_on: dt.date

    @model_validator(mode="after")
    def _free_within_face(self) -> Self:
        if self.free_minor > self.face_minor:
            raise ValueError("free_minor is more than face_minor")
        return self


class ReceiptFacts(Facts):
    """One warehouse receipt on chain at the block. Quantities in thousandths of ``unit``."""

    id: Id
    owner: Id
    keeper: Id
    commodity: Id
    commodity_class: Literal["standard", "branded", "perishable"]
    unit: Id
    quantity_thousandths: Thousandths
    free_thousandths: Thousandths
    insured: Flag
    keeper_blocked: Flag = False
    best_before: dt.date | None = None
    good_hash: Annotated[Hash | None, _UNSAID] = None
    """Of the catalogue's entry, from which the next two are."""
    haircut_bps: Annotated[Bps | None, _UNSAID] = None
    """No more than what this leaves of the goods' value is lent on them."""
    smallest_thousandths: Annotated[Thousandths | None, _UNSAID] = None
    """What is pledged is a multiple of it."""

    @model_validator(mode="after")
    def _free_within_quantity(self) -> Self:
        if self.free_thousandths > self.quantity_thousandths:
            raise ValueError("free_thousandths is more than quantity_thousandths")
        return self


class PriceFacts(Facts):
    """A price per whole unit of the goods, of a day, from a named source."""

    source: Id
    on: dt.date
    price_minor: PositiveMinor
    fall_bps: Bps = 0
    """How far the price fell over the last 30 days, hundredths of a percent."""


class BuyBack(Facts):
    """The core enterprise's undertaking to buy back what isn't sold (保兑仓)."""

    core: PartyFacts
    covers_minor: Minor
    promise: Annotated[str | None, _UNSAID] = None
    """Which promise it is: nothing is paid out before it is kept."""


class CommonInputs(Facts):
    """What every product's decision knows. ``now`` is aware; the record holds it in UTC."""

    application: Application
    borrower: PartyFacts
    limits: tuple[Headroom, ...] = ()
    now: Instant
    business_date: dt.date

    @model_validator(mode="before")
    @classmethod
    def _business_date(cls, data: object) -> object:
        """Where no business date is named it is the UTC day of ``now``; the record always names it."""
        if isinstance(data, Mapping) and data.get("business_date") is None:
            now = data.get("now")
            if isinstance(now, dt.datetime) and now.tzinfo is not None:
                return {**data, "business_date": now.astimezone(dt.UTC).date()}
        return data

    @model_validator(mode="after")
    def _one_borrower(self) -> Self:
        if self.application.borrower != self.borrower.party:
            raise ValueError("the borrower's facts are of another party than the applicant")
        if not all(2000 <= year < 2200 for year in (self.now.year, self.business_date.year)):
            raise ValueError("now and the business date must lie between 2000 and 2199")
        if len({limit.key for limit in self.limits}) != len(self.limits):
            raise ValueError("a limit key occurs twice")
        return self


class ReceivableInputs(CommonInputs):
    """Inputs of a loan against a confirmed receivable (应收账款质押贷)."""

    block: Block
    receivable: ReceivableFacts
    debtor: PartyFacts

    @model_validator(mode="after")
    def _one_debtor(self) -> Self:
        if self.receivable.debtor != self.debtor.party:
            raise ValueError("the debtor's facts are of another party than the receivable's debtor")
        return self


class InventoryInputs(CommonInputs):
    """Inputs of a loan against goods at a keeper (库存融资贷)."""

    block: Block
    receipt: ReceiptFacts
    price: PriceFacts
    buy_back: BuyBack | None = None
