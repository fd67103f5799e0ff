"""What a bank's statement says, typed. Only what is booked can be taken for money; the rest stands apart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from chainfin.values.money import Money
from chainfin.values.reference import CreditorReference


class Kind(StrEnum):
    """The messages read here. A statement closes a period; a notification tells of single entries before that."""

    STATEMENT = "camt.053.001.08"
    NOTIFICATION = "camt.054.001.08"


class Unbooked(StrEnum):
    """Entries that move nothing: pending at the bank, for information, or in the future."""

    PENDING = "PDNG"
    INFORMATION = "INFO"
    FUTURE = "FUTR"


@dataclass(frozen=True, slots=True)
class Account:
    """An account at a bank: an IBAN, or a number that only its bank gives a meaning to."""

    id: str
    iban: bool


@dataclass(frozen=True, slots=True)
class Party:
    """Who stands on the other side, as far as the bank says so."""

    name: str | None
    account: Account | None


@dataclass(frozen=True, slots=True)
class Return:
    """Why a payment came back: the code (ISO external code or the bank's own) and the bank's words."""

    reason: str | None
    text: str | None


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment of an entry. ``amount`` is above zero; ``credit`` says whether it came in.

    ``bank_reference`` is the payment's own or else its entry's, so payments of one batch may share it: with
    ``position`` (from 1, within the entry) they are told apart. ``references`` are the RF references named, the
    structured ones first; ``other_references`` are structured ones of another kind.
    """

    position: int
    amount: Money
    credit: bool
    bank_reference: str | None
    end_to_end_id: str | None
    instruction_id: str | None
    payment_info_id: str | None
    debtor: Party
    creditor: Party
    references: tuple[CreditorReference, ...]
    other_references: tuple[str, ...]
    remittance: tuple[str, ...]
    returned: Return | None
    text: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """A booked entry. ``credit`` is the direction on the account, a reversal's too: what reverses a credit is a debit.

    The payments' signed amounts add up to the entry's.
    """

    position: int
    amount: Money
    credit: bool
    reversal: bool
    booked_on: date
    value_on: date
    reference: str | None
    bank_reference: str | None
    payments: tuple[Payment, ...]
    text: str | None

    @property
    def signed(self) -> Money:
        return self.amount if self.credit else -self.amount


@dataclass(frozen=True, slots=True)
class UnbookedEntry:
    """An entry that doesn't count (yet). ``signed`` is below zero for what would go out."""

    position: int
    status: Unbooked
    signed: Money
    bank_reference: str | None
    text: str | None


@dataclass(frozen=True, slots=True)
class ParkedEntry:
    """An entry that can't be understood, for a person: what it was, why (a stable code), where.

    ``booked`` is what it moved on the account (signed; zero if it isn't booked), None if not even that can be read.
    """

    raw_xml: str
    code: str
    detail: str
    where: str
    booked: Money | None


@dataclass(frozen=True, slots=True)
class ParkedPart:
    """Any other part of a message that can't be understood (a whole statement, a payment's status)."""

    raw_xml: str
    code: str
    detail: str
    where: str


@dataclass(frozen=True, slots=True)
class Balance:
    """The booked balance (below zero: overdrawn) at the end of a day; an opening one at its beginning."""

    amount: Money
    on: date


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement (or one page of it), or a notification, of one account.

    ``sequence`` is the bank's electronic sequence number. ``digest`` is equal for equal content, however often and
    in whatever layout it is delivered.
    """

    kind: Kind
    id: str
    sequence: int | None
    page: int
    last_page: bool
    account: Account
    currency: str
    from_at: datetime | None
    to_at: datetime | None
    opening: Balance | None
    closing: Balance | None
    entries: tuple[Entry, ...]
    unbooked: tuple[UnbookedEntry, ...]
    parked: tuple[ParkedEntry, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class Message:
    """A file of the bank: its statements, and those parked whole because not even their head can be understood."""

    kind: Kind
    id: str | None
    statements: tuple[Statement, ...]
    parked: tuple[ParkedPart, ...]
