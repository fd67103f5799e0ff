"""Sign-in and client credentials."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from api.schemas.common import Address, Input, Moment, Ref, Signature
from chainfin.eth.siwe import MAX_CHARS
from chainfin.services.views.parties import ClientView


class ChallengeIn(Input):
    """Name the address to get a message that is ready to sign."""

    address: Address | None = None


class ChallengeOut(BaseModel):
    """A one-time nonce and what an EIP-4361 message for this service has to say."""

    nonce: str
    domain: str
    uri: str
    chain_id: int
    expires_at: Moment
    message: str | None = Field(default=None, description="ready to sign, if the address was named")


class WalletIn(Input):
    message: Annotated[str, StringConstraints(min_length=1, max_length=MAX_CHARS)]
    signature: Signature


class TokenIn(Input):
    """OAuth 2.0 client credentials (RFC 6749, 4.4)."""

    grant_type: Literal["client_credentials"] = "client_credentials"
    client_id: Ref
    client_secret: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class TokenOut(BaseModel):
    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the name of a scheme
    expires_in: int = Field(description="seconds")
    subject: str = Field(description='party id, or "operator"')
    person_id: str = Field(description="who of them speaks")


class ClientIn(Input):
    """``party_id`` only from the operator, for a party whose key is in custody; otherwise oneself."""

    party_id: Ref | None = None


class ClientOut(BaseModel):
    client_id: str
    party_id: str | None
    person_id: str
    confirmed: bool
    proposal_id: str | None
    created_at: Moment
    revoked_at: Moment | None

    @classmethod
    def of(cls, seen: ClientView) -> ClientOut:
        return cls(
            client_id=seen.client_id,
            party_id=seen.party_id,
            person_id=seen.person_id,
            confirmed=seen.confirmed,
            proposal_id=seen.proposal_id,
            created_at=seen.created_at,
            revoked_at=seen.revoked_at,
        )


class NewClientOut(ClientOut):
    client_secret: str = Field(description="shown this once")
