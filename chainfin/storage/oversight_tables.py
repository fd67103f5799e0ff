"""What waits for a person: items from outside that could not be understood or applied."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from chainfin.storage.types import UtcDateTime


class ParkedItemRow(SQLModel, table=True):
    """One item that was put aside whole, so that the others could go on.

    ``status``: a `rules.parked_item.ParkedState`.
    The same item seen again is counted on its row: ``digest`` tells which it is.
    """

    __tablename__ = "parked_item"
    __table_args__ = (UniqueConstraint("source", "digest"),)

    id: str = Field(primary_key=True)
    source: str
    """The feed or loop that met it, e.g. incoming_payments."""
    subject: str
    """What it is about, as far as that could be read (a bank reference); for people, never a key."""
    kind: str
    payload: str = Field(sa_type=Text)
    """The whole item: canonical JSON with every character beyond ASCII escaped, so that any text can be kept."""
    digest: str
    """SHA-256 of the payload, hex."""
    arrival: str | None = Field(default=None, sa_type=Text)
    """The payment that a line of the bank's tells of, as far as one could be read: JSON like the payload's."""
    reason: str
    """The code of why it could not be taken in, at the last try."""
    detail: str
    """The sentence of the first try: it says most, and a later one doesn't take its place."""
    tries: list[dict[str, str]] = Field(default_factory=list, sa_type=JSON)
    """Each further try that was in vain: when, by which code, and its sentence; of very many the newest."""
    receivable_id: str | None = Field(default=None, index=True)
    """The receivable that it is a payment of: nobody lends on that while the item is open."""
    first_seen_at: datetime = Field(sa_type=UtcDateTime)
    last_tried_at: datetime = Field(sa_type=UtcDateTime)
    attempts: int = 1
    status: str = Field(default="open", index=True)
    resolved_by: str | None = None
    resolution: str | None = None
