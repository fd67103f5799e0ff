"""Participants and their acts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from api.schemas.common import Address, FreeJson, Input, Line, Moment, Reason, Signature, Word, states
from chainfin.services.parties.admission import Admission
from chainfin.services.views.acts import ActView
from chainfin.services.views.parties import PartyView
from chainfin.values.party import PartyState, Role, role_names

RoleName = Literal["core", "supplier", "distributor", "lender", "keeper", "auditor", "bank", "registrar", "lined"]
ActStatus = Literal["awaiting_signature", "signed", "final", "refused", "expired"]
"""`rules.act.ActState`, written out: so the document says it without a name of its own."""
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


class AdmissionChangeIn(Input):
    """What was wrong in an admission. What is left out stays; nothing given: the company is just asked again."""

    name: Line | None = None
    legal_scheme: Literal["USCC", "LEI"] | None = None
    legal_value: Word | None = Field(default=None, description="with its check digits")
    roles: Annotated[list[RoleName], Field(min_length=1, max_length=9)] | None = None
    address: Address | None = None
    account: Word | None = None
    aliases: Annotated[list[Word], Field(max_length=20)] | None = None
    profile: FreeJson | None = None


class NameIn(Input):
    """How the party is to be called."""

    name: Line
    reason: Reason = Field(description="why, for who approves it")


class AliasIn(Input):
    """An identifier by which trade documents name the party."""

    value: Word


class AliasesOut(BaseModel):
    """The identifiers by which trade documents name a party, its legal id among them."""

    aliases: list[str]


class ParticipantOut(BaseModel):
    """A participant. ``private`` is for itself, the operator and auditors."""

    id: str
    name: str
    roles: list[RoleName]
    status: str = states(PartyState)
    address: str
    chain_party: int | None = Field(description="its number at the Participants contract")
    created_at: Moment
    private: ParticipantPrivate | None

    @classmethod
    def of(cls, seen: PartyView) -> ParticipantOut:
        private = None
        if seen.private is not None:
            private = ParticipantPrivate.model_validate(seen.private, from_attributes=True)
        return cls(
            id=seen.id,
            name=seen.name,
            roles=role_names(Role(seen.roles)),
            status=seen.status,
            address=seen.address,
            chain_party=seen.chain_party,
            created_at=seen.created_at,
            private=private,
        )


class AccountIn(Input):
    """The bank account to which payments are to go."""

    account: Word = Field(description="1 to 128 printable ASCII characters without / or blanks")
    reason: Reason = Field(description="why, for who approves it")


class ParticipantPrivate(BaseModel):
    legal_scheme: str
    legal_value: str
    commitment: str = Field(description="what stands for the legal id on chain")
    account: str
    profile: dict[str, Any]


class ActProblem(BaseModel):
    code: str
    message: str

    @classmethod
    def of(cls, code: str | None, message: str | None) -> ActProblem | None:
        """None where there is no code."""
        return None if code is None else cls(code=code, message=message or "")


class ValuationOut(BaseModel):
    """By which price goods were reckoned in an act. The act carries the SHA-256 of its canonical JSON (RFC 8785)."""

    price: str = Field(description="of one unit, in major units of the currency")
    unit: str = Field(description="UN/ECE Recommendation 20")
    currency: str
    as_of: str = Field(description="the day of the price")
    source: str
    owed: str = Field(description="on the loan, in major units of the currency")
    ltv: str = Field(description="the share of the goods' value that is lent, 0 to 1; empty: lent on something else")


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
    valuation: ValuationOut | None = Field(description="what `valuation` in it is the hash of; absent: no price counts")
    deadline: Moment
    signature: str | None
    error: ActProblem | None
    tx_hash: str | None
    block_number: int | None
    created_at: Moment
    final_at: Moment | None

    @classmethod
    def of(cls, seen: ActView) -> ActOut:
        return cls(
            id=seen.id,
            contract=seen.contract,
            function=seen.function,
            party_id=seen.party_id,
            signer=seen.signer,
            subject=seen.subject,
            status=seen.status,
            typed_data=seen.typed_data,
            valuation=None if seen.valuation is None else ValuationOut.model_validate(seen.valuation),
            deadline=datetime.fromtimestamp(seen.deadline, UTC),
            signature=seen.signature,
            error=ActProblem.of(seen.error_code, seen.error_message),
            tx_hash=seen.tx_hash,
            block_number=seen.block_number,
            created_at=seen.created_at,
            final_at=seen.final_at,
        )


class AdmissionOut(BaseModel):
    """``act``: the operator's act, once the key has consented; ``consent``: what the key has to sign before."""

    participant: ParticipantOut
    act: ActOut | None
    consent: TypedData | None

    @classmethod
    def of(cls, made: Admission) -> AdmissionOut:
        act = None if made.act is None else ActOut.of(made.act)
        return cls(participant=ParticipantOut.of(made.party), act=act, consent=made.consent)


class SignatureIn(Input):
    signature: Signature
