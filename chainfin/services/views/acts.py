"""Acts of parties, and what two persons decide on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chainfin.services.views.of_row import shown
from chainfin.storage.approval_tables import ProposalRow
from chainfin.storage.trade_tables import ActRow


@dataclass(frozen=True, slots=True)
class ActView:
    """An act, for the party whose act it is. ``deadline``: POSIX seconds; ``party_id`` None: the operator's own;
    ``valuation``: by which price goods are reckoned in it."""

    id: str
    contract: str
    function: str
    party_id: str | None
    signer: str
    subject: str
    status: str
    typed_data: dict[str, object]
    valuation: dict[str, object] | None
    deadline: int
    signature: str | None
    error_code: str | None
    error_message: str | None
    tx_hash: str | None
    block_number: int | None
    created_at: datetime
    final_at: datetime | None

    @classmethod
    def of(cls, row: ActRow) -> ActView:
        return shown(cls, row, valuation=row.extra.get("valuation"))


@dataclass(frozen=True, slots=True)
class ProposalView:
    """What one person proposed and another one decides, for persons of their party."""

    id: str
    kind: str
    subject: str
    payload: dict[str, object]
    reason: str
    status: str
    proposed_by: str
    decided_by: str | None
    decision_reason: str | None
    decided_at: datetime | None
    evidence_hash: str | None
    expires_at: datetime
    created_at: datetime

    @classmethod
    def of(cls, row: ProposalRow) -> ProposalView:
        return shown(cls, row)
