"""The statutory registry's part of a reconciliation: what is pledged stands in it, and nothing else does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from chainfin.errors import ChainfinError
from chainfin.rules.pledge import State
from chainfin.services.kernel.pledge_rows import LIVE_STATUS as LIVE
from chainfin.services.oversight.findings import Findings
from chainfin.services.oversight.reconciled_rows import NEVER, NOT_THERE, Rows
from chainfin.services.pledges import register
from chainfin.storage.pledge_tables import PledgeRow


@dataclass(frozen=True, slots=True)
class Standing:
    """An entry that stands in the statutory registry: our reference, or whatever another filed, and its number."""

    ref: str
    number: str | None


@dataclass(frozen=True, slots=True)
class RegistryEntry:
    """What the statutory registry has on a pledge. ``status``: registered | cancelled | not_found."""

    status: str
    number: str | None


class RegistryView(Protocol):
    """The statutory registry's entry of a pledge, and those that stand over an asset. Raises Unavailable, Unknown where
    it gives no answer."""

    def entry(self, pledge_id: str) -> RegistryEntry: ...

    def standing(self, asset_hash: str) -> Sequence[Standing]: ...


def check(rows: Rows, registry: RegistryView, findings: Findings) -> None:
    """A live pledge is registered under its number; an ended one is struck out, or about to be. Nothing else stands."""
    for row in rows.pledges:
        if row.registry_number is not None and row.status not in NEVER:
            _pledge(row, rows, registry, findings)
    by_id = {row.id: row for row in rows.pledges}
    for asset in rows.assets:
        if asset.status not in NOT_THERE:
            _standing(asset.id, by_id, rows, registry, findings)


def _pledge(row: PledgeRow, rows: Rows, registry: RegistryView, findings: Findings) -> None:
    findings.count("registry entries")
    try:
        entry = registry.entry(row.id)
    except ChainfinError as error:
        findings.same("registry.answer", row.id, error.code, "an entry")
        return
    findings.same("registry.number", row.id, entry.number, row.registry_number)
    if row.status in LIVE:
        findings.same("registry.status", row.id, entry.status, "registered")
    elif row.id not in rows.striking:
        findings.same("registry.status", row.id, entry.status, "cancelled")


def _standing(
    asset_id: str, pledges: Mapping[str, PledgeRow], rows: Rows, registry: RegistryView, findings: Findings
) -> None:
    """Each entry that stands over an asset is of a pledge here, which knows its number unless it is being filed or
    struck out. Also an outsider's entry over our asset is named: it is a claim on what lenders here count on."""
    findings.count("registry searches")
    try:
        entries = registry.standing(register.asset_hash(asset_id))
    except ChainfinError as error:
        findings.same("registry.answer", asset_id, error.code, "the standing entries")
        return
    for entry in entries:
        pledge = pledges.get(entry.ref)
        findings.same("registry.in_book", entry.ref, pledge is not None, True)
        filing = pledge is None or pledge.status == State.PENDING or pledge.id in rows.striking
        if not filing and pledge is not None and pledge.registry_number is None:
            findings.same("registry.number", entry.ref, entry.number, None)
