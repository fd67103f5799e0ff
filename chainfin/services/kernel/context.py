"""What every service needs: the store, the secrets, the clock, where the contracts are; and who is asking."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from chainfin.errors import Conflict, Forbidden
from chainfin.storage.party_tables import FactRow
from chainfin.storage.store import Store
from chainfin.storage.vault import Vault
from chainfin.values.calendar import OFFICIAL, Calendar
from chainfin.values.party import Role

SHANGHAI = ZoneInfo("Asia/Shanghai")
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
"""No time that a partner names is before it."""
CLOCKS_APART = timedelta(days=1)
"""How far a partner's time may be from ours: its clock is off by a little, or it names the day alone."""


def wall_clock() -> datetime:
    """Real time in UTC."""
    return datetime.now(UTC)


class Clock:
    """Business time: the wall clock plus an offset that only a sandbox may move, and only forward. Its days are those
    of ``zone``: a payment at half past eight in the evening UTC is the next day's in Shanghai."""

    def __init__(self, store: Store | None = None, *, movable: bool = False, zone: ZoneInfo = SHANGHAI) -> None:
        self._store = store
        self.zone = zone
        self.movable = movable
        self._lock = threading.Lock()
        self._offset = timedelta()
        if store is not None and movable:
            with store.read() as session:
                row = session.get(FactRow, "clock")
                if row is not None:
                    self._offset = timedelta(seconds=float(str(row.value["offset_s"])))

    def now(self) -> datetime:
        return datetime.now(UTC) + self._offset

    def today(self) -> date:
        return self.day_of(self.now())

    def chain_day(self) -> date:
        """The day by which the contracts reckon due days: the UTC one."""
        return self.now().date()

    def day_of(self, moment: datetime) -> date:
        """The business date of a moment. Raises OverflowError on the first and the last day of the calendar."""
        return moment.astimezone(self.zone).date()

    def noon_of(self, day: date) -> datetime:
        """A moment of that business date, where only the day is known."""
        return datetime.combine(day, time(12), self.zone)

    def plausible(self, moment: datetime, since: datetime = BEGINNING) -> bool:
        """Whether something that a partner dates so can have happened between ``since`` and now."""
        return since - CLOCKS_APART <= moment <= self.now() + CLOCKS_APART

    def move_to(self, moment: datetime) -> None:
        """Set business time to ``moment``. Raises Conflict clock_not_movable, clock_backwards.

        The first move of a fresh installation may go back (to play documents of the past); the caller says so by
        constructing the chain at that moment, since block times never go back.
        """
        if not self.movable:
            raise Conflict("clock_not_movable", "business time follows the wall clock here")
        with self._lock:
            if moment < self.now():
                raise Conflict("clock_backwards", f"business time is {self.now():%Y-%m-%d %H:%M}, it can't go back")
            self._set(moment)

    def start_at(self, moment: datetime) -> None:
        """Begin a fresh installation's business time at ``moment``. Raises Conflict clock_not_movable."""
        if not self.movable or self._store is None:
            raise Conflict("clock_not_movable", "business time follows the wall clock here")
        with self._lock:
            self._set(moment)

    def _set(self, moment: datetime) -> None:
        offset = moment - datetime.now(UTC)
        if self._store is not None:
            with self._store.begin() as session:
                session.merge(FactRow(name="clock", value={"offset_s": str(offset.total_seconds())}))
        self._offset = offset


NO_ROLES = Role(0)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks. The operator runs the service and can't speak for a party; a party speaks for itself alone."""

    kind: str
    """operator | party"""
    party_id: str | None
    roles: Role = NO_ROLES
    person_id: str | None = None
    """The person who speaks for the party or the operator; None only inside this process (a driver, a command)."""
    client_id: str | None = None
    """The client credentials that the person came with; None: its wallet, or inside this process."""

    @property
    def is_operator(self) -> bool:
        return self.kind == "operator"

    @property
    def sees_all(self) -> bool:
        """The operator and auditors read everything; auditors write nothing."""
        return self.is_operator or bool(self.roles & Role.AUDITOR)

    def require(self, *roles: Role) -> str:
        """The actor's party id, if it has one of ``roles`` (any, if none is named). Raises Forbidden role_missing."""
        if self.party_id is not None and (not roles or any(self.roles & role for role in roles)):
            return self.party_id
        names = " or ".join(str(role.name).lower() for role in roles) or "a party"
        raise Forbidden("role_missing", f"this takes {names}")

    def require_person(self) -> str:
        """The person's id. Raises Forbidden person_missing."""
        if self.person_id is None:
            raise Forbidden("person_missing", "this takes a person with credentials of its own")
        return self.person_id

    def require_operator(self) -> None:
        """Raises Forbidden operator_only."""
        if not self.is_operator:
            raise Forbidden("operator_only", "only the operator does this")


OPERATOR = Actor("operator", None)


@dataclass(frozen=True, slots=True)
class Context:
    """One process's surroundings. Nothing in it waits for the network."""

    store: Store
    vault: Vault
    clock: Clock
    cell: str
    chain_id: int
    contracts: Mapping[str, str]
    """Contract name → EIP-55 address."""
    operator_address: str
    registrar_address: str
    calendar: Calendar = OFFICIAL
    """Business days, with the notices of years that are configured."""
    platform: str = "chainfin"
    """The platform's name: part of what a lender's mandate is signed over."""
    release_patience: timedelta = timedelta(days=1)
    """How long the lender of a repaid loan has for its release, before the bank attests the payoff."""
    real_money: bool = False
    """A real payment rail is connected: no sandbox's shortcuts."""
    signed_feed: bool = True
    """The bank tells of every account by a feed that it signs: files fed by hand are compared, and book nothing."""
    private_webhooks: bool = False
    """Whether parties' addresses may be those of this machine and of private networks, over plain http too."""

    @property
    def fingerprint_key(self) -> bytes:
        """Keys the keys of invoices' fingerprints; held by the registrar's service."""
        return self.vault.derive("fingerprint")
