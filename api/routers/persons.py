"""The persons of one's own party, or of the operator: made by an administrator among them."""

from __future__ import annotations

from fastapi import APIRouter

from api.auth import Acting, Ctx, Signing, Who
from api.paging import Page, Paged, page
from api.route import OnceRoute
from api.schemas.auth import ClientOut, NewClientOut
from api.schemas.common import Id
from api.schemas.persons import PersonIn, PersonOut
from chainfin.services.parties import persons

router = APIRouter(prefix="/v1/persons", tags=["persons"], route_class=OnceRoute)


@router.post("", status_code=201)
def add_person(ctx: Ctx, who: Who, body: PersonIn) -> PersonOut:
    """Add a person, with a wallet of its own or client credentials that are made next."""
    made = persons.add(ctx, who, name=body.name, address=body.address, administrator=body.administrator)
    return PersonOut.of(made)


@router.get("")
def list_persons(ctx: Ctx, actor: Acting, window: Paged) -> Page[PersonOut]:
    """The persons of one's own party."""
    return page(
        window,
        lambda after, limit: persons.list_(ctx, actor, after=after, limit=limit),
        PersonOut.of,
        lambda seen: seen.id,
    )


@router.post("/{person_id}/clients", status_code=201)
def new_client(ctx: Ctx, signin: Signing, who: Who, person_id: Id) -> NewClientOut:
    """Client credentials for a person. The secret is shown in this answer only."""
    made = persons.new_client(ctx, signin, who, person_id)
    return NewClientOut(**ClientOut.of(made.client).model_dump(), client_secret=made.secret)


@router.post("/{person_id}/suspend")
def suspend(ctx: Ctx, who: Who, person_id: Id) -> PersonOut:
    """End a person's credentials, for good; another administrator's once a second agrees."""
    return PersonOut.of(persons.suspend(ctx, who, person_id))
