"""The lender's underwriter decides what the policy leaves to a person; what nobody decides on in time expires."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import Session, select

from chainfin.errors import Conflict, Forbidden, NotFound
from chainfin.risk.review import Review, Word
from chainfin.rules.application import State
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.lending import application_state, progress
from chainfin.services.lending import decision as decision_service
from chainfin.services.parties import gate
from chainfin.services.views.lending import ApplicationView
from chainfin.storage.lending_tables import ApplicationRow, SourceDataRow
from chainfin.values.party import Role

LIFETIME = timedelta(days=7)
"""How long an application may wait for the lender's underwriter."""


def decide(ctx: Context, actor: Actor, application_id: str, decision: Word, reason: str) -> ApplicationView:
    """The lender's underwriter approves or refuses an application that the policy leaves to a person. The rules are
    asked again on today's facts: what they refuse stays refused.

    Approving is new business, so that a suspended lender can only refuse. Raises Forbidden role_missing,
    own_application, party_not_active; NotFound application_unknown; Conflict application_not_in_review.
    """
    lender_id = actor.require(Role.LENDER)
    with ctx.store.begin() as session:
        row = session.get(ApplicationRow, application_id, with_for_update=True)
        if row is None or lender_id not in (row.lender_id, row.borrower_id):
            raise NotFound("application_unknown", f"there is no application {application_id}")
        if lender_id == row.borrower_id:
            raise Forbidden("own_application", "nobody decides on its own application")
        if application_state.of(row) is not State.REVIEW:
            raise Conflict("application_not_in_review", f"the application is {row.status}")
        if decision == "approved":
            gate.active_party(session, lender_id)
        word = {"by": lender_id, "decision": decision, "reason": reason}
        progress.at_once(session, ctx, row, "reviewed", decision, detail=word)
        review = Review(lender_id, decision, reason, ctx.clock.now())
        decision_service.decide(session, ctx, row, _answers(session, row), review)
        return ApplicationView.of(row)


def _answers(session: Session, row: ApplicationRow) -> dict[str, object]:
    """What the data sources said when it was applied for."""
    kept = session.exec(select(SourceDataRow).where(SourceDataRow.application_id == row.id)).all()
    return {each.source: each.payload for each in kept}


def overdue(session: Session, ctx: Context, limit: int) -> list[str]:
    """Ids of applications that have waited too long for the lender's underwriter, at most ``limit``."""
    query = select(ApplicationRow.id).where(
        ApplicationRow.status == State.REVIEW.value, ApplicationRow.updated_at <= ctx.clock.now() - LIFETIME
    )
    return list(session.exec(query.limit(limit)).all())
