"""Participants, their persons and their credentials."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chainfin.services.views.of_row import shown
from chainfin.storage.party_tables import ClientRow, PartyRow, PersonRow


@dataclass(frozen=True, slots=True)
class PrivateView:
    """What only the participant itself, the operator and auditors see. ``commitment`` stands for the id on chain."""

    legal_scheme: str
    legal_value: str
    commitment: str
    account: str
    profile: dict[str, object]


@dataclass(frozen=True, slots=True)
class PartyView:
    """A participant, as all of them see it; ``private`` is None where the reader may not see it.

    ``roles``: bits of `values.party.Role`; ``chain_party``: its number at the contracts.
    """

    id: str
    name: str
    roles: int
    status: str
    address: str
    chain_party: int | None
    created_at: datetime
    private: PrivateView | None

    @classmethod
    def of(cls, row: PartyRow, *, private: bool) -> PartyView:
        # the consent is the text that the party's key signs: it is handed out once, to be signed
        profile = {name: value for name, value in row.profile.items() if name != "consent"}
        return shown(cls, row, private=shown(PrivateView, row, profile=profile) if private else None)


@dataclass(frozen=True, slots=True)
class PersonView:
    """A person, for its own party; ``name`` is opened. ``confirmed``: it may propose and approve."""

    id: str
    party_id: str | None
    name: str
    address: str | None
    administrator: bool
    status: str
    confirmed: bool
    proposal_id: str | None
    created_at: datetime

    @classmethod
    def of(cls, row: PersonRow, name: str) -> PersonView:
        return shown(cls, row, name=name)


@dataclass(frozen=True, slots=True)
class ClientView:
    """Client credentials, without the secret."""

    client_id: str
    party_id: str | None
    person_id: str
    confirmed: bool
    proposal_id: str | None
    created_at: datetime
    revoked_at: datetime | None

    @classmethod
    def of(cls, row: ClientRow) -> ClientView:
        return shown(cls, row)
