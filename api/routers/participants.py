"""Participants: admitted by the operator with the consent of the key that will speak for them."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from api.auth import Acting, Ctx
from api.paging import Page, Paged, page
from api.route import OnceRoute, OpenOnceRoute
from api.schemas.common import Id
from api.schemas.parties import AccountIn, ActOut, AdmissionOut, ParticipantIn, ParticipantOut, SignatureIn
from api.schemas.persons import ProposalOut
from api.schemas.standing import ReasonIn, StandingOut
from chainfin.services.parties import admission, suspension
from chainfin.services.payments import accounts
from chainfin.values.party import roles_from_names

router = APIRouter()
_own = APIRouter(prefix="/v1/participants", tags=["participants"], route_class=OnceRoute)
_open = APIRouter(prefix="/v1/participants", tags=["participants"], route_class=OpenOnceRoute)


@_own.post("", status_code=202)
def admit(ctx: Ctx, actor: Acting, body: ParticipantIn, response: Response) -> AdmissionOut:
    """Admit a company (operator). If it brings its own key, that key consents next; else one is held for it."""
    made = admission.admit(
        ctx,
        actor,
        name=body.name,
        legal_scheme=body.legal_scheme,
        legal_value=body.legal_value,
        roles=int(roles_from_names(list(body.roles))),
        address=body.address,
        account=body.account,
        profile=body.profile,
        aliases=body.aliases,
    )
    response.headers["Location"] = f"/v1/participants/{made.party.id}"
    return AdmissionOut(
        participant=ParticipantOut.of(made.party),
        act=None if made.act is None else ActOut.of(made.act),
        consent=made.consent,
    )


@_own.get("")
def list_participants(ctx: Ctx, actor: Acting, window: Paged) -> Page[ParticipantOut]:
    """All participants: names and roles are no secret among them."""
    return page(
        window,
        lambda after, limit: admission.list_(ctx, actor, after=after, limit=limit),
        ParticipantOut.of,
        lambda seen: seen.id,
    )


@_own.get("/{participant_id}")
def get_participant(ctx: Ctx, actor: Acting, participant_id: Id) -> ParticipantOut:
    """One party. What is private of it is shown to itself, the operator and auditors alone."""
    return ParticipantOut.of(admission.get(ctx, actor, participant_id))


@_own.post("/{participant_id}/account", status_code=202)
def change_account(ctx: Ctx, actor: Acting, participant_id: Id, body: AccountIn) -> ProposalOut:
    """Ask that a party be paid to another account. The operator asks and a person of the party approves, or the other
    way round (`/v1/proposals/{id}/approve`); then what the bank couldn't pay out to the old one goes out again."""
    return ProposalOut.of(accounts.propose(ctx, actor, participant_id, body.account, body.reason))


@_own.post("/{participant_id}/suspend", status_code=202)
def suspend(ctx: Ctx, actor: Acting, participant_id: Id, body: ReasonIn) -> ActOut:
    """The operator stops a participant's new business. Payment, release, settlement and the other exits go on."""
    return ActOut.of(suspension.suspend(ctx, actor, participant_id, body.reason))


@_own.post("/{participant_id}/resume", status_code=202)
def resume(ctx: Ctx, actor: Acting, participant_id: Id, body: ReasonIn) -> ActOut:
    """The operator lets a suspended participant do business again."""
    return ActOut.of(suspension.resume(ctx, actor, participant_id, body.reason))


@_own.get("/{participant_id}/standing")
def get_standing(ctx: Ctx, actor: Acting, participant_id: Id) -> StandingOut:
    """Whether it may do new business, and what became of the newest change of that which was asked for here."""
    return StandingOut.of(suspension.standing(ctx, actor, participant_id))


@_open.post("/{participant_id}/consent", status_code=202)
def consent(ctx: Ctx, participant_id: Id, body: SignatureIn) -> ActOut:
    """The new party's key agrees to be admitted. Needs no token: the signature is the proof."""
    return ActOut.of(admission.consent(ctx, participant_id, body.signature))


router.include_router(_own)
router.include_router(_open)
