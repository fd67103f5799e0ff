"""What a reconciliation looked at, and each thing that does not agree by its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from chainfin.progress import Step, silent


@dataclass(frozen=True, slots=True)
class Mismatch:
    """``name``: what was compared ("receivable.pledged"); ``subject``: of which thing; then both sides."""

    name: str
    subject: str
    found: str
    expected: str

    def __str__(self) -> str:
        return f"{self.name} of {self.subject}: {self.found}, expected {self.expected}"


@dataclass
class Findings:
    """What was looked at (kind → number) and what doesn't agree."""

    mismatches: list[Mismatch] = field(default_factory=list)
    looked_at: dict[str, int] = field(default_factory=dict)
    progress: Step = silent

    def count(self, kind: str) -> None:
        self.looked_at[kind] = self.looked_at.get(kind, 0) + 1
        self.progress(sum(self.looked_at.values()), None)

    def same(self, name: str, subject: str, found: object, expected: object) -> None:
        if found != expected:
            self.mismatches.append(Mismatch(name, subject, str(found), str(expected)))


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The outcome as of block ``block`` (the last one that was taken in)."""

    block: int
    block_hash: str
    looked_at: Mapping[str, int]
    mismatches: tuple[Mismatch, ...]

    @property
    def ok(self) -> bool:
        return not self.mismatches

    def as_json(self) -> dict[str, Any]:
        return {
            "ok": self.ok,
            "block": self.block,
            "block_hash": self.block_hash,
            "looked_at": dict(self.looked_at),
            "mismatches": [asdict(mismatch) for mismatch in self.mismatches],
        }

    def lines(self) -> list[str]:
        """For a terminal: every mismatch, then what was looked at."""
        seen = ", ".join(f"{number} {kind}" for kind, number in self.looked_at.items()) or "nothing"
        verdict = "everything agrees" if self.ok else f"{len(self.mismatches)} mismatches"
        return [*(str(m) for m in self.mismatches), f"at block {self.block}, {seen}: {verdict}"]
