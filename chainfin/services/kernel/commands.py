"""Commands to the drivers: one frozen dataclass a topic, stored as JSON in the outbox, read back as the same value.

A command carries all that its driver sends, so that sending it again says the same; whoever waits for its outcome finds
what it was about in its fields. ``key`` makes it be given once; it is compared, and nobody ever reads anything from it.
``subject`` is what a command is about, ``correlation`` the loan, application or payment that it belongs to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, ClassVar, Final, TypeAlias, TypeVar, get_origin, get_type_hints

from sqlmodel import Session

from chainfin.errors import BadInput
from chainfin.services.kernel.context import Context
from chainfin.storage import outbox
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.values.money import Money

Json: TypeAlias = dict[str, object]


@dataclass(frozen=True, slots=True)
class PayLoan:
    """Pay a loan out to its borrower. ``instruction_id``: the bank's number of this order (`values.instruction`)."""

    TOPIC: ClassVar = "payment.loan"

    loan_id: str
    instruction_id: str
    payee_account: str
    payee_name: str
    amount: Money
    purpose: str

    @property
    def key(self) -> str:
        return f"pay:{self.loan_id}"

    @property
    def subject(self) -> str:
        return self.loan_id

    @property
    def correlation(self) -> str:
        return self.loan_id


@dataclass(frozen=True, slots=True)
class PayHolder:
    """Pay a party its share of an incoming payment. ``asset_id``: the receivable that was paid, of goods that
    were bought back the pledge, or the loan that turned out to need less of it. ``attempt`` counts from 1: what the
    bank refused is ordered again as another, and so is what more turns out to be the party's."""

    TOPIC: ClassVar = "payment.holder"

    incoming_id: str
    asset_id: str
    party_id: str
    attempt: int
    instruction_id: str
    payee_account: str
    payee_name: str
    amount: Money
    purpose: str

    @property
    def key(self) -> str:
        return f"holder:{self.incoming_id}:{self.asset_id}:{self.party_id}:{self.attempt}"

    @property
    def subject(self) -> str:
        return self.party_id

    @property
    def correlation(self) -> str:
        return self.incoming_id


@dataclass(frozen=True, slots=True)
class Refund:
    """Give back (part of) an incoming payment. ``bank_reference``: the bank's own name of it, any text. ``attempt``
    counts from 1: what the bank refused is ordered again as another. ``payee_account`` and ``payee_name``: to whom it
    is paid like any payout, where the bank's reference doesn't tell to whom, or not rightly; empty: to who sent it."""

    TOPIC: ClassVar = "payment.refund"

    incoming_id: str
    instruction_id: str
    bank_reference: str
    amount: Money
    reason: str
    attempt: int = 1
    payee_account: str = ""
    payee_name: str = ""

    @property
    def key(self) -> str:
        again = "" if self.attempt == 1 else f":{self.attempt}"
        return f"refund:{self.incoming_id}{again}"

    @property
    def subject(self) -> str:
        return self.incoming_id

    @property
    def correlation(self) -> str:
        return self.incoming_id


@dataclass(frozen=True, slots=True)
class _Registration:
    """What the statutory registry is told of a pledge. Parties by legal id; ``asset_hash`` 64 hex digits."""

    pledge_id: str
    loan_id: str
    pledgor: str
    pledgee: str
    asset_kind: str
    asset_hash: str
    amount: Money
    starts_on: date
    ends_on: date

    @property
    def key(self) -> str:
        return f"register:{self.pledge_id}"

    @property
    def subject(self) -> str:
        return self.pledge_id

    @property
    def correlation(self) -> str:
        return self.loan_id


@dataclass(frozen=True, slots=True)
class RegisterPledge(_Registration):
    """File the pledge with which a loan begins; with its number the pledge is made, and the loan paid out."""

    TOPIC: ClassVar = "registry.register"


@dataclass(frozen=True, slots=True)
class RegisterSubstitute(_Registration):
    """File the pledge that takes the place of goods that were sold."""

    TOPIC: ClassVar = "registry.register_substitute"


@dataclass(frozen=True, slots=True)
class RegisterTopUp(_Registration):
    """File the pledge of more goods for a loan that runs."""

    TOPIC: ClassVar = "registry.register_top_up"


Registration: TypeAlias = RegisterPledge | RegisterSubstitute | RegisterTopUp
REGISTRATIONS: Final[tuple[type[Registration], ...]] = (RegisterPledge, RegisterSubstitute, RegisterTopUp)


@dataclass(frozen=True, slots=True)
class StrikeOutPledge:
    """Strike a pledge out of the statutory registry. ``registry_no``: as the registry gave it, any text; ``loan_id``
    empty for a pledge that secures no loan of this book."""

    TOPIC: ClassVar = "registry.release"

    pledge_id: str
    loan_id: str
    registry_no: str
    reason: str

    @property
    def key(self) -> str:
        return f"unregister:{self.pledge_id}"

    @property
    def subject(self) -> str:
        return self.pledge_id

    @property
    def correlation(self) -> str:
        return self.loan_id


@dataclass(frozen=True, slots=True)
class FetchData:
    """Ask the data partner about an applicant (``subject_id``: its legal id) with the consent that it gave."""

    TOPIC: ClassVar = "data.fetch"

    application_id: str
    subject_id: str
    consent: str
    sources: tuple[str, ...]

    @property
    def key(self) -> str:
        return f"fetch:{self.application_id}"

    @property
    def subject(self) -> str:
        return self.application_id

    @property
    def correlation(self) -> str:
        return self.application_id


@dataclass(frozen=True, slots=True)
class SendAct:
    """Relay a signed act to its contract. ``act_subject``: what the act is about (an order, a receivable, a pledge)."""

    TOPIC: ClassVar = "chain.send"

    act_id: str
    act_subject: str
    contract: str
    function: str
    params: dict[str, object]
    """Of the contract's function, as `bindings.base.Struct.params` gives them."""
    auths: list[Any]
    """`eip712.Auth` as JSON, the acting party's own last."""

    @property
    def key(self) -> str:
        return f"act:{self.act_id}"

    @property
    def subject(self) -> str:
        return self.act_id

    @property
    def correlation(self) -> str:
        return self.act_subject


@dataclass(frozen=True, slots=True)
class DeliverEvent:
    """Call an address of a party and tell it of an event. ``attempt`` counts from 1: it is told again when it asks."""

    TOPIC: ClassVar = "webhook.deliver"

    event_id: str
    endpoint_id: str
    attempt: int

    @property
    def key(self) -> str:
        return f"webhook:{self.event_id}:{self.endpoint_id}:{self.attempt}"

    @property
    def subject(self) -> str:
        return self.endpoint_id

    @property
    def correlation(self) -> str:
        return self.event_id


Command: TypeAlias = PayLoan | PayHolder | Refund | Registration | StrikeOutPledge | FetchData | SendAct | DeliverEvent
C = TypeVar("C", bound=Command)

ALL: Final[tuple[type[Command], ...]] = (
    PayLoan,
    PayHolder,
    Refund,
    *REGISTRATIONS,
    StrikeOutPledge,
    FetchData,
    SendAct,
    DeliverEvent,
)
_FIELDS: Final = {kind.TOPIC: {each.name: get_type_hints(kind)[each.name] for each in fields(kind)} for kind in ALL}
"""Topic → the fields of its command and their types."""
BY_TOPIC: Final[Mapping[str, type[Command]]] = {kind.TOPIC: kind for kind in ALL}


def give(session: Session, ctx: Context, command: Command) -> OutboxRow:
    """Put the command into the outbox, in this transaction. The same key again gives the row that stands."""
    return outbox.put(
        session,
        command.TOPIC,
        command.key,
        to_json(command),
        subject=command.subject,
        correlation=command.correlation,
        now=ctx.clock.now(),
        cell=ctx.cell,
    )


def of(row: OutboxRow) -> Command:
    """The command that a row holds. Raises BadInput topic_unknown, payload_malformed."""
    kind = BY_TOPIC.get(row.topic)
    if kind is None:
        raise BadInput("topic_unknown", f"no command has the topic {row.topic!r}", where="topic")
    return parse(kind, row.payload)


def to_json(command: Command) -> Json:
    """Its fields; dates as ISO 8601, an amount in major units as text, with its ``currency`` beside it."""
    plain: Json = {}
    for each in fields(command):
        value = getattr(command, each.name)
        if isinstance(value, Money):
            plain |= {each.name: str(value), "currency": value.currency}
        elif isinstance(value, date):
            plain[each.name] = value.isoformat()
        else:
            plain[each.name] = list(value) if isinstance(value, tuple) else value
    return plain


def parse(kind: type[C], payload: Mapping[str, object]) -> C:
    """The command of this JSON. Raises BadInput payload_malformed (``where``: the field), amount_…."""
    return kind(**{name: _value(kind.TOPIC, name, of_type, payload) for name, of_type in _FIELDS[kind.TOPIC].items()})


def _value(topic: str, name: str, of_type: Any, payload: Mapping[str, object]) -> Any:
    value = payload.get(name)
    plain = get_origin(of_type) or of_type
    if plain is Money:
        currency = payload.get("currency")
        if isinstance(value, str) and isinstance(currency, str):
            return Money.positive(value, currency, where=name)
    elif plain is date:
        if isinstance(value, str):
            try:
                return date.fromisoformat(value)
            except ValueError:
                pass
    elif plain is tuple:
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
    elif isinstance(value, plain) and not isinstance(value, bool):
        return value
    raise BadInput("payload_malformed", f"{topic} needs a {name}", where=name)
