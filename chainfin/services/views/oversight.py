"""What waits for a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chainfin.services.views.of_row import shown
from chainfin.storage.oversight_tables import ParkedItemRow


@dataclass(frozen=True, slots=True)
class ParkedView:
    """An item that was put aside whole, with the reason of the last try. ``payload``: JSON as text; ``detail``: of the
    first try; ``tries``: each further one that was in vain."""

    id: str
    source: str
    kind: str
    subject: str
    payload: str
    reason: str
    detail: str
    first_seen_at: datetime
    last_tried_at: datetime
    attempts: int
    tries: list[dict[str, str]]
    status: str
    resolved_by: str | None
    resolution: str | None

    @classmethod
    def of(cls, row: ParkedItemRow) -> ParkedView:
        return shown(cls, row)
