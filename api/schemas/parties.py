"""Participants and their acts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from api.schemas.common import Address, FreeJson, Input, Line, Moment, Signature, Word
from chainfin.services.kernel.context import Actor
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.trade_tables import ActRow
from chainfin.values.party import Role, role_names

RoleName = Literal["core", "supplier", "distributor", "lender", "keeper", "auditor", "bank", "registrar", "lined"]
ActStatus = Literal["awaiting_signature", "signed", "final", "refused", "expired"]
TypedData = Annotated[dict[str, Any], Field(description="EIP-712 typed data (eth_signTypedData_v4)")]


class ParticipantIn(Input):
    """A company to be admitted. Without ``address`` a key is made and held in custody for it."""

    name: Line
    legal_scheme: Literal["USCC", "LEI"]
    legal_value: Word = Field(description="with its check digits", examples=["91350100M000100Y43"])
    roles: Annotated[list[RoleName], Field(min_length=1, max_length=9)]
    address: Address | None = None
    account: Word = Field(description="bank account to which payments go")
    aliases: Annotated[list[Word], Field(max_length=20)] = Field(
        default_factory=list, description="other identifiers by which trade documents name it (GLN, VAT number)"
    )
    profile: FreeJson = Field(default_factory=dict)


class ParticipantOut(BaseModel):
    """A participant. ``private`` is for itself, the operator and auditors."""

    id: str
    name: str
    roles: list[str]
    status: str = Field(description="pending, active or suspended")
    address: str
    chain_party: int | None = Field(description="its number at the Participants contract")
    created_at: Moment
    private: ParticipantPrivate | None

    @classmethod
    def of(cls, row: PartyRow, actor: Actor) -> ParticipantOut:
        private = None
        if actor.sees_all or actor.party_id == row.id:
            profile = {name: value for name, value in row.profile.items() if name != "consent"}
            private = ParticipantPrivate(
                legal_scheme=row.legal_scheme,
                legal_value=row.legal_value,
                commitment=row.commitment,
                account=row.account,
                profile=profile,
            )
        return cls(
            id=row.id,
            name=row.name,
            roles=role_names(Role(row.roles)),
            status=row.status,
            address=row.address,
            chain_party=row.chain_party,
            created_at=row.created_at,
            private=private,
        )


class AccountIn(Input):
    """The bank account to which payments go from now on."""

    account: Word


class ParticipantPrivate(BaseModel):
    legal_scheme: str
    legal_value: str
    commitment: str = Field(description="what stands for the legal id on chain")
    account: str
    profile: dict[str, Any]


class ActProblem(BaseModel):
    code: str
    message: str


class ActOut(BaseModel):
    """An act of a party. While it awaits a signature, ``typed_data`` is what the party signs."""

    id: str
    contract: str
    function: str
    party_id: str | None = Field(description="absent: the operator's own act")
    signer: str
    subject: str = Field(description="id of the thing that the act is about")
    status: ActStatus
    typed_data: TypedData
    deadline: Moment
    signature: str | None
    error: ActProblem | None
    tx_hash: str | None
    block_number: int | None
    created_at: Moment
    final_at: Moment | None

    @classmethod
    def of(cls, row: ActRow) -> ActOut:
        error = None
        if row.error_code is not None:
            error = ActProblem(code=row.error_code, message=row.error_message or "")
        return cls(
            id=row.id,
            contract=row.contract,
            function=row.function,
            party_id=row.party_id,
            signer=row.signer,
            subject=row.subject,
            status=row.status,
            typed_data=row.typed_data,
            deadline=datetime.fromtimestamp(row.deadline, UTC),
            signature=row.signature,
            error=error,
            tx_hash=row.tx_hash,
            block_number=row.block_number,
            created_at=row.created_at,
            final_at=row.final_at,
        )


class AdmissionOut(BaseModel):
    """``act``: the operator's act, once the key has consented; ``consent``: what the key has to sign before."""

    participant: ParticipantOut
    act: ActOut | None
    consent: TypedData | None


class AccountOut(BaseModel):
    """``payouts_retried``: how many payments that the bank had refused go out again."""

    participant: ParticipantOut
    payouts_retried: int


class SignatureIn(Input):
    signature: Signature
