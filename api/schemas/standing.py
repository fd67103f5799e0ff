"""Who may do new business, and which kinds of acts may be begun."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from api.schemas.common import Input, Moment, Reason, states
from api.schemas.parties import ActProblem, ActStatus
from chainfin.services.parties.suspension import Change, Pauses, Standing
from chainfin.values.party import Kind, PartyState

KindName = Literal["admit", "order", "issue", "confirm", "transfer", "receipt", "pledge"]
KindNames = Annotated[list[KindName], Field(max_length=7)]


class ReasonIn(Input):
    """Why. It is kept here for the participant, the operator and auditors; nothing of it goes on chain."""

    reason: Reason


class ChangeOut(BaseModel):
    """A change that the operator asked for here; it holds from the moment its act is final."""

    act_id: str
    change: Literal["suspend", "resume", "pause"]
    reason: str
    status: ActStatus = Field(description="final: it holds; signed: on its way to the chain; refused: see `error`")
    error: ActProblem | None
    created_at: Moment
    final_at: Moment | None

    @classmethod
    def of(cls, act: Change) -> ChangeOut:
        return cls.model_validate(
            {
                "act_id": act.id,
                "change": act.function,
                "reason": act.reason,
                "status": act.status,
                "error": ActProblem.of(act.error_code, act.error_message),
                "created_at": act.created_at,
                "final_at": act.final_at,
            }
        )


class StandingOut(BaseModel):
    """``status`` is the chain's word; ``change`` the newest one asked for here (for itself, the operator, auditors)."""

    participant_id: str
    status: str = states(PartyState)
    change: ChangeOut | None = Field(
        description="absent where nothing was asked for here, as by a wallet of the operator"
    )

    @classmethod
    def of(cls, seen: Standing) -> StandingOut:
        change = None if seen.change is None else ChangeOut.of(seen.change)
        return cls.model_validate({"participant_id": seen.party_id, "status": seen.status, "change": change})


class PausesIn(Input):
    """Kinds to pause and kinds to let go on; all others stay as they are. At least one is named."""

    pause: KindNames = Field(default_factory=list)
    resume: KindNames = Field(default_factory=list)
    reason: Reason

    def kinds(self) -> tuple[list[Kind], list[Kind]]:
        return [Kind[name.upper()] for name in self.pause], [Kind[name.upper()] for name in self.resume]


class PausesOut(BaseModel):
    """``paused`` is the chain's word; ``change`` the newest act that asked for it here, with all kinds that are paused
    once it is final (for the operator and auditors)."""

    paused: list[KindName]
    open: list[KindName]
    change: PauseChangeOut | None

    @classmethod
    def of(cls, seen: Pauses) -> PausesOut:
        change = None
        if seen.change is not None:
            after = {**ChangeOut.of(seen.change).model_dump(), "paused": _names(seen.after)}
            change = PauseChangeOut.model_validate(after)
        closed = _names(seen.paused)
        others = _names(frozenset(Kind) - seen.paused)
        return cls.model_validate({"paused": closed, "open": others, "change": change})


class PauseChangeOut(ChangeOut):
    paused: list[KindName]


def _names(kinds: frozenset[Kind]) -> list[str]:
    return [kind.name.lower() for kind in sorted(kinds)]
