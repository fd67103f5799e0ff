"""The statutory pledge registry: 中登网, the movables and rights registration of China's Credit Reference Centre.

A pledge of receivables is established by its registration (Civil Code of the PRC, art. 445), one of warehouse receipts
without a paper by registration too (art. 441). The registrant answers for what is filed, the registry doesn't examine
it (国发〔2020〕18号): it files notices, so an earlier pledge is not refused but ranks first. `search` before lending.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from chainfin.connectors.http import HttpClient, quoted, read
from chainfin.connectors.outcome import Done, Outcome, Unknown, then
from chainfin.connectors.signature import Evidence
from chainfin.connectors.wire import CancelRequest, RegisterRequest, RegistryAnswer, RegistrySearchAnswer, build
from chainfin.values.money import Money


@dataclass(frozen=True, slots=True)
class Registration:
    """What is to be filed. ``pledge_ref`` is ours and unique; parties by legal id; ``asset_hash`` 64 hex digits."""

    pledge_ref: str
    pledgor: str
    pledgee: str
    asset_kind: str
    """receivable | warehouse_receipt"""
    asset_hash: str
    amount: Money
    starts_on: date
    ends_on: date

    def wire(self) -> RegisterRequest:
        fields = {
            "pledgor": self.pledgor,
            "pledgee": self.pledgee,
            "asset_kind": self.asset_kind,
            "asset_hash": self.asset_hash,
            "amount": str(self.amount),
            "currency": self.amount.currency,
            "starts_on": self.starts_on,
            "ends_on": self.ends_on,
        }
        return build(RegisterRequest, fields, what="registration")


@dataclass(frozen=True, slots=True)
class Entry:
    """The registry's signed entry; ``registry_no`` is None only for ``not_found``."""

    pledge_ref: str
    status: Literal["registered", "cancelled", "not_found"]
    registry_no: str | None
    filed: RegisterRequest | None
    registered_at: datetime | None
    cancelled_at: datetime | None
    evidence: Evidence


class Registry:
    """The registry behind an `HttpClient`. Every call names its pledge, so all are idempotent and retried."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    def register(self, registration: Registration) -> Outcome[Entry]:
        """File the pledge, once for each ``pledge_ref``, and learn its number.

        Refused registry_entry_conflict: the ref was filed with other content; registry_entry_cancelled: it was
        filed and has been cancelled; registry_term_invalid.
        """
        filed = registration.wire()
        path = quoted("registrations", registration.pledge_ref)
        answer = self._client.call("PUT", path, json=filed, idempotent=True)

        def check(entry: Entry) -> Outcome[Entry]:
            if entry.status != "registered" or entry.registry_no is None or entry.filed != filed:
                return Unknown("registry_answer_mismatch", "it confirms something else than was filed", answered=True)
            return Done(entry)

        return then(_entry(answer, registration.pledge_ref), check)

    def query(self, pledge_ref: str) -> Outcome[Entry]:
        """The entry of a pledge as it stands; status ``not_found`` where there is none."""
        answer = self._client.call("GET", quoted("registrations", pledge_ref), idempotent=True)
        return _entry(answer, pledge_ref)

    def cancel(self, pledge_ref: str, registry_no: str, reason: str) -> Outcome[Entry]:
        """Strike the entry out after release; a second time changes nothing. Refused registry_entry_unknown."""
        path = quoted("registrations", pledge_ref, "cancellation")
        request = build(CancelRequest, {"registry_no": registry_no, "reason": reason}, what="cancellation")
        answer = self._client.call("PUT", path, json=request, idempotent=True)

        def check(entry: Entry) -> Outcome[Entry]:
            if entry.status != "cancelled" or entry.registry_no != registry_no:
                return Unknown("registry_answer_mismatch", "it doesn't confirm the cancellation", answered=True)
            return Done(entry)

        return then(_entry(answer, pledge_ref), check)

    def search(self, asset_hash: str) -> Outcome[tuple[RegistryAnswer, ...]]:
        """The standing entries over one asset, oldest first: who ranks before us."""
        answer = self._client.call("GET", "/search", params={"asset_hash": asset_hash}, idempotent=True)

        def check(body: RegistrySearchAnswer) -> Outcome[tuple[RegistryAnswer, ...]]:
            if body.asset_hash != asset_hash:
                return Unknown("registry_answer_mismatch", "the registry searched for another asset", answered=True)
            return Done(body.entries)

        return then(then(answer, lambda seen: read(RegistrySearchAnswer, seen)), check)


def _entry(answer: Outcome[Evidence], pledge_ref: str) -> Outcome[Entry]:
    def accept(evidence: Evidence) -> Outcome[Entry]:
        return then(read(RegistryAnswer, evidence), lambda body: entry(body, evidence))

    def entry(body: RegistryAnswer, evidence: Evidence) -> Outcome[Entry]:
        if body.pledge_ref != pledge_ref:
            return Unknown("registry_answer_mismatch", "the registry answered about another pledge", answered=True)
        return Done(
            Entry(
                pledge_ref=pledge_ref,
                status=body.status,
                registry_no=body.registry_no,
                filed=body.filed,
                registered_at=body.registered_at,
                cancelled_at=body.cancelled_at,
                evidence=evidence,
            )
        )

    return then(answer, accept)
