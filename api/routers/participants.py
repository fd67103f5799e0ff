"""Participants: admitted by the operator with the consent of the key that will speak for them."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from api.auth import Acting, Ctx
from api.paging import Page, Paged, page
from api.route import OnceRoute, OpenOnceRoute
from api.schemas.common import Id
from api.schemas.parties import (
    AccountIn,
    ActOut,
    AdmissionChangeIn,
    AdmissionOut,
    AliasesOut,
    AliasIn,
    NameIn,
    ParticipantIn,
    ParticipantOut,
    SignatureIn,
)
from api.schemas.persons import ProposalOut
from api.schemas.standing import ReasonIn, StandingOut
from chainfin.services.parties import admission, aliases, names, pending, suspension
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
    return AdmissionOut.of(made)


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
    """One participant, by its id. What is private of it is shown to itself, the operator and auditors alone."""
    return ParticipantOut.of(admission.get(ctx, actor, participant_id))


@_own.get("/{participant_id}/admission")
def get_admission(ctx: Ctx, actor: Acting, participant_id: Id) -> AdmissionOut:
    """How an admission stands (operator): what the company's key has to sign, shown again, or the act it became."""
    return AdmissionOut.of(pending.show(ctx, actor, participant_id))


@_own.post("/{participant_id}/admission", status_code=202)
def correct_admission(ctx: Ctx, actor: Acting, participant_id: Id, body: AdmissionChangeIn) -> AdmissionOut:
    """Correct an admission to which the company hasn't agreed yet (operator); it is asked anew, for another 14 days."""
    made = pending.correct(
        ctx,
        actor,
        participant_id,
        name=body.name,
        legal_scheme=body.legal_scheme,
        legal_value=body.legal_value,
        roles=None if body.roles is None else int(roles_from_names(list(body.roles))),
        address=body.address,
        account=body.account,
        aliases=body.aliases,
        profile=body.profile,
    )
    return AdmissionOut.of(made)


@_own.post("/{participant_id}/admission/withdrawal")
def withdraw_admission(ctx: Ctx, actor: Acting, participant_id: Id) -> ParticipantOut:
    """Forget an admission to which the company hasn't agreed (operator): its legal id, key and account are free again.
    Shown is what was forgotten."""
    return ParticipantOut.of(pending.withdraw(ctx, actor, participant_id))


@_own.post("/{participant_id}/name", status_code=202)
def change_name(ctx: Ctx, actor: Acting, participant_id: Id, body: NameIn) -> ProposalOut:
    """Ask that a party be called otherwise. The operator asks and a person of the party approves, or the other way
    round. Its legal id is hashed on chain and stays: under another one a company is admitted anew."""
    return ProposalOut.of(names.propose(ctx, actor, participant_id, body.name, body.reason))


@_own.get("/{participant_id}/aliases")
def list_aliases(ctx: Ctx, actor: Acting, participant_id: Id) -> AliasesOut:
    """The identifiers by which trade documents may name a party: for itself, the operator and auditors."""
    return AliasesOut(aliases=aliases.list_(ctx, actor, participant_id))


@_own.post("/{participant_id}/aliases")
def add_alias(ctx: Ctx, actor: Acting, participant_id: Id, body: AliasIn) -> AliasesOut:
    """The party itself adds an identifier by which trade documents name it: a GLN, a VAT number."""
    return AliasesOut(aliases=aliases.add(ctx, actor, participant_id, body.value))


@_own.post("/{participant_id}/aliases/removal")
def remove_alias(ctx: Ctx, actor: Acting, participant_id: Id, body: AliasIn) -> AliasesOut:
    """The party itself removes one. Documents that were taken stay its own."""
    return AliasesOut(aliases=aliases.remove(ctx, actor, participant_id, body.value))


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
    """Whether a participant may do new business. Told is also what became of the newest change of that."""
    return StandingOut.of(suspension.standing(ctx, actor, participant_id))


@_open.post("/{participant_id}/consent", status_code=202)
def consent(ctx: Ctx, participant_id: Id, body: SignatureIn) -> ActOut:
    """The new party's key agrees to be admitted. Needs no token: the signature is the proof."""
    return ActOut.of(admission.consent(ctx, participant_id, body.signature))


router.include_router(_own)
router.include_router(_open)
