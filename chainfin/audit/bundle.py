"""The evidence bundle of a loan: one canonical JSON file that an auditor checks without trusting who made it.

Schema ``chainfin.evidence/2``, RFC 8785 JSON. Nothing is stated that can be derived: what an event says is read from
its proven log, a document's root from the event that carries it, who signed from the signature. ``seal`` holds the
SHA-256 of every part, so that no byte of the file can change unnoticed; it proves nothing about who made the file –
the proofs against a header that the auditor trusts do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chainfin.canon import canonical_bytes
from chainfin.errors import BadInput
from chainfin.risk.record import DecisionRecord

SCHEMA: Final = "chainfin.evidence/2"
MAX_BYTES: Final = 64 * 2**20
"""A file above this is not read. A header takes 1.1 kB in hex, so 20,000 of them fill a third of it."""

Hex = Annotated[str, Field(pattern=r"^0x([0-9a-f]{2})*$")]
Hash = Annotated[str, Field(pattern=r"^0x[0-9a-f]{64}$")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Minor = Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,18})$")]
Day = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
Count = Annotated[int, Field(ge=0)]


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class LoanPart(Part):
    """What was agreed. ``borrower`` and ``lender`` as the decision names them; ``terms`` as the offer stated them."""

    id: str
    product: Literal["receivable_pledge", "inventory_pledge", "general_310"]
    borrower: str
    lender: str
    asset: Hash | None
    currency: str
    principal: Minor
    terms: dict[str, str | int | None]


class PartyPart(Part):
    """Opens the commitment under which the party of that number was admitted: its legal id and the salt."""

    party: str
    number: Count
    scheme: str
    value: str
    salt: Hex


class ContractPart(Part):
    """``code_hash``: keccak256 of the code at the address when the contracts were deployed."""

    address: str
    code_hash: Hash


class ReceiptPart(Part):
    """Receipt ``index`` of block ``block``, with the RLP of the trie nodes from the root to it."""

    block: Count
    index: Count
    nodes: list[Hex]


class FactPart(Part):
    """An event: log ``log`` of receipt ``receipt`` (a place in the list). ``event`` is ``Contract.Event``."""

    event: str
    receipt: Count
    log: Count


class ChainPart(Part):
    """``headers``: ranges of header RLPs, oldest first, each header the parent of the next. One range where the blocks
    lie close enough; otherwise each range ends in a head of its own, to be compared with a header that is trusted."""

    chain_id: Count
    contracts: dict[str, ContractPart]
    headers: list[list[Hex]]
    receipts: list[ReceiptPart]
    facts: list[FactPart]


class DocumentPart(Part):
    """Disclosed fields of the document whose root is in fact number ``fact``."""

    fact: Count
    fields: list[dict[str, Any]]


class DecisionPart(Part):
    """``record``: the decision record's bytes as text."""

    record: str


class RevocationPart(Part):
    """The lender took its mandate back at ``at`` (POSIX seconds): the EIP-712 message and its signature. Without them
    the lender hasn't signed it, and the time is the service's word."""

    at: Count
    typed_data: dict[str, Any] | None
    signature: Hex | None


class MandatePart(Part):
    """The lender's mandate: the EIP-712 message and its signature. ``platform``: the name behind the domain's salt.
    ``revocation``: None where the service knows of none; bundles of before don't say."""

    id: str
    platform: str
    typed_data: dict[str, Any]
    signature: Hex
    revocation: RevocationPart | None = None


class ActPart(Part):
    """A signature over an act. ``fact``: the event that it brought about; None for an acceptance kept off the chain.
    ``valuation``: what its ``valuation`` is the hash of, where a price counts (`chainfin.risk.valuation`)."""

    fact: Count | None
    typed_data: dict[str, Any]
    signature: Hex
    valuation: dict[str, str] | None = None


class EvidencePart(Part):
    """A partner's answer: the exact text that it signed, and the signature header over it."""

    body: str
    signature: str
    key_id: str


class EventPart(Part):
    """What happened to the loan: disburse, start_moved, accrue, pay_borrower, pay_debtor, payout_returned; in the order
    in which it was heard of.

    ``whole``: it was posted before lenders had books of their own, with one journal for all days until then.
    ``on``: the day on which it happened, by the bank's word. ``amount`` of a payment: all that was offered to the loan.
    """

    kind: str
    on: Day
    amount: Minor
    payment: str
    holder: str
    whole: bool = False


class JournalPart(Part):
    """A journal with its link: ``hash`` covers ``previous``, the hash of the journal before it in its book.

    ``date``: in which period it is booked; ``value_date``: when what it tells of happened. ``book``: whose it is in;
    ``number``: its place there, without gaps.
    ``entries``: account, side, minor units, currency, sub-ledger, party.
    """

    key: str
    kind: str
    ref: str
    date: Day
    value_date: Day
    book: str
    number: int
    reverses: str
    previous: Digest
    hash: Digest
    entries: list[Annotated[list[str], Field(min_length=6, max_length=6)]]


class AgainPart(Part):
    """A payment under a reference of the bank's that another one had before, by the platform's word. ``status``: where
    its money is (applied, unmatched, refunding, refunded …); ``reason``: why, where it isn't plainly applied."""

    reference: str
    amount: Minor
    currency: str
    status: str
    reason: str


class LedgerPart(Part):
    """``trial``: account, debits, credits (minor units) of the loan's sub-ledger. ``incoming``: what the book calls a
    payment → the bank's reference of it; a payment that isn't there is called by the reference itself, as in bundles
    of before payments had ids of the book's own. ``allocated``: what the book calls a payment whose text named no claim
    → what the two persons of the platform did who said for what it is, as canonical JSON. ``again``: payments under a
    reference that another one had before, those of the loan and others on the same account. ``impaired_from``: the
    first value date on which the book follows what the loan may not earn and its allowance; null: always; not there:
    never, as in bundles of before it did."""

    events: list[EventPart]
    journals: list[JournalPart]
    trial: list[Annotated[list[str], Field(min_length=3, max_length=3)]]
    incoming: dict[str, str] = {}
    allocated: dict[str, str] = {}
    again: dict[str, AgainPart] = {}
    impaired_from: Day | None = "9999-12-31"

    def bank_reference(self, payment: str) -> str:
        """The bank's reference of what the book calls ``payment``."""
        return self.incoming.get(payment, payment)


class Bundle(Part):
    """The whole file."""

    schema_: Literal["chainfin.evidence/2"] = Field(alias="schema")
    loan: LoanPart
    parties: list[PartyPart]
    chain: ChainPart
    documents: list[DocumentPart]
    decision: DecisionPart
    mandate: MandatePart
    acts: list[ActPart]
    registry: list[EvidencePart]
    payments: list[EvidencePart]
    ledger: LedgerPart
    seal: dict[str, Digest]


def seal(parts: Mapping[str, object]) -> bytes:
    """The file's bytes: ``parts`` (everything but ``seal``) with their digests. Raises BadInput bundle_malformed."""
    content = {"schema": SCHEMA, **parts}
    return canonical_bytes(_checked({**content, "seal": digests(content)})[1])


def digests(content: Mapping[str, object]) -> dict[str, str]:
    """SHA-256 of the canonical bytes of every part but the seal itself."""
    return {name: hashlib.sha256(canonical_bytes(part)).hexdigest() for name, part in content.items() if name != "seal"}


def read(data: bytes) -> tuple[Bundle, dict[str, Any]]:
    """The bundle, and the same as plain JSON.

    Raises BadInput bundle_too_large, bundle_not_json, bundle_not_canonical (``where``: the byte), bundle_malformed
    (``where``: the part).
    """
    if len(data) > MAX_BYTES:
        raise BadInput("bundle_too_large", f"more than {MAX_BYTES} bytes")
    content = parse_json(data)
    try:
        spelled = canonical_bytes(content)
    except BadInput as error:
        raise BadInput("bundle_not_canonical", error.message, where=error.where) from None
    if spelled != data:
        place = next((n for n, (a, b) in enumerate(zip(spelled, data, strict=False)) if a != b), len(spelled))
        raise BadInput("bundle_not_canonical", "the file is not in canonical form (RFC 8785)", where=f"byte {place}")
    if not isinstance(content, dict):
        raise BadInput("bundle_malformed", "a bundle is a JSON object", where="/")
    return _checked(content)


def parse_json(data: bytes | str) -> Any:
    """JSON of a stranger. Nested beyond 1024 it is refused: the standard library's decoder recurses in C, and where a
    library has raised the recursion limit (the EVM does) such a text ends the process.

    Raises BadInput bundle_not_json.
    """
    try:
        return orjson.loads(data)
    except ValueError as error:
        raise BadInput("bundle_not_json", f"this is not JSON: {str(error)[:120]}") from None


def record_of(bundle: Bundle) -> DecisionRecord:
    """The decision record. Raises BadInput bundle_not_json, decision_record_malformed."""
    parse_json(bundle.decision.record)
    return DecisionRecord.parse(bundle.decision.record.encode())


def _checked(content: dict[str, Any]) -> tuple[Bundle, dict[str, Any]]:
    try:
        return Bundle.model_validate(content), content
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = "/" + "/".join(str(step) for step in first["loc"])
        raise BadInput("bundle_malformed", f"{place}: {first['msg']}", where=place) from None
