"""What goes into the API and comes out of it.

Written by `python -m tests.architecture.client_forms` from the OpenAPI document: change api/, not this file.
"""

from __future__ import annotations

from typing import Any, Generic, Literal, NotRequired, TypeAlias, TypedDict, TypeVar

T = TypeVar("T")


class Page(TypedDict, Generic[T]):
    """A part of a list."""

    items: list[T]
    next: str | None
    """pass as ?cursor= for the following page"""


class AcceptIn(TypedDict):
    """The signature over the offer's typed data; without one the key in custody signs, if there is one."""

    signature: NotRequired[str | None]
    """Over the typed data of the offer's act: 65 bytes r ‖ s ‖ v in hex; left out, the key in custody signs, if there
    is one"""


class AccountIn(TypedDict):
    """The bank account to which payments are to go."""

    account: str
    """1 to 128 printable ASCII characters without / or blanks"""
    reason: str
    """why, for who approves it"""


class AcknowledgementIn(TypedDict):
    """With the OrderResponse, or without one: a plain yes."""

    document: NotRequired[str | None]
    """The document as it was given out"""


class ActOut(TypedDict):
    """An act of a party. While it awaits a signature, ``typed_data`` is what the party signs."""

    id: str
    """Id of the act: its signature goes to /v1/acts/{id}/signature"""
    contract: str
    """Which of our contracts carries it out"""
    function: str
    """The contract's function"""
    party_id: str | None
    """absent: the operator's own act"""
    signer: str
    """EVM address whose signature it takes"""
    subject: str
    """id of the thing that the act is about"""
    status: Literal["awaiting_signature", "signed", "final", "refused", "expired"]
    """awaiting_signature, signed (on its way to the chain), final (in a block that counts as unchangeable), refused
    (see `error`) or expired"""
    typed_data: dict[str, Any]
    """EIP-712 typed data (eth_signTypedData_v4)"""
    valuation: ValuationOut | None
    """what `valuation` in it is the hash of; absent: no price counts"""
    deadline: str
    """Until when the chain takes the signature: ISO 8601, UTC"""
    signature: str | None
    """65 bytes r ‖ s ‖ v in hex over the typed data; null: not signed"""
    error: ActProblem | None
    """Why it was refused; null: it wasn't"""
    tx_hash: str | None
    """Hash of the chain transaction, 32 bytes in hex; null: none yet"""
    block_number: int | None
    """Number of the block that it is in; null: in none yet"""
    created_at: str
    """When it was made here: ISO 8601, UTC, by the business clock"""
    final_at: str | None
    """When its block became final; null: not yet"""


class ActProblem(TypedDict):
    """See `ActProblem` in the document."""

    code: str
    """Stable snake_case code, for programs"""
    message: str
    """What happened, in a sentence for people"""


class AdmissionChangeIn(TypedDict):
    """What was wrong in an admission. What is left out stays; nothing given: the company is just asked again."""

    name: NotRequired[str | None]
    """The company's registered name"""
    legal_scheme: NotRequired[Literal["USCC", "LEI"] | None]
    """USCC (Chinese, 18 characters) or LEI (international, 20 characters)"""
    legal_value: NotRequired[str | None]
    """with its check digits"""
    roles: NotRequired[
        list[Literal["core", "supplier", "distributor", "lender", "keeper", "auditor", "bank", "registrar", "lined"]]
        | None
    ]
    """What the party may do: several roles are possible"""
    address: NotRequired[str | None]
    """EVM address that signs: 20 bytes in hex, mixed case by EIP-55"""
    account: NotRequired[str | None]
    """Bank account number, as banks' messages carry it"""
    aliases: NotRequired[list[str] | None]
    """All other identifiers by which trade documents name it"""
    profile: NotRequired[dict[str, Any] | None]
    """What else is known of the company: facts by name"""


class AdmissionOut(TypedDict):
    """``act``: the operator's act, once the key has consented; ``consent``: what the key has to sign before."""

    participant: ParticipantOut
    """The party as it stands now"""
    act: ActOut | None
    """The operator's act that admits the party on chain; null until its key has consented"""
    consent: dict[str, Any] | None
    """EIP-712 typed data that the party's key signs before it is admitted; null: nothing is to be signed"""


class AliasIn(TypedDict):
    """An identifier by which trade documents name the party."""

    value: str
    """Another identifier by which trade documents name the party (GLN, VAT number)"""


class AliasesOut(TypedDict):
    """The identifiers by which trade documents name a party, its legal id among them."""

    aliases: list[str]
    """All identifiers by which trade documents may name the party"""


class Alive(TypedDict):
    """See `Alive` in the document."""

    status: NotRequired[Literal["alive"]]
    """The process answers"""


class AllocationIn(TypedDict):
    """For which claim a parked payment is: a loan, a receivable, or a pledge whose goods are bought back."""

    kind: Literal["loan", "receivable", "buy_back"]
    """What sort of claim `id` names"""
    id: str
    """The loan, receivable or pledge that the payment is for"""
    reason: str
    """Why, in words for people; kept with the thing"""


class Amount(TypedDict):
    """An amount in major units."""

    amount: str
    """Decimal string in major units (yuan, not fen); signed where the form around it says so"""
    currency: str
    """ISO 4217 code of the amounts beside it"""


class AmountIn(TypedDict):
    """An amount greater than zero."""

    amount: str
    """decimal in major units"""
    currency: str
    """ISO 4217"""


class AmountOrNoneIn(TypedDict):
    """An amount, or zero."""

    amount: str
    """decimal in major units"""
    currency: str
    """ISO 4217"""


class AppealIn(TypedDict):
    """Why, and what further data may be looked at."""

    reason: str
    """Why, in words for people; kept with the thing"""
    data: NotRequired[dict[str, Any]]
    """at most 64 KiB of JSON"""


class ApplicationDetail(TypedDict):
    """With its trail, the offer, and the decision in sentences."""

    id: str
    """Id of the application"""
    product: Product
    """How the loan is secured: receivable_pledge, inventory_pledge, or general_310 on sales data alone"""
    borrower_id: str
    """Party id of the borrower"""
    lender_id: str
    """Party id of the lender"""
    asset_id: str | None
    """Id of the receivable or warehouse receipt that is pledged; null on the general path, which pledges nothing"""
    requested: Amount
    """The principal that was asked for"""
    days: int
    """Tenor that is asked for, in days from payout to maturity"""
    status: Literal[
        "received",
        "data_check",
        "review",
        "offered",
        "accepted",
        "registration",
        "pledging",
        "disbursing",
        "funded",
        "declined",
        "expired",
        "withdrawn",
        "failed",
    ]
    """Where it stands now: one of the states of the glossary"""
    decision_hash: str | None
    """hash of the decision record; with a pledge it is on chain"""
    refusals: list[RefusalOut]
    """Each rule that said no, with its proof; empty: none did"""
    loan_id: str | None
    """Id of the loan; null while there is none"""
    appeal_of: str | None
    """Id of the application whose decision is disputed; null: this is a first one"""
    created_at: str
    """When it was made here: ISO 8601, UTC, by the business clock"""
    updated_at: str
    """When it last changed: ISO 8601, UTC"""
    progress: list[NodeOut]
    """The steps of its way so far, in their order"""
    offer: OfferOut | None
    """The terms that the borrower may accept; null: none were offered"""
    explanation: list[SentenceOut]
    """The decision in sentences, English and Chinese"""
    limit_parts: list[LimitPartOut]
    """general path: what makes up the limit"""


class ApplicationIn(TypedDict):
    """A request for money. Chain products name their asset; the general path carries a consent instead."""

    product: Product
    """How the loan is secured: receivable_pledge, inventory_pledge, or general_310 on sales data alone"""
    lender_id: str
    """Party id of the lender"""
    amount: AmountIn
    """The principal that is asked for"""
    days: int
    """Tenor that is asked for, in days from payout to maturity"""
    asset_id: NotRequired[str | None]
    """Id of the receivable or warehouse receipt that is pledged; null on the general path, which pledges nothing"""
    consent: NotRequired[ConsentIn | None]
    """For the general path alone: what allows the lender to read the applicant's figures"""


class ApplicationOut(TypedDict):
    """An application as it stands."""

    id: str
    """Id of the application"""
    product: Product
    """How the loan is secured: receivable_pledge, inventory_pledge, or general_310 on sales data alone"""
    borrower_id: str
    """Party id of the borrower"""
    lender_id: str
    """Party id of the lender"""
    asset_id: str | None
    """Id of the receivable or warehouse receipt that is pledged; null on the general path, which pledges nothing"""
    requested: Amount
    """The principal that was asked for"""
    days: int
    """Tenor that is asked for, in days from payout to maturity"""
    status: Literal[
        "received",
        "data_check",
        "review",
        "offered",
        "accepted",
        "registration",
        "pledging",
        "disbursing",
        "funded",
        "declined",
        "expired",
        "withdrawn",
        "failed",
    ]
    """Where it stands now: one of the states of the glossary"""
    decision_hash: str | None
    """hash of the decision record; with a pledge it is on chain"""
    refusals: list[RefusalOut]
    """Each rule that said no, with its proof; empty: none did"""
    loan_id: str | None
    """Id of the loan; null while there is none"""
    appeal_of: str | None
    """Id of the application whose decision is disputed; null: this is a first one"""
    created_at: str
    """When it was made here: ISO 8601, UTC, by the business clock"""
    updated_at: str
    """When it last changed: ISO 8601, UTC"""


class BankFileBecame(TypedDict):
    """What became of a file once it was taken in."""

    kind: Literal["camt.053.001.08", "camt.054.001.08", "pain.002.001.10"]
    """Which message of ISO 20022 it was"""
    taken: list[TakenOut]
    """One for each statement in the file that is new"""
    again: int
    """statements that were taken in before"""
    statuses: int
    """orders that ended by it"""
    parked: int
    """parts that nobody could understand"""


class BankFileComparison(TypedDict):
    """A bank's file held against the book; nothing of it is kept or booked."""

    sha256: str
    """of the file's bytes, hex"""
    compared: list[ComparedOut]
    """One for each statement in the file"""


class BankFileIn(TypedDict):
    """``document``: the file as XML text; ``name``: what it is called, for people."""

    name: str
    """What the file is called, for people"""
    document: str
    """the bank's file as XML text (ISO 20022)"""


class BankFileOut(TypedDict):
    """A bank's file that was handed in."""

    id: str
    """Id of the file"""
    name: str
    """What the file is called, for people"""
    sha256: str
    """of the file's bytes, hex"""
    document: str
    """the bank's file as XML text (ISO 20022)"""
    proposal_id: str | None
    """Id of the proposal by which a second person decides on it"""
    became: BankFileBecame | None
    """null until a second person has approved it"""
    created_at: str
    """When it was made here: ISO 8601, UTC, by the business clock"""


class BankFileProposalIn(TypedDict):
    """``reason``: how it came, for the person who approves."""

    name: str
    """What the file is called, for people"""
    document: str
    """the bank's file as XML text (ISO 20022)"""
    reason: str
    """How the file came, for the person who approves"""


class BankOrderOut(TypedDict):
    """An order that went to the bank as a file."""

    instruction_id: str
    """The number by which the bank knows the order"""
    standing: Literal["in_flight", "unknown", "paid", "refused"]
    """What the bank has said of the order"""
    written_again: list[dict[str, str]]
    """Who had the order's file written again, when and why"""


class BankStatementOut(TypedDict):
    """Balances are signed: below zero is overdrawn."""

    id: str
    """Id of the statement"""
    account: str
    """The account that the statement is of"""
    currency: str
    """ISO 4217 code of the amounts beside it"""
    kind: Literal["camt.053.001.08", "camt.054.001.08"]
    """camt.053: a statement closes a period; camt.054: a notification tells of single entries before"""
    number: str
    """the bank's own"""
    sequence: int | None
    """The bank's running number of the statement; null: it names none"""
    page: int
    """Page of the statement, from 1"""
    opening: str | None
    """Booked balance at its beginning, signed: decimal, major units; null: a notification has none"""
    closing: str | None
    """Booked balance at its end, signed: decimal, major units; null: a notification has none"""
    closing_on: str | None
    """Day of the closing balance: ISO 8601; null: there is none"""
    difference: str | None
    """What doesn't follow the statement before, or doesn't add up: a stable code; null: all fits"""
    source: str
    """the file"""
    taken_at: str
    """When it was taken in: ISO 8601, UTC"""


class BookHeadOut(TypedDict):
    """The last journal of a book on the day; ``book``: the lender, empty for the collection account's."""

    book: str
    """Party id of the lender whose book it is; empty: the collection account's"""
    number: int
    """Place of the journal in its book, from 1"""
    hash: str
    """Hash of the journal, which holds the hash of the one before"""
    path: list[StepOut]
    """Neighbours on the way from the book's leaf to the daily root"""


class BuyBackPaymentOut(TypedDict):
    """Money that came in to buy what is pledged: ``waiting`` until it is the buyer's; ``reason`` says for what, or why
    it went back."""

    id: str
    """Id of the incoming payment"""
    amount: Amount
    """The money that came in"""
    received_on: str
    """Value date of the payment: ISO 8601"""
    status: Literal[
        "applied", "waiting", "unmatched", "refunding", "refunded", "suspense", "payout_refused", "reversed"
    ]
    """Where the money of this payment is: applied, waiting, unmatched, refunding, refunded, suspense or
    payout_refused"""
    reason: str | None
    """For what the money is, why it waits, or why it went back; null: nothing to say"""


class BuyBackPromiseIn(TypedDict):
    """How much of the goods (in the receipt's unit) the core enterprise will undertake to buy once they are lent on,
    through which day, on which terms; ``price`` of a unit, without it the day's."""

    quantity: str
    """decimal in major units"""
    until: str
    """the last day on which it can be called; at least 14 days after the loan is due"""
    wording: str
    """The terms in words; only their SHA-256 goes on chain"""
    price: NotRequired[AmountIn | None]
    """Money for one unit of goods"""


class BuyBackPromiseOut(TypedDict):
    """A loan that counts it is paid out once the undertaking is on chain."""

    id: str
    """Id of the promise"""
    receipt_id: str
    """Id of the warehouse receipt"""
    buyer_id: str
    """Party id of the buyer"""
    quantity: str
    """How much of the goods: decimal, in the receipt's unit"""
    unit: str
    """Unit of quantity: a code of UN/ECE Recommendation 20"""
    until: str
    """The last day on which it can be called: ISO 8601"""
    wording: str
    """The terms in words; only their SHA-256 goes on chain"""
    price: Amount | None
    """Money for one unit of goods"""
    withdrawn_at: str | None
    """When it was withdrawn: ISO 8601, UTC; null: it stands"""
    created_at: str
    """When it was made here: ISO 8601, UTC, by the business clock"""


class BuyBackPromisesOut(TypedDict):
    """See `BuyBackPromisesOut` in the document."""

    receipt_id: str
    """Id of the warehouse receipt"""
    promises: list[BuyBackPromiseOut]


class CareOut(TypedDict):
    """Inspections and insurance of a receipt's goods. While ``against`` names something, nothing is lent on them, and
    nothing released before its loan is over; nor where the insurance ends before a loan is due."""

    receipt_id: str
    """Id of the warehouse receipt"""
    inspections: list[InspectionOut]
    insurance: list[InsuranceOut]
    inspection_due: str | None
    insured_until: str | None
    against: str | None
    """count_under_way, inspection_overdue or insurance_ends"""


class ChallengeIn(TypedDict):
    """Name the address to get a message that is ready to sign."""

    address: NotRequired[str | None]
    """The address that will sign; named, the answer holds a message ready to sign"""


class ChallengeOut(TypedDict):
    """A one-time nonce and what an EIP-4361 message for this service has to say."""

    nonce: str
    """One-time text that the message has to hold"""
    domain: str
    """Whose sign-in it is: the message has to name it"""
    uri: str
    """What is signed in to: the message has to name it"""
    chain_id: int
    """EIP-155 number of the chain: the message has to name it"""
    expires_at: str
    """From this moment on it no longer holds: ISO 8601, UTC"""
    message: NotRequired[str | None]
    """ready to sign, if the address was named"""


class ChangeOut(TypedDict):
    """A change that the operator asked for here; it holds from the moment its act is final."""

    act_id: str
    """Id of the act that carries it to the chain"""
    change: Literal["suspend", "resume", "pause"]
    """What was asked for: suspend or resume a party, or pause kinds of acts"""
    reason: str
    """Why, in words for people; kept with the thing"""
    status: Literal["awaiting_signature", "signed", "final", "refused", "expired"]
    """final: it holds; signed: on its way to the chain; refused: see `error`"""
    error: ActProblem | None
    """Why it was refused; null: it wasn't"""
    created_at: str
    """When it was made here: ISO 8601, UTC, by the business clock"""
    final_at: str | None
    """When its block became final; null: not yet"""


class ClientIn(TypedDict):
    """``party_id`` only from the operator, for a party whose key is in custody; otherwise oneself."""

    party_id: NotRequired[str | None]
    """Party id, from the operator only, for a party whose key is in custody; left out, oneself"""


class ClientOut(TypedDict):
    """See `ClientOut` in the document."""

    client_id: str
    """Public half of client credentials"""
    party_id: str | None
    """Party id of whom it speaks for; null: the operator's"""
    person_id: str
    """Id of the person who speaks"""
    confirmed: bool
    """Whether its credentials have a say in what takes two: those that another person made, once a second one confirms
    them"""
    proposal_id: str | None
    """Id of the proposal that a second person decides on; null: it takes none"""
    created_at: str
    """When it was made here: ISO 8601, UTC, by the business clock"""
    revoked_at: str | None
    """When it was ended: ISO 8601, UTC; null: it holds"""


class ClockIn(TypedDict):
    """See `ClockIn` in the document."""

    now: str
    """The business time to move on to, with its zone; never back"""


class ClockOut(TypedDict):
    """Business time, and the day that it is in the zone by which business is dated; ``movable`` in a sandbox only."""

    now: str
    """Business time: ISO 8601, UTC"""
    today: str
    """The business day, in the zone by which business is dated: ISO 8601"""
    movable: bool
    """Whether the operator may move business time: in a sandbox only"""


class ComparedOut(TypedDict):
    """A statement held against the book."""

    account: str
    """The account that the statement is of"""
    currency: str
    """ISO 4217 code of the amounts beside it"""
    number: str
    """The bank's own number of the statement"""
    opening: str | None
    """Booked balance at its beginning, signed: decimal, major units; null: a notification has none"""
    closing: str | None
    """Booked balance at its end, signed: decimal, major units; null: a notification has none"""
    fits: int
    """entries that the book has as the file tells them"""
    not_in_book: list[NotInBookOut]
    """Entries that the book doesn't have as the file tells them"""
    not_on_it: list[str]
    """payments of its days that the book has and it doesn't"""


class ConfirmationIn(TypedDict):
    """The debtor's undertaking names what it confirms, so that nothing else can be put before it."""

    document_root: str
    """Root over the document's salted fields, 32 bytes in hex: what the chain knows of it"""
    face: AmountIn
    """The face that the debtor confirms, as the receivable shows it"""
    due_date: str
    """The day on which the receivable must be paid: ISO 8601"""


class ConfirmationOut(TypedDict):
    """The debtor's act, and how it will have to pay what it confirms."""

    id: str
    """Id of the act: its signature goes to /v1/acts/{id}/signature"""
    contract: str
    """Which of our contracts carries it out"""
    function: str
    """The contract's function"""
    party_id: str | None
    """absent: the operator's own act"""
    signer: str
    """EVM address whose signature it takes"""
    subject: str
    """id of the thing that the act is about"""
    status: Literal["awaiting_signature", "signed", "final", "refused", "expired"]
    """awaiting_signature, signed (on its way to the chain), final (in a block that counts as unchangeable), refused
    (see `error`) or expired"""
    typed_data: dict[str, Any]
    """EIP-712 typed data (eth_signTypedData_v4)"""
    valuation: ValuationOut | None
    """what `valuation` in it is the hash of; absent: no price counts"""
    deadline: str
    """Until when the chain takes the signature: ISO 8601, UTC"""
    signature: str | None
    """65 bytes r ‖ s ‖ v in hex over the typed data; null: not signed"""
    error: ActProblem | None
    """Why it was refused; null: it wasn't"""
    tx_hash: str | None
    """Hash of the chain transaction, 32 bytes in hex; null: none yet"""
    block_number: int | None
    """Number of the block that it is in; null: in none yet"""
    created_at: str
    """When it was made here: ISO 8601, UTC, by the business clock"""
    final_at: str | None
    """When its block became final; null: not yet"""
    payment: PaymentOut
    """Where and under which reference the debtor will have to pay"""


class ConsentIn(TypedDict):
    """The applicant's consent to its data (general path): the data partner's token and the sources it covers."""

    token: str
    """What the data partner gave the applicant as proof of its consent"""
    sources: NotRequired[list[str]]
    """From where the figures may be read: tax, payments, marketplace"""


class CorrectionIn(TypedDict):
    """What counts had missed and is there after all, in the receipt's unit; only a hash of the reason goes on chain."""

    found: str
    """decimal in major units"""
    reason: str
    """Why, in words for people; kept with the thing"""


class CountIn(TypedDict):
    """What a count didn't find any more, in the receipt's unit; only a hash of the reason goes on chain."""

    missing: str
    """decimal in major units"""
    reason: str
    """Why, in words for people; kept with the thing"""


class DailyRootOut(TypedDict):
    """One hash over the last journals of all books; ``previous``: the root before it."""

    day: str
    """The business day that was ended: ISO 8601"""
    root: str
    """One hash over the last journal of every lender's book: SHA-256 in hex"""
    previous: str
    """Root of the day before; it is part of this one"""
    books: list[BookHeadOut]
    """Each book's last journal, with its way to the root"""


class DebtorLineIn(TypedDict):
    """A lender's own share of a debtor's line, in the currency of the debtor's orders; zero takes it back."""

    debtor_id: str
    """of a participant that carries the role lined"""
    limit: AmountOrNoneIn
    """The lender's own share of the line; zero takes it back"""


class DebtorLineOut(TypedDict):
    """What all lenders together allow, and what of it the debtor's confirmed debt uses (above it, once it was lowered).
    ``shares``: for the debtor of every lender, for a lender its own."""

    debtor_id: str
    """Party id of who owes the receivable"""
    currency: str | None
    """none while nobody has named it: then amounts are in minor units"""
    limit: str
    """How much may be confirmed at once: decimal, major units (minor units while no currency is known)"""
    used: str
    """What of the line the debtor's confirmed debt takes: decimal, major units"""
    shares: list[DebtorLineShareOut]
    """What each lender gives of the line"""


class DebtorLineShareOut(TypedDict):
    """See `DebtorLineShareOut` in the document."""

    lender_id: str
    """Party id of the lender"""
    limit: str
    """How much may be confirmed at once: decimal, major units (minor units while no currency is known)"""


class DecisionIn(TypedDict):
    """Why; kept with the proposal."""

    reason: str
    """Why, in words for people; kept with the thing"""


class DeliveryOut(TypedDict):
    """An event as it was sent to an address."""

    number: int
    """counts deliveries; later ones have higher numbers"""
    event_id: str
    """webhook-id of what is sent, and the id of the CloudEvent"""
    kind: EventKind
    """what it tells of"""
    subject: str
    """the id of what moved"""
    status: Literal["due", "claimed", "unknown", "parked", "done", "refused", "replaced"]
    """Where the delivery stands: due or claimed while it is tried, done once it was taken, refused when it was given
    up"""
    attempts: int
    """how often it was tried"""
    error: str | None
    """why it wasn't taken at the last try"""
    occurred_at: str
    """when it happened, by the service's business time"""


class DepositInstructionOut(TypedDict):
    """What a lender's bank is told, to place money for lending."""

    account: str
    """to which it pays; it stands in the lender's name"""
    reference: str
    """the creditor reference (ISO 11649), as it is printed"""
    payer_account: str
    """from which alone it is taken; what comes from another goes back"""


class DilutionOut(TypedDict):
    """``diluted`` goes off the free part; ``pending`` once that comes free, and ``top_up`` is called for where it is
    pledged."""

    currency: str
    """ISO 4217 code of the amounts beside it"""
    diluted: str
    """What other things than payment took off, such as credit notes: decimal, major units"""
    pending: str
    """What of the note can't be taken off yet, because it is pledged or promised: decimal, major units"""
    top_up: str
    """What the lender calls for because the note cuts into what is pledged: decimal, major units"""
    never_claimed: str
    """of the note, what was no part of the face: goods that didn't come"""
    act: ActOut | None
    """The act that takes it off on chain; null: the chain has nothing to take off"""


class DisputeIn(TypedDict):
    """See `DisputeIn` in the document."""

    reason: str
    """What the debtor contests; only its hash goes on chain"""


class DocumentIn(TypedDict):
    """A trade document: XML as text, any other file in base64."""

    document: str
    """the document: XML as text (UBL, CII, FatturaPA), another file (PDF, OFD, .p7m) in base64"""


EventKind: TypeAlias = Literal[
    "act.due",
    "application.changed",
    "loan.changed",
    "receivable.changed",
    "pledge.changed",
    "pledge.late",
    "limit.changed",
]


class FundingOut(TypedDict):
    """A lender's money for lending in one currency."""

    id: str
    """Id of the account"""
    lender_id: str
    """Party id of the lender"""
    currency: str
    """ISO 4217 code of the amounts beside it"""
    balance: str
    """the lender's cash in the book; below zero only for what was lent before accounts"""
    committed: str
    """of it, held for loans that are accepted and not yet paid out"""
    available: str
    """what new loans can be paid out of"""
    updated_at: str
    """When it last changed: ISO 8601, UTC"""


class GoodOut(TypedDict):
    """One good. Receipts name its code as ``goods.commodity``, prices as ``good``."""

    code: str
    """copper-cathode"""
    names: dict[str, str]
    """by language: en, zh"""
    grade: str
    """A (best) to D, by the lender's underwriter; null: not rated"""
    commodity_class: GoodsClass
    unit: str
    """UN/ECE Rec. 20; quantities and prices are in it"""
    decimals: int
    """of a quantity; 0: only whole ones"""
    divisible: bool
    """false: a receipt over it is pledged and handed out as a whole"""
    shelf_life_days: int | None
    """null: it keeps"""
    price_feed: PriceFeed
    """where its prices come from as a rule"""
    haircut: str
    """how far its price may fall until a lender has sold; the rest at most is lent"""
    haircut_source: str
    """who says so"""
    hash: str
    """SHA-256 of the entry's canonical JSON, which decision records name"""


GoodsClass: TypeAlias = Literal["standard", "branded", "perishable"]


class GoodsMinimumIn(TypedDict):
    """What the goods pledged for the loan are worth at least while they move, and why so much."""

    amount: AmountIn
    """Money as a decimal string in major units (yuan, not fen)"""
    reason: str
    """Why, in words for people; kept with the thing"""


class Home(TypedDict):
    """What answers here. Paths are relative to this one."""

    name: str
    """Name of the program that answers"""
    version: str
    """Version of this document or program"""
    about: str
    """What this program is, in a sentence"""
    sandbox: list[Literal["bank", "registry", "data"]]
    """partners that are only played here; none: money really moves"""
    docs: NotRequired[str]
    """Where the API can be read and tried, relative to this path"""
    openapi: NotRequired[str]
    """Where the OpenAPI document is, relative to this path"""
    ready: NotRequired[str]
    """Where to ask whether all parts work, relative to this path"""


class InspectionIn(TypedDict):
    """An inspection that was made, what it found (of this a hash is kept), and by when the next one is made: within a
    quarter."""

    made_on: str
    next_by: str
    report: str


class InspectionOut(TypedDict):
    """See `InspectionOut` in the document."""

    id: str
    """Id of the inspection"""
    receipt_id: str
    """Id of the warehouse receipt"""
    made_on: str
    next_by: str
    report_root: str
    """Keccak-256 of the report"""
    created_at: str
    """When it was made here: ISO 8601, UTC, by the business clock"""


class InstalmentOut(TypedDict):
    """See `InstalmentOut` in the document."""

    number: int
    """Which instalment, from 1"""
    due: str
    """The day on which it is to be paid: ISO 8601"""
    principal: str
    """Principal that this instalment repays: decimal, major units"""
    interest: str
    """Interest of this instalment: decimal, major units"""
    fee: str
    """Fee of the lender: decimal, major units"""
    total: str
    """The sum of the parts: decimal, major units"""
    balance: str
    """principal left after it"""


class InstructionOut(TypedDict):
    """What to write on the bank transfer. Nothing counts as paid before the bank says so."""

    account: str
    """the lender's, for this payer"""
    payee: str
    """in whose name it stands"""
    reference: str
    """the creditor reference (ISO 11649), as it is printed"""
    amount: Amount
    """What is to be paid"""


class InsuranceIn(TypedDict):
    """A policy over the goods that the keeper has seen. The newest counts."""

    number: str
    """The number that its issuer gave it"""
    insurer: str
    starts_on: str
    ends_on: str
    """its last day"""


class InsuranceOut(TypedDict):
    """See `InsuranceOut` in the document."""

    id: str
    """Id of the policy, as it is kept here"""
    receipt_id: str
    """Id of the warehouse receipt"""
    number: str
    """The number that its issuer gave it"""
    insurer: str
    starts_on: str
    ends_on: str
    created_at: str
    """When it was made here: ISO 8601, UTC, by the business clock"""


class InvoiceIn(TypedDict):
    """An invoice on an order. ``accept_matched``: take as face what the three-way match carries, if that is less."""

    order_id: str
    """Id of the order that the invoice is on"""
    document: str
    """the document: XML as text (UBL, CII, FatturaPA), another file (PDF, OFD, .p7m) in base64"""
    accept_matched: NotRequired[bool]
    """Take as face what order, receipt and invoice agree on, where that is less than the invoice"""
    due_date: NotRequired[str | None]
    """where the invoice names none"""


class LatePledgeOut(TypedDict):
    """Pledged goods whose loan is late, or whose margin call wasn't met: what concerns their keeper and whoever
    undertook to buy them, in the receipt's unit."""

    pledge_id: str
    """Id of the pledge"""
    receipt_id: str
    """Id of the warehouse receipt"""
    unit: str
    """Unit of quantity: a code of UN/ECE Recommendation 20"""
    left: str
    """still pledged"""
    why: Literal["loan_overdue", "margin_call_unmet"]
    since: str | None
    undertaken: str | None
    """of it, what one undertook to buy oneself and hasn't; null for a keeper"""
    until: str | None
    """the last day on which one's undertaking can be called"""


class LaterPart(TypedDict):
    """A part of an invoice without a receivable: send the invoice again once its day is near enough."""

    due_date: str
    """The day on which the receivable must be paid: ISO 8601"""
    amount: str
    """What is due of the invoice on that day, or is left of it"""
    currency: str
    """ISO 4217 code of the amounts beside it"""
    code: str
    """why not now: tenor_unlawful or due_date_past"""


class LimitIn(TypedDict):
    """A lender's own limit on a debtor or borrower, or (kind lender) on itself. Zero lets nothing new out."""

    kind: Literal["debtor", "borrower", "lender"]
    """On a debtor, on a borrower, or on the lender itself"""
    key: str
    """party id"""
    amount: AmountOrNoneIn
    """zero: nothing new"""
    grade: NotRequired[Literal["A", "B", "C", "D"] | None]
    """of the lender's underwriter"""


class LimitOut(TypedDict):
    """``held`` is promised to offers, ``used`` is paid out; both together exceed ``amount`` only where it was lowered
    below them."""

    id: str
    """Id of the limit"""
    lender_id: str
    """Party id of the lender"""
    kind: Literal["debtor", "borrower", "lender", "industry", "mandate"]
    """On whom: a debtor, a borrower, the lender itself, an industry, or under a mandate"""
    key: str
    """Party id of whom the limit is on"""
    currency: str
    """ISO 4217 code of the amounts beside it"""
    amount: str
    """The most that may be held and outstanding at once: decimal, major units of `currency`"""
    held: str
    """Promised to offers, not paid out yet: decimal, major units"""
    used: str
    """What is outstanding of it: decimal, major units"""
    grade: str | None
    """A (best) to D, by the lender's underwriter; null: not rated"""
    proposal_id: str | None
    """Id of the proposal that a second person decides on; null: it takes none"""
    updated_at: str
    """When it last changed: ISO 8601, UTC"""


class LimitPartOut(TypedDict):
    """One part of the limit; all parts add up to it, to the fen."""

    en: str
    """The sentence in English"""
    zh: str
    """The same sentence in Chinese"""
    code: str
    """Which part of the limit, stable, for programs"""
    amount: str
    """What this part adds to the limit, or takes off (negative): decimal, major units"""
    facts: dict[str, Any]
    """The numbers that the part was reckoned from, by name"""


class LoanDetail(TypedDict):
    """With what is owed (as of the day to which interest was accrued) and what is pledged."""

    id: str
    """Id of the loan"""
    application_id: str
    """Id of the application that it came from"""
    borrower_id: str
    """Party id of the borrower"""
    lender_id: str
    """Party id of the lender"""
    product: Product
    """How the loan is secured: receivable_pledge, inventory_pledge, or general_310 on sales data alone"""
    currency: str
    """ISO 4217 code of the amounts beside it"""
    principal: str
    """The sum lent, without interest and fees: decimal, major units"""
    terms: OfferTerms
    """What was agreed, or is offered: amounts, rate, days"""
    start_date: str | None
    """The day of the payout, from which interest counts: ISO 8601; null: not paid out"""
    maturity: str
    """The contract's last day; where it is a day of rest the next business day counts, as the schedule tells"""
    status: Literal["approved", "active", "overdue", "restructured", "repaid", "written_off", "recovered", "cancelled"]
    """Where it stands now: one of the states of the glossary"""
    created_at: str
    """When it was made here: ISO 8601, UTC, by the business clock"""
    funded_at: str | None
    """When the bank had paid it out: ISO 8601, UTC; null: not yet"""
    closed_at: str | None
    """When it ended: ISO 8601, UTC; null: it runs"""
    accrued_to: str
    """The day up to which interest is reckoned: ISO 8601"""
    outstanding: str
    """principal still owed"""
    days_past_due: int
    """Days since the oldest unpaid due date; 0: none is unpaid"""
    category: Literal["normal", "special_mention", "substandard", "doubtful", "loss"]
    """Five-category classification (五级分类), by days past due"""
    pledges: list[PledgeOut]
    """What secures the loan"""


class LoanOut(TypedDict):
    """A loan: its terms and state."""

    id: str
    """Id of the loan"""
    application_id: str
    """Id of the application that it came from"""
    borrower_id: str
    """Party id of the borrower"""
    lender_id: str
    """Party id of the lender"""
    product: Product
    """How the loan is secured: receivable_pledge, inventory_pledge, or general_310 on sales data alone"""
    currency: str
    """ISO 4217 code of the amounts beside it"""
    principal: str
    """The sum lent, without interest and fees: decimal, major units"""
    terms: OfferTerms
    """What was agreed, or is offered: amounts, rate, days"""
    start_date: str | None
    """The day of the payout, from which interest counts: ISO 8601; null: not paid out"""
    maturity: str
    """The contract's last day; where it is a day of rest the next business day counts, as the schedule tells"""
    status: Literal["approved", "active", "overdue", "restructured", "repaid", "written_off", "recovered", "cancelled"]
    """Where it stands now: one of the states of the glossary"""
    created_at: str
    """When it was made here: ISO 8601, UTC, by the business clock"""
    funded_at: str | None
    """When the bank had paid it out: ISO 8601, UTC; null: not yet"""
    closed_at: str | None
    """When it ended: ISO 8601, UTC; null: it runs"""


class LoopOut(TypedDict):
    """What a loop is doing, and why it isn't running if it isn't."""

    state: State
    """Whether the loop runs, rests after an error, or has stopped"""
    code: str | None
    """Why the loop doesn't run: a stable code; null: it runs"""
    message: str | None
    """Why the loop doesn't run, for people; null: it runs"""


class LotIn(TypedDict):
    """Which goods they are: site and number, and a seal or, of bulk goods, a meter reading. Photographs by hash."""

    site: str
    """Where the lot lies: warehouse and place in it"""
    number: str
    """The lot's number at its site"""
    seal: NotRequired[str | None]
    """Number of the seal on the lot; null: it has none"""
    meter: NotRequired[str | None]
    """Reading of the meter, of goods in bulk; null: there is none"""
    photos: NotRequired[list[str]]
    """SHA-256 of each file"""


class LotOut(TypedDict):
    """See `LotOut` in the document."""

    site: str
    """Where the lot lies: warehouse and place in it"""
    number: str
    """The lot's number at its site"""
    seal: str | None
    """Number of the seal on the lot; null: it has none"""
    meter: str | None
    """Reading of the meter, of goods in bulk; null: there is none"""
    photos: list[str]
    """SHA-256 of photographs and slips that the keeper keeps, in hex"""


class MandateIn(TypedDict):
    """What a lender allows its money to be lent for. Products are covered under the policies that decide on them today
    (`/v1/policies`) and the product documents that hold today (`/v1/products`)."""

    products: list[Product]
    """The products whose loans it covers"""
    amount: AmountIn
    """the most that may be held and outstanding at once"""
    grades: list[Literal["A", "B", "C", "D"]]
    """of who is expected to pay: the debtor of a receivable, else the borrower"""
    rate_floor: NotRequired[float | str]
    """the least yearly rate, 0.035 for 3.5 %"""
    not_before: NotRequired[str | None]
    """now, if left out"""
    expires_at: str
    """From this moment on it no longer holds: ISO 8601, UTC"""


class MandateOut(TypedDict):
    """A mandate. ``prepared``: sign ``typed_data`` and send the signature to its /signature; where ``proposal_id`` is
    set, its key is in custody and a second person of the lender approves. ``revoked``: sign ``revocation`` and send the
    signature to its /revocation/signature, and keep both: they are the proof of when it ended."""

    id: str
    """Id of the mandate"""
    lender_id: str
    """Party id of the lender"""
    products: list[Product]
    """The products whose loans it covers"""
    policies: dict[str, str]
    """product → hash of the policy that decides on it"""
    documents: dict[str, str]
    """product → hash of the product document that its loans follow; a mandate without one lends nothing"""
    currency: str
    """ISO 4217 code of the amounts beside it"""
    amount: str
    """The most that may be held and outstanding at once: decimal, major units of `currency`"""
    held: str
    """promised to offers"""
    used: str
    """outstanding"""
    grades: list[Literal["A", "B", "C", "D"]]
    """Of who is expected to pay: A (best) to D"""
    rate_floor: str
    """The least yearly rate, as a fraction: 0.035 is 3.5 %"""
    not_before: str
    """From this moment on it holds: ISO 8601, UTC"""
    expires_at: str
    """From this moment on it no longer holds: ISO 8601, UTC"""
    status: Literal["prepared", "active", "revoked", "expired"]
    """prepared: waits for its signature; active: money may go out under it; revoked: nothing new goes out"""
    signer: str
    """EVM address whose signature it takes"""
    typed_data: dict[str, Any]
    """EIP-712 typed data that the lender signs"""
    signature: str | None
    """65 bytes r ‖ s ‖ v in hex over the typed data; null: not signed"""
    proposal_id: str | None
    """Id of the proposal that a second person decides on; null: it takes none"""
    created_at: str
    """When it was made here: ISO 8601, UTC, by the business clock"""
    revoked_at: str | None
    """When it was ended: ISO 8601, UTC; null: it holds"""
    revocation: dict[str, Any] | None
    """typed data; it holds whether it is signed or not"""
    revocation_signature: str | None
    """The lender's signature over `revocation`, in hex; null: not signed"""


class MarginCallOut(TypedDict):
    """A call (补仓): pay this much of the loan, or bring other collateral."""

    id: str
    """Id of the call"""
    asset_id: str
    """Id of the receivable or warehouse receipt that is pledged; null on the general path, which pledges nothing"""
    cause: str
    """what shrank the collateral: a document, a price, a count, the end of a day"""
    amount: Amount
    """How much of the loan is to be repaid, or covered by other collateral"""
    left: Amount | None
    """the least that meets it if it is paid today; null once it has ended"""
    quantity: str | None
    """so much more of the goods, in their unit, did the same when it was made"""
    due_on: str | None
    """the last day to meet it; null of a loan on receivables"""
    status: Literal["open", "cured", "replaced", "escalated"]
    """Where it stands now: one of the states of the glossary"""
    escalated_on: str | None
    """since then the lender may take the goods"""
    created_at: str
    """When it was made here: ISO 8601, UTC, by the business clock"""


class MarginCallsOut(TypedDict):
    """See `MarginCallsOut` in the document."""

    loan_id: str
    """Id of the loan; null while there is none"""
    calls: list[MarginCallOut]
    """Every call on the loan, in the order in which they were made"""
    unchecked: Literal["price_missing", "price_stale"] | None
    """why nobody can tell what the goods under the loan are worth now"""


class MismatchOut(TypedDict):
    """``name``: what was compared, ``subject``: of which thing."""

    name: str
    """Which comparison found it"""
    subject: str
    """Id of the thing that it is about"""
    found: str
    """What one side says"""
    expected: str
    """What the other side says"""


class NameIn(TypedDict):
    """How the party is to be called."""

    name: str
    """The company's registered name, as it should be"""
    reason: str
    """why, for who approves it"""


class NewClientOut(TypedDict):
    """See `NewClientOut` in the document."""

    client_id: str
    """Public half of client credentials"""
    party_id: str | None
    """Party id of whom it speaks for; null: the operator's"""
    person_id: str
    """Id of the person who speaks"""
    confirmed: bool
    """Whether its credentials have a say in what takes two: those that another person made, once a second one confirms
    them"""
    proposal_id: str | None
    """Id of the proposal that a second person decides on; null: it takes none"""
    created_at: str
    """When it was made here: ISO 8601, UTC, by the business clock"""
    revoked_at: str | None
    """When it was ended: ISO 8601, UTC; null: it holds"""
    client_secret: str
    """shown this once"""


class NodeOut(TypedDict):
    """One node of the application's way. ``seconds`` once it has ended."""

    seq: int
    """Place of the step, from 1"""
    name: str
    """Which step of the application: data_check, credit_score, pledging, …"""
    started_at: str
    """When the step began: ISO 8601, UTC"""
    ended_at: str | None
    """When the step ended: ISO 8601, UTC; null: it runs"""
    seconds: str | None
    """How long the step took, as a decimal; null: it runs"""
    outcome: str | None
    """How the step ended; null: it runs"""
    detail: dict[str, Any]
    """What the step found: facts by name"""


class NotInBookOut(TypedDict):
    """An entry that the book doesn't have as the file tells it."""

    place: str
    """entry and payment within it, counted from 1"""
    bank_ref: str
    """The bank's own reference of the entry"""
    amount: str | None
    """signed; null: it can't be read"""
    why: str
    """In which way it differs: a code"""


class OfferOut(TypedDict):
    """An offer. To accept it, sign ``act.typed_data`` and send the signature to the application's /accept."""

    id: str
    """Id of the offer"""
    application_id: str
    """Id of the application that it came from"""
    loan_id: str
    """Id of the loan; null while there is none"""
    currency: str
    """ISO 4217 code of the amounts beside it"""
    amount: str
    """Principal that is offered: decimal, major units of `currency`"""
    pledge_amount: str
    """of the receivable in its currency, or of the goods in the receipt's unit"""
    terms: OfferTerms
    """What was agreed, or is offered: amounts, rate, days"""
    status: Literal["open", "accepted", "expired", "withdrawn"]
    """open: may be accepted; accepted, expired or withdrawn: no more"""
    expires_at: str
    """From this moment on it no longer holds: ISO 8601, UTC"""
    created_at: str
    """When it was made here: ISO 8601, UTC, by the business clock"""
    act: ActOut | None
    """the borrower sees what it has to sign"""


class OfferTerms(TypedDict):
    """The terms of a loan. ``yearly_cost`` is the IRR of all cash flows, fees included; ``cost_cap`` is what it may be
    at most, whenever the loan is repaid."""

    principal: str
    """The sum lent, without interest and fees: decimal, major units"""
    annual_rate: str
    """Yearly interest rate as a fraction: 0.05 is 5 %"""
    start: str
    """The day from which interest counts: ISO 8601"""
    maturity: str
    """The contract's last day; where it is a day of rest the next business day counts, as the schedule tells"""
    method: str
    """How it is repaid: bullet (all at maturity), interest_first, equal_instalments, equal_principal or seasonal"""
    day_count: str
    """Days of interest over days of the year"""
    fee: str
    """Fee of the lender: decimal, major units"""
    interest: str
    """Interest up to maturity, or of this instalment: decimal, major units"""
    penalty_rate: str
    """Yearly rate on what is overdue, as a fraction"""
    advance_rate: str | None
    """Share of the asset's worth that is lent, as a fraction; null: no asset is pledged"""
    yearly_cost: str
    """What the loan costs in a year with all fees (IRR of its cash flows), as a fraction"""
    cost_cap: str | None
    """The most that the loan may cost in a year, whenever it is repaid, as a fraction; null: no cap is agreed"""
    adjustment: str | None
    """of a due date that is no business day: following, the next one"""
    time_zone: str | None
    """by which days are reckoned"""
    binding: str | None
    """what kept the amount where it is"""
    decision_hash: str | None
    """SHA-256 of the decision record that led to it, in hex; null: there is none"""


class OpeningOut(TypedDict):
    """Keys of one invoice's hashes, 32 bytes each in hex. Who has them can open every field: not for passing on."""

    fingerprint_key: str
    """HMAC-SHA256 key that makes the receivable's id from seller and number"""
    document_secret: str
    """salts the fields under the document root"""
    seller_legal_id: str
    """The seller's USCC or LEI, as it goes into the fingerprint"""


class OrderAct(TypedDict):
    """See `OrderAct` in the document."""

    order: OrderOut
    """The order as it stands now"""
    act: ActOut
    """What has to be signed for it to happen, and how far it is"""


class OrderOut(TypedDict):
    """A purchase order. Amounts are gross, cumulative, in major units of ``currency``."""

    id: str
    """Id of the order, also on chain: a keyed hash of the buyer and its number, 32 bytes in hex"""
    number: str
    """The number that its issuer gave it"""
    buyer_id: str
    """Party id of the buyer"""
    seller_id: str
    """Party id of the seller"""
    currency: str
    """ISO 4217 code of the amounts beside it"""
    ordered: str
    """What was ordered, gross: decimal, major units"""
    despatched: str
    """What the seller has sent so far, gross: decimal, major units"""
    received: str
    """What the buyer has so far of what it received, gross: what went back isn't in it; decimal, major units"""
    returned: str
    """What went back of all that was received and wasn't replaced, gross: decimal, major units"""
    invoiced: str
    """What was billed so far, gross: decimal, major units"""
    confirmed: str
    """What the debtor has undertaken to pay so far, gross: decimal, major units"""
    goods_returned: bool
    """Whether the buyer told of goods that it sent back; what its claims lost stands with each of them as
    `uncarried`"""
    status: Literal["posting", "refused", "posted", "acknowledged", "despatched", "received", "invoiced", "cancelled"]
    """Where it stands now: one of the states of the glossary"""
    created_at: str
    """When it was made here: ISO 8601, UTC, by the business clock"""


class OutcomeIn(TypedDict):
    """What became of a command whose partner's answers can't be taken in."""

    became: Literal["done", "refused"]
    """done: the bank paid; refused: the partner didn't do it, and won't"""
    at: NotRequired[str | None]
    """When the bank paid, as its statement says; needed where it did"""
    reference: NotRequired[str | None]
    """The bank's own number of the payment; needed where it paid"""
    reason: str
    """Why, in words for people; kept with the thing"""


class ParkedOut(TypedDict):
    """An item that was put aside whole, with the reason of the last try."""

    id: str
    """Id of the parked item"""
    source: str
    """the feed that it came from"""
    kind: str
    """Which sort of item of its source"""
    subject: str
    """what it is about, as far as that could be read"""
    payload: str
    """the whole item, JSON as text; what is not ASCII is escaped"""
    reason: str
    """stable code of why it could not be taken in, at the last try"""
    detail: str
    """the sentence of the first try"""
    first_seen_at: str
    """When it first came in: ISO 8601, UTC"""
    last_tried_at: str
    """When it was last tried: ISO 8601, UTC"""
    attempts: int
    """How often it was tried"""
    tries: list[TryOut]
    """each further try that was in vain, the newest 50"""
    status: Literal["open", "retried", "resolved"]
    """open: nobody has dealt with it; retried: taken in (or a partner asked) once more; resolved: a person said what
    became of it"""
    resolved_by: str | None
    """Who said what became of it; null: nobody yet"""
    resolution: str | None
    """What became of it, in that person's words; null: open"""


class PartAct(TypedDict):
    """See `PartAct` in the document."""

    receivable: ReceivableOut
    """The receivable as it stands now"""
    act: ActOut
    """What has to be signed for it to happen, and how far it is"""


class ParticipantIn(TypedDict):
    """A company to be admitted. Without ``address`` a key is made and held in custody for it."""

    name: str
    """The company's registered name"""
    legal_scheme: Literal["USCC", "LEI"]
    """USCC (Chinese, 18 characters) or LEI (international, 20 characters)"""
    legal_value: str
    """with its check digits"""
    roles: list[Literal["core", "supplier", "distributor", "lender", "keeper", "auditor", "bank", "registrar", "lined"]]
    """What the party may do: several roles are possible"""
    address: NotRequired[str | None]
    """EVM address of the company's own key; left out, a key is made and held in custody for it"""
    account: str
    """bank account to which payments go"""
    aliases: NotRequired[list[str]]
    """other identifiers by which trade documents name it (GLN, VAT number)"""
    profile: NotRequired[dict[str, Any]]
    """at most 64 KiB of JSON"""


class ParticipantOut(TypedDict):
    """A participant. ``private`` is for itself, the operator and auditors."""

    id: str
    """Id of the party: what `lender_id`, `owner_id`, `to` and their like take"""
    name: str
    """The company's registered name"""
    roles: list[Literal["core", "supplier", "distributor", "lender", "keeper", "auditor", "bank", "registrar", "lined"]]
    """What the party may do: several roles are possible"""
    status: Literal["pending", "active", "suspended"]
    """Where it stands now: one of the states of the glossary"""
    address: str
    """EVM address that signs: 20 bytes in hex, mixed case by EIP-55"""
    chain_party: int | None
    """its number at the Participants contract"""
    created_at: str
    """When it was made here: ISO 8601, UTC, by the business clock"""
    private: ParticipantPrivate | None
    """What only the party itself, the operator and auditors see; null for others"""


class ParticipantPrivate(TypedDict):
    """See `ParticipantPrivate` in the document."""

    legal_scheme: str
    """USCC (Chinese, 18 characters) or LEI (international, 20 characters)"""
    legal_value: str
    """The legal id itself, check digits included"""
    commitment: str
    """what stands for the legal id on chain"""
    account: str
    """Bank account number, as banks' messages carry it"""
    profile: dict[str, Any]
    """What else is known of the company: facts by name"""


class PassedOnIn(TypedDict):
    """By which number of the bank's a lender's share was passed on to it."""

    reference: str
    """Creditor reference (ISO 11649) to write on the payment, so that it finds its claim"""
    reason: str
    """Why, in words for people; kept with the thing"""


class PauseChangeOut(TypedDict):
    """See `PauseChangeOut` in the document."""

    act_id: str
    """Id of the act that carries it to the chain"""
    change: Literal["suspend", "resume", "pause"]
    """What was asked for: suspend or resume a party, or pause kinds of acts"""
    reason: str
    """Why, in words for people; kept with the thing"""
    status: Literal["awaiting_signature", "signed", "final", "refused", "expired"]
    """final: it holds; signed: on its way to the chain; refused: see `error`"""
    error: ActProblem | None
    """Why it was refused; null: it wasn't"""
    created_at: str
    """When it was made here: ISO 8601, UTC, by the business clock"""
    final_at: str | None
    """When its block became final; null: not yet"""
    paused: list[Literal["admit", "order", "issue", "confirm", "transfer", "receipt", "pledge"]]
    """Kinds of acts that the chain takes no new ones of"""


class PausesIn(TypedDict):
    """Kinds to pause and kinds to let go on; all others stay as they are. At least one is named."""

    pause: NotRequired[list[Literal["admit", "order", "issue", "confirm", "transfer", "receipt", "pledge"]]]
    """Kinds of acts to stop"""
    resume: NotRequired[list[Literal["admit", "order", "issue", "confirm", "transfer", "receipt", "pledge"]]]
    """Kinds of acts to let go on"""
    reason: str
    """Why, in words for people; kept with the thing"""


class PausesOut(TypedDict):
    """``paused`` is the chain's word; ``change`` the newest act that asked for it here, with all kinds that are paused
    once it is final (for the operator and auditors)."""

    paused: list[Literal["admit", "order", "issue", "confirm", "transfer", "receipt", "pledge"]]
    """Kinds of acts that the chain takes no new ones of"""
    open: list[Literal["admit", "order", "issue", "confirm", "transfer", "receipt", "pledge"]]
    """Kinds of acts that the chain takes"""
    change: PauseChangeOut | None
    """The newest act that asked for a change here; null: there was none, or the caller may not see it"""


class PayeeIn(TypedDict):
    """To which account a payment goes that can't go back to where it came from."""

    account: str
    """The account to which the refund goes"""
    name: str
    """In whose name that account stands"""
    reason: str
    """Why, in words for people; kept with the thing"""


class PaymentOut(TypedDict):
    """Where the debtor pays, and under which reference. Asked again after a pledge or a transfer, it may be another
    account: the pledgee's for this debtor, or the holder's own."""

    receivable_id: str
    """Id of the receivable: the keyed fingerprint of its invoice"""
    account: str
    """Bank account to which the debtor pays"""
    payee: str
    """in whose name the account stands"""
    reference: str
    """creditor reference (ISO 11649); blanks and case don't matter"""
    amount: str
    """all that is open of it"""
    under_way: str
    """paid, and not on chain yet: no longer open"""
    credit_pending: str
    """credited, and not taken off on chain yet: no longer open"""
    beyond: str
    """paid to the holder above what was owed: between the two of them"""
    currency: str
    """ISO 4217 code of the amounts beside it"""
    due_date: str
    """The day on which the receivable must be paid: ISO 8601"""


class PayoffOut(TypedDict):
    """What settles the loan on a day; early repayment costs only the days used."""

    loan_id: str
    """Id of the loan; null while there is none"""
    on: str
    """The day: ISO 8601"""
    currency: str
    """ISO 4217 code of the amounts beside it"""
    total: str
    """What settles the loan on that day, less the rebate: decimal, major units"""
    parts: dict[str, str]
    """What it is made of, by name (fee, penalty, overdue_interest, interest, principal): decimals in major units"""
    rebate: str
    """let off, so that the loan costs no more than its cap in a year; the total is less it"""


class PeriodOut(TypedDict):
    """A month in which nothing is booked any more."""

    period: str
    """The month, YYYY-MM"""
    last_day: str
    """Its last day: ISO 8601"""
    closed_by: str
    """Who closed it"""
    closed_at: str
    """When the month was closed: ISO 8601, UTC"""


class PeriodsOut(TypedDict):
    """See `PeriodsOut` in the document."""

    periods: list[PeriodOut]
    """The closed months, oldest first"""


class PersonIn(TypedDict):
    """``address``: the person's own wallet, to sign in with."""

    name: str
    """The person's name, for the party's own eyes"""
    address: NotRequired[str | None]
    """The person's own wallet, to sign in with; left out, it signs in by client credentials"""
    administrator: NotRequired[bool]
    """Whether the person may add and suspend persons of its party"""


class PersonOut(TypedDict):
    """A person, for its own party."""

    id: str
    """Id of the person"""
    party_id: str | None
    """null: the operator's"""
    name: str
    """empty for the person that a party begins with"""
    address: str | None
    """The person's own wallet, to sign in with; null: by client credentials"""
    administrator: bool
    """Whether the person may add and suspend persons of its party"""
    status: Literal["active", "suspended"]
    """Where it stands now: one of the states of the glossary"""
    confirmed: bool
    """Whether a second person has confirmed it: only then it proposes and approves"""
    proposal_id: str | None
    """Id of the proposal that a second person decides on; null: it takes none"""
    created_at: str
    """When it was made here: ISO 8601, UTC, by the business clock"""


class PledgeOut(TypedDict):
    """Amounts are of a receivable in its currency, or of goods in the receipt's unit; ``left`` is still locked."""

    id: str
    """Id of the pledge, also on chain: it begins with the hash of what is pledged, 32 bytes in hex"""
    loan_id: str | None
    """none for one that was made past this service"""
    pledgor_id: str
    """Party id of whose asset is pledged"""
    lender_id: str
    """Party id of the lender"""
    asset_kind: Literal["receivable", "warehouse_receipt"]
    """Whether a receivable or a warehouse receipt is pledged"""
    asset_id: str
    """Id of the receivable or warehouse receipt that is pledged; null on the general path, which pledges nothing"""
    amount: str
    """How much was pledged: decimal, of a receivable in its currency, of goods in the receipt's unit"""
    released: str
    """What was given up of it: decimal, in the same unit as the amounts beside it"""
    settled: str
    """paid by the debtor, or by who bought it back"""
    lost: str
    """goods that a count didn't find any more"""
    left: str
    """What is still open of it: decimal, in the same unit as `amount`"""
    decision_hash: str
    """SHA-256 of the decision record that led to it, in hex; null: there is none"""
    registry_number: str | None
    """of its entry in the statutory registry"""
    status: Literal["pending", "active", "releasing", "released", "enforced", "lost", "failed"]
    """Where it stands now: one of the states of the glossary"""
    drawn: bool
    """whether the chain knows that the lender has paid out"""
    expires_at: str | None
    """from when on the pledgor may end it, if it isn't drawn"""
    taken_id: str | None
    """once enforced: the asset that the lender holds instead"""
    tx_hash: str | None
    """Hash of the chain transaction, 32 bytes in hex; null: none yet"""
    block_number: int | None
    """Number of the block that it is in; null: in none yet"""


class PolicyDetail(TypedDict):
    """See `PolicyDetail` in the document."""

    id: str
    """Name and version of the policy, as decision records name it"""
    product: Product
    """How the loan is secured: receivable_pledge, inventory_pledge, or general_310 on sales data alone"""
    version: str
    """Version of this document or program"""
    hash: str
    """SHA-256 of its canonical JSON; decision records name it"""
    document: dict[str, Any]
    """The decision tables, whole; `hash` is over their canonical JSON"""


class PolicyOut(TypedDict):
    """See `PolicyOut` in the document."""

    id: str
    """Name and version of the policy, as decision records name it"""
    product: Product
    """How the loan is secured: receivable_pledge, inventory_pledge, or general_310 on sales data alone"""
    version: str
    """Version of this document or program"""
    hash: str
    """SHA-256 of its canonical JSON; decision records name it"""


PriceFeed: TypeAlias = Literal["exchange", "index", "quote"]


class PriceIn(TypedDict):
    """A price of one unit of a good of the catalogue on a day, in its unit, from a named source. One that isn't above
    zero stops lending and releases, and calls every loan on such goods."""

    good: str
    """Code of a good in the catalogue (`/v1/goods`)"""
    unit: str
    """UN/ECE Recommendation 20"""
    price: SignedAmountIn
    """Money for one unit of goods"""
    source: str
    """Where the price is from, by name"""
    as_of: str
    """The day that the price is of: ISO 8601"""


class PriceOut(TypedDict):
    """See `PriceOut` in the document."""

    id: str
    """Id of the price, a whole number"""
    good: str
    """Code of a good in the catalogue (`/v1/goods`)"""
    unit: str
    """Unit of quantity: a code of UN/ECE Recommendation 20"""
    currency: str
    """ISO 4217 code of the amounts beside it"""
    price: str
    """Money for one unit: decimal, major units of `currency`"""
    source: str
    """Where the price is from, by name"""
    as_of: str
    """The day that the price is of: ISO 8601"""
    owner_id: str | None
    """the lender whose price it is; null: the operator's"""
    counts_from: str | None
    """null: it doesn't count, or not yet"""
    proposal_id: str | None
    """of a price that takes a second person"""
    withdrawn_at: str | None
    """from then on it doesn't count any more"""
    withdrawal_id: str | None
    """proposal by which it was withdrawn"""
    created_at: str
    """When it was made here: ISO 8601, UTC, by the business clock"""


class PriceSourceIn(TypedDict):
    """``reason`` is kept with the proposal."""

    name: str
    """The source as prices will name it"""
    reason: str
    """Why, in words for people; kept with the thing"""


class PriceSourceOut(TypedDict):
    """``proposal_id`` tells who approved it."""

    name: str
    """The source as prices name it"""
    proposal_id: str
    """Id of the proposal that a second person decides on; null: it takes none"""
    approved_at: str
    """When the second person approved it: ISO 8601, UTC"""


class PriceWithdrawalIn(TypedDict):
    """See `PriceWithdrawalIn` in the document."""

    reason: str
    """Why, in words for people; kept with the thing"""


Product: TypeAlias = Literal["receivable_pledge", "inventory_pledge", "general_310"]


class ProductDocumentDetail(TypedDict):
    """See `ProductDocumentDetail` in the document."""

    id: str
    """the document's name and version, receivable-pledge-v1"""
    product: Product
    """what is applied for"""
    version: str
    """major.minor; a new version is a new document"""
    hash: str
    """SHA-256 of its canonical JSON, which mandates of lenders name"""
    current: bool
    """whether loans are offered under it today; old ones are kept for old loans"""
    document: dict[str, Any]
    """the document itself; hash its canonical JSON (RFC 8785) to compare"""


class ProductDocumentOut(TypedDict):
    """One version of a product. ``current``: loans are offered under it today."""

    id: str
    """the document's name and version, receivable-pledge-v1"""
    product: Product
    """what is applied for"""
    version: str
    """major.minor; a new version is a new document"""
    hash: str
    """SHA-256 of its canonical JSON, which mandates of lenders name"""
    current: bool
    """whether loans are offered under it today; old ones are kept for old loans"""


class ProposalOut(TypedDict):
    """What one person proposed and, once decided, who decided."""

    id: str
    """Id of the proposal: a second person approves or rejects it"""
    kind: Literal[
        "account",
        "bank_file",
        "claim_settled",
        "client",
        "goods_minimum",
        "goods_return",
        "limit",
        "mandate",
        "name",
        "partner_outcome",
        "payment_allocation",
        "person",
        "price",
        "price_source",
        "price_withdrawal",
        "refund_payee",
        "share_passed_on",
        "suspension",
    ]
    """What is done on approval"""
    subject: str
    """the thing that it is about"""
    payload: dict[str, Any]
    """What is done on approval: facts by name"""
    reason: str
    """Why, in words for people; kept with the thing"""
    status: Literal["open", "approved", "rejected", "expired"]
    """open until a second person approves or rejects it, or its time is over"""
    proposed_by: str
    """Id of the person who proposed it"""
    decided_by: str | None
    """Id of the person who decided; null: nobody yet"""
    decision_reason: str | None
    """Why that person decided so; null: undecided"""
    decided_at: str | None
    """When it was decided: ISO 8601, UTC; null: undecided"""
    evidence_hash: str | None
    """SHA-256 of what both persons did, as canonical JSON"""
    expires_at: str
    """From this moment on it no longer holds: ISO 8601, UTC"""
    created_at: str
    """When it was made here: ISO 8601, UTC, by the business clock"""


class Ready(TypedDict):
    """``loops``: of the drivers in this process, by name."""

    status: NotRequired[Literal["ready"]]
    """Every part that the service needs does its work"""
    checks: list[str]
    """Names of the parts that were asked and work"""
    loops: dict[str, LoopOut]
    """How each driver of this process stands, by its name"""


class ReasonIn(TypedDict):
    """Why. It is kept here for the participant, the operator and auditors; nothing of it goes on chain."""

    reason: str
    """Why, in words for people; kept with the thing"""


class ReceivableAct(TypedDict):
    """``further``: the other receivables of an invoice that is due in parts; ``later``: parts without one."""

    receivable: ReceivableOut
    """The receivable as it stands now"""
    act: ActOut
    """What has to be signed for it to happen, and how far it is"""
    further: list[PartAct]
    """Of an invoice that is due in parts the other receivables, each with its act"""
    later: list[LaterPart]
    """Parts of the invoice for which no receivable is issued now, and why"""


class ReceivableOut(TypedDict):
    """A receivable. free + pledged + split_away + settled + diluted = face; ``reserved`` is a part of free."""

    id: str
    """keyed fingerprint of the invoice"""
    number: str
    """The number that its issuer gave it"""
    order_id: str
    """Id of the order"""
    document_root: str | None
    """commitment to the invoice; a confirmation names it"""
    seller_id: str
    """Party id of the seller"""
    debtor_id: str
    """Party id of who owes the receivable"""
    holder_id: str
    """Party id of whom it is owed to"""
    parent_id: str | None
    """of a part: what it was split off, or taken out of"""
    currency: str
    """ISO 4217 code of the amounts beside it"""
    face: str
    """Amount of the receivable when it was issued: decimal, major units"""
    free: str
    """Neither pledged, split away, settled nor diluted: decimal, major units"""
    reserved: str
    """The part of `free` that is promised to an accepted offer"""
    pledged: str
    """What lenders hold locked of it"""
    split_away: str
    """What was cut off as parts of their own: decimal, major units"""
    settled: str
    """What was paid of it: decimal, major units"""
    diluted: str
    """What other things than payment took off, such as credit notes: decimal, major units"""
    uncarried: str | None
    """What of the face is for goods that were sent back and that no credit note took off: nothing more is lent on it; a
    list leaves it out"""
    credit_pending: str | None
    """What credit notes have still to take off, once it comes free: not lent on, not passed on, not owed; decimal,
    major units"""
    due_date: str
    """The day on which the receivable must be paid: ISO 8601"""
    status: Literal["issuing", "refused", "issued", "confirmed", "disputed", "settled", "defaulted", "cancelled"]
    """Where it stands now: one of the states of the glossary"""
    confirmed_at: str | None
    """When the debtor confirmed it: ISO 8601, UTC; null: not confirmed"""
    created_at: str
    """When it was made here: ISO 8601, UTC, by the business clock"""


class ReconciliationOut(TypedDict):
    """As of the last block that was taken in."""

    ok: bool
    """Whether all sides agree"""
    block: int
    """Number of the last block that was taken in"""
    block_hash: str
    """Hash of that block, 32 bytes in hex"""
    looked_at: dict[str, int]
    """How many things were compared, by sort"""
    mismatches: list[MismatchOut]
    """Each disagreement by name; empty: all agree"""


class RefusalOut(TypedDict):
    """See `RefusalOut` in the document."""

    code: str
    """Stable snake_case code, for programs"""
    message: str
    """What happened, in a sentence for people"""
    proof: dict[str, Any]
    """The facts that prove it, by name"""


class ReleaseIn(TypedDict):
    """See `ReleaseIn` in the document."""

    quantity: str
    """decimal in major units"""


class ReleaseOfPledgeIn(TypedDict):
    """How much is given up: of a receivable in its currency, of goods in the receipt's unit; without it, all."""

    amount: NotRequired[str | None]
    """How much is given up: decimal, of a receivable in its currency, of goods in the receipt's unit; left out, all"""


class RepaymentIn(TypedDict):
    """How much is to be repaid; without it, all that settles the loan today."""

    amount: NotRequired[AmountIn | None]
    """How much is to be repaid; left out, all that settles the loan today"""


class ResolveIn(TypedDict):
    """What was done about it."""

    reason: str
    """Why, in words for people; kept with the thing"""


class ReviewIn(TypedDict):
    """The word of the lender's underwriter; the applicant reads the reason."""

    decision: Literal["approved", "refused"]
    """Whether the lender's underwriter lends"""
    reason: str
    """Why the lender's underwriter decides so; the applicant reads it"""


class SandboxConsentIn(TypedDict):
    """From which sources a lender may read one's figures."""

    sources: list[Literal["tax", "payments", "marketplace"]]
    """From where the figures may be read: tax, payments, marketplace"""


class SandboxConsentOut(TypedDict):
    """What an application on the general path carries as its ``consent``."""

    token: str
    """What the data partner gave the applicant as proof of its consent"""
    sources: list[Literal["tax", "payments", "marketplace"]]
    """From where the figures may be read: tax, payments, marketplace"""
    valid_until: str
    """The last day on which the consent holds: ISO 8601"""


class SandboxLineOut(TypedDict):
    """A line of the account's statement."""

    at: str
    """When: ISO 8601, UTC"""
    direction: Literal["in", "out"]
    """in: to the account; out: from it"""
    amount: Amount
    """What moved, without a sign: see `direction`"""
    bank_reference: str
    """The bank's own reference of the payment"""
    other_account: str
    """empty where the bank doesn't tell it"""
    text: str
    """What is written on the payment"""


class SandboxPaymentIn(TypedDict):
    """A transfer from one's own account, as one would order it at one's bank."""

    account: str
    """to which is paid"""
    reference: str
    """what is written on it: the creditor reference, as the instruction says it"""
    amount: AmountIn
    """What the bank is told to pay"""


class SandboxPaymentOut(TypedDict):
    """As the bank has booked it. The service hears of it by the bank's feed, a moment later."""

    bank_reference: str
    """The bank's own reference of the payment"""
    payer_account: str
    """Bank account from which it is paid"""
    account: str
    """Bank account that was paid to"""
    reference: str
    """What was written on the payment"""
    amount: Amount
    """What the bank has paid"""
    at: str
    """When: ISO 8601, UTC"""


class SandboxStatementOut(TypedDict):
    """The newest 200 lines of one's own account, the oldest of them first."""

    account: str
    """One's own bank account"""
    lines: list[SandboxLineOut]
    """In the order in which they happened"""


class ScheduleOut(TypedDict):
    """The instalments as agreed; their principal adds up to the loan's."""

    loan_id: str
    """Id of the loan; null while there is none"""
    currency: str
    """ISO 4217 code of the amounts beside it"""
    instalments: list[InstalmentOut]
    """What is due on which day, first to last"""


class SentenceOut(TypedDict):
    """See `SentenceOut` in the document."""

    en: str
    """The sentence in English"""
    zh: str
    """The same sentence in Chinese"""


class SignatureIn(TypedDict):
    """See `SignatureIn` in the document."""

    signature: str
    """0x-hex of r ‖ s ‖ v (65 bytes)"""


class SignedAmountIn(TypedDict):
    """An amount, also zero or below: what storing costs may be more than what goods bring."""

    amount: str
    """decimal in major units"""
    currency: str
    """ISO 4217"""


class SplitIn(TypedDict):
    """The faces of the parts; what remains stays with what is split."""

    amounts: list[AmountIn]
    """Faces of the parts, two to eight"""


class StandingOut(TypedDict):
    """``status`` is the chain's word; ``change`` the newest one asked for here (for itself, the operator, auditors)."""

    participant_id: str
    """Party id of whom this is the standing"""
    status: Literal["pending", "active", "suspended"]
    """Where it stands now: one of the states of the glossary"""
    change: ChangeOut | None
    """absent where nothing was asked for here, as by a wallet of the operator"""


State: TypeAlias = Literal["new", "running", "waiting_for_database", "waiting", "failing", "halted", "stopped"]


class StatementLineOut(TypedDict):
    """What happened; ``amount`` is signed from the borrower's side: what it owes grows with plus."""

    on: str
    """Value date: the day on which it counts, ISO 8601"""
    kind: Literal["fee", "rebate", "disburse", "start_moved", "payout_returned", "accrue", "pay_borrower", "pay_debtor"]
    """What happened: disburse, fee, accrue, rebate, pay_borrower, pay_debtor or payout_returned"""
    amount: Amount
    """By how much what is owed grew (plus) or shrank (minus)"""
    balance: Amount
    """what is owed after it: the sum of all amounts so far"""
    allocation: dict[str, str]
    """a payment's way through the waterfall"""
    at: str
    """When it was booked, which may be later than `on`: ISO 8601, UTC"""


class StatementOut(TypedDict):
    """See `StatementOut` in the document."""

    loan_id: str
    """Id of the loan; null while there is none"""
    lines: list[StatementLineOut]
    """In the order in which they happened"""


class StepOut(TypedDict):
    """A neighbour on the way from a book's leaf to the top of the tree; ``left``: it stands before."""

    hash: str
    """SHA-256 in hex"""
    left: bool
    """Whether this hash stands before the one it is joined with"""


class SubstitutionIn(TypedDict):
    """Goods (in the receipt's unit) to be set free of a pledge for a pledge over a receivable of the same party."""

    sold_pledge_id: str
    """Id of the pledge over the goods that are sold"""
    quantity: str
    """decimal in major units"""
    receivable_id: str
    """Id of the receivable: the keyed fingerprint of its invoice"""
    amount: AmountIn
    """How much of the receivable is pledged instead"""


class SubstitutionOut(TypedDict):
    """``id`` is the new pledge's. offered → registering → pledging → done; or expired, withdrawn, failed."""

    id: str
    """Id of the substitution"""
    sold_pledge_id: str
    """Id of the pledge over the goods that are sold"""
    receivable_id: str
    """Id of the receivable: the keyed fingerprint of its invoice"""
    lender_id: str
    """Party id of the lender"""
    pledgor_id: str
    """Party id of whose asset is pledged"""
    quantity: str
    """goods set free, in the receipt's unit"""
    amount: Amount
    """of the receivable, pledged instead"""
    status: Literal["offered", "registering", "pledging", "done", "expired", "withdrawn", "failed"]
    """Where it stands now: one of the states of the glossary"""
    error: ActProblem | None
    """why it failed: nothing has changed then"""
    act: ActOut | None
    """for the pledgor: the grant that its signature accepts"""
    expires_at: str
    """of the offer"""
    created_at: str
    """When it was made here: ISO 8601, UTC, by the business clock"""


class TakenOut(TypedDict):
    """What became of a statement's entries: ``taken`` came in, ``paid`` are orders of ours, ``odd`` are parked."""

    number: str
    """The bank's own number of the statement"""
    account: str
    """The account that the statement is of"""
    taken: int
    """Entries that came in as payments"""
    paid: int
    """Entries that are orders of ours"""
    odd: int
    """Entries that were parked"""
    difference: str | None
    """code of what doesn't follow the statement before, or doesn't add up"""


class TakenReturnIn(TypedDict):
    """How much of the goods that were taken goes back to the pledgor, in the receipt's unit, and why."""

    quantity: str
    """decimal in major units"""
    reason: str
    """Why, in words for people; kept with the thing"""


class TakenReturnOut(TypedDict):
    """Taken goods that go back, as a person of the operator approved: by ``valuation``, of which ``ltv`` is the share
    of their value that what stays is reckoned to bring. ``status`` is that of the lender's order to hand them out."""

    id: str
    """Id of the return"""
    pledge_id: str
    """Id of the pledge"""
    receipt_id: str
    """Id of the warehouse receipt"""
    quantity: str
    """How much of the goods: decimal, in the receipt's unit"""
    unit: str
    """Unit of quantity: a code of UN/ECE Recommendation 20"""
    valuation: ValuationOut
    proposal_id: str
    """Id of the proposal that a second person decides on; null: it takes none"""
    act_id: str
    """Id of the act that carries it to the chain"""
    status: Literal["awaiting_signature", "signed", "final", "refused", "expired"]
    """Where it stands now: one of the states of the glossary"""
    created_at: str
    """When it was made here: ISO 8601, UTC, by the business clock"""


class TakenReturnsOut(TypedDict):
    """See `TakenReturnsOut` in the document."""

    pledge_id: str
    """Id of the pledge"""
    returns: list[TakenReturnOut]


class TakenSaleIn(TypedDict):
    """A buyer for goods that were taken: how much (in the receipt's unit), for how much net of costs, and from which
    account it pays, under the pledge's reference."""

    quantity: str
    """decimal in major units"""
    amount: AmountIn
    """What the sale brings, net of costs"""
    payer_account: str
    """Bank account from which it is paid"""
    wording: str
    """The terms in words; only their SHA-256 goes on chain"""


class TakenSaleOut(TypedDict):
    """``least`` is what it has to bring unless the pledgor agrees to less (null: it takes the agreement). Paid, so much
    of the goods may leave, and the money serves the loan; the rest is the pledgor's."""

    id: str
    """Id of the sale"""
    pledge_id: str
    """Id of the pledge"""
    receipt_id: str
    """Id of the warehouse receipt"""
    quantity: str
    """How much of the goods: decimal, in the receipt's unit"""
    unit: str
    """Unit of quantity: a code of UN/ECE Recommendation 20"""
    amount: Amount
    """What the buyer pays, net of costs"""
    least: Amount | None
    """What the sale has to bring unless the pledgor agrees to less; null: it takes the agreement"""
    agreed: bool
    """Whether the pledgor has agreed to it"""
    payer_account: str
    """Bank account from which it is paid"""
    wording: str
    """The terms in words; only their SHA-256 goes on chain"""
    account: str
    """to which the buyer pays"""
    reference: str
    """Creditor reference (ISO 11649) that the buyer writes on its payment"""
    status: Literal["offered", "paid", "withdrawn"]
    """offered: the buyer has not paid yet; paid; or withdrawn"""
    created_at: str
    """When it was made here: ISO 8601, UTC, by the business clock"""


class TakenSalesOut(TypedDict):
    """See `TakenSalesOut` in the document."""

    pledge_id: str
    """Id of the pledge"""
    sales: list[TakenSaleOut]
    """Every sale of what was taken, oldest first"""


class TellAgainIn(TypedDict):
    """Since when."""

    since: str
    """by the service's business time"""


class TokenOut(TypedDict):
    """See `TokenOut` in the document."""

    access_token: str
    """Bearer token for the Authorization header"""
    token_type: NotRequired[Literal["Bearer"]]
    """How the token is sent: Authorization: Bearer …"""
    expires_in: int
    """seconds"""
    subject: str
    """party id, or "operator" """
    person_id: str
    """who of them speaks"""


class ToldAgain(TypedDict):
    """How many events are sent again."""

    events: int
    """the oldest first; at most 1,000 at once"""


class TopUpIn(TypedDict):
    """More goods for the loan, like those that were lent on; ``quantity`` in the receipt's unit."""

    warehouse_receipt_id: str
    """Id of the receipt over the goods that are brought"""
    quantity: str
    """decimal in major units"""


class TransferIn(TypedDict):
    """To whom it passes."""

    to: str
    """party id"""


class TrialBalanceOut(TypedDict):
    """The book. ``difference`` per currency is debit less credit: always zero."""

    lines: list[TrialLineOut]
    """One for each account and currency"""
    difference: dict[str, str]
    """Debit less credit by currency: always zero"""


class TrialLineOut(TypedDict):
    """Turnovers of an account; ``balance`` is on its normal side (negative: on the other)."""

    account: str
    """Code of the account in the book"""
    name: str
    """Name of the account in English"""
    name_zh: str
    """Name of the account in Chinese"""
    currency: str
    """ISO 4217 code of the amounts beside it"""
    debit: str
    """Sum of its debits: decimal, major units"""
    credit: str
    """Sum of its credits: decimal, major units"""
    balance: str
    """Difference on the account's normal side; negative: on the other: decimal, major units"""


class TryOut(TypedDict):
    """A further try that was in vain."""

    at: str
    """When: ISO 8601, UTC"""
    code: str
    """stable code of why it could not be taken in then"""
    detail: str
    """What stood in the way then, in words for people"""


class UndertakingIn(TypedDict):
    """How much (of goods in the receipt's unit, of a receivable in its currency), until when, on which terms (of these
    a hash goes on chain)."""

    amount: str
    """decimal in major units"""
    until: str
    """the last day on which it can be called; of goods after the loan's maturity"""
    wording: str
    """The terms in words; only their SHA-256 goes on chain"""
    price: NotRequired[AmountIn | None]
    """of a unit of goods; without it they go at the day's"""


class UndertakingOut(TypedDict):
    """``left`` isn't bought yet. To buy, pay to ``account`` with ``reference``: goods whose loan is late (or before, if
    their pledgor ``agreed``) go at ``price``, else at the newest, and for no less than their share of what is owed; of
    a receivable that is overdue goes what is paid on its loan."""

    pledge_id: str
    """Id of the pledge"""
    buyer_id: str
    """Party id of the buyer"""
    unit: str
    """of the goods; of a receivable its currency"""
    amount: str
    """How much is undertaken: decimal, of goods in the receipt's unit, of a receivable in its currency"""
    left: str
    """What is still open of it: decimal, in the same unit as `amount`"""
    until: str
    """The last day on which it can be called: ISO 8601"""
    wording: str | None
    """null where only its hash is known"""
    price: Amount | None
    """What a unit of goods is bought for; null: at the day's price"""
    agreed: bool
    """Whether the pledgor has agreed to it"""
    account: str
    """Bank account to which the buyer pays"""
    reference: str
    """Creditor reference (ISO 11649) that the buyer writes on its payment"""
    payments: list[BuyBackPaymentOut]
    """Money that came in for it, oldest first"""
    created_at: str
    """When it was made here: ISO 8601, UTC, by the business clock"""


class UndertakingsOut(TypedDict):
    """See `UndertakingsOut` in the document."""

    pledge_id: str
    """Id of the pledge"""
    undertakings: list[UndertakingOut]
    """Everybody's word over this pledge"""


class ValuationOut(TypedDict):
    """By which price goods were reckoned in an act. The act carries the SHA-256 of its canonical JSON (RFC 8785)."""

    price: str
    """of one unit, in major units of the currency"""
    unit: str
    """UN/ECE Recommendation 20"""
    currency: str
    """ISO 4217 code of the amounts beside it"""
    as_of: str
    """the day of the price"""
    source: str
    """Where the price is from, by name"""
    owed: str
    """on the loan, in major units of the currency"""
    ltv: str
    """the share of the goods' value that is lent, 0 to 1; empty: lent on something else"""


class WalletIn(TypedDict):
    """See `WalletIn` in the document."""

    message: str
    """The EIP-4361 message that was signed, word for word as /v1/auth/nonce gave it"""
    signature: str
    """0x-hex of r ‖ s ‖ v (65 bytes)"""


class WarehouseReceiptAct(TypedDict):
    """See `WarehouseReceiptAct` in the document."""

    warehouse_receipt: WarehouseReceiptOut
    """The warehouse receipt as it stands now"""
    act: ActOut
    """What has to be signed for it to happen, and how far it is"""


class WarehouseReceiptIn(TypedDict):
    """Goods at the keeper. ``goods`` names at least the commodity, a code of the catalogue; class, grade and unit are
    as it says."""

    number: str
    """The number that its issuer gave it"""
    owner_id: str
    """Party id of whose goods they are"""
    goods: dict[str, str]
    """Facts of the goods by name; at least commodity, a code of the catalogue"""
    unit: str
    """UN/ECE Rec. 20"""
    quantity: str
    """decimal in major units"""
    lot: LotIn
    """Which goods they are; a lot has one receipt, whosesoever"""


class WarehouseReceiptOut(TypedDict):
    """Quantities in ``unit``. free + pledged + released + liquidated + missing = issued; ``reserved`` is in free."""

    id: str
    """Id of the receipt, also on chain: a keyed hash of the keeper and its number, 32 bytes in hex"""
    number: str
    """The number that its issuer gave it"""
    keeper_id: str
    """Party id of the warehouse keeper"""
    owner_id: str
    """Party id of whose goods they are"""
    parent_id: str | None
    """of goods taken out of another receipt"""
    goods: dict[str, str]
    """Facts of the goods by name; at least commodity, a code of the catalogue"""
    lot: LotOut | None
    """null of a receipt from before lots were named"""
    document_root: str
    """Root over the document's salted fields, 32 bytes in hex: what the chain knows of it"""
    unit: str
    """Unit of quantity: a code of UN/ECE Recommendation 20"""
    issued: str
    """Goods that the receipt was issued for: decimal, in `unit`"""
    free: str
    """Neither pledged, released, liquidated nor missing: decimal, in `unit`"""
    reserved: str
    """The part of `free` that is promised to an accepted offer"""
    pledged: str
    """What lenders hold locked of it"""
    released: str
    """Goods that have left the keeper: decimal, in `unit`"""
    liquidated: str
    """Goods that a lender took or that were bought back: decimal, in `unit`"""
    missing: str
    """Goods that a count did not find: decimal, in `unit`"""
    status: Literal["issuing", "refused", "issued", "released", "liquidated"]
    """Where it stands now: one of the states of the glossary"""
    created_at: str
    """When it was made here: ISO 8601, UTC, by the business clock"""


class WebhookIn(TypedDict):
    """An address that is called when something of the party moves."""

    url: str
    """https, without user or fragment; it has to answer 2xx within ten seconds"""
    events: list[EventKind]
    """the kinds of events that are sent to it"""


class WebhookOut(TypedDict):
    """An address. ``disabled``: nothing is sent to it; ``reason`` says why."""

    id: str
    """whk_…"""
    url: str
    """what is called"""
    events: list[EventKind]
    """the kinds of events that are sent to it"""
    status: Literal["active", "disabled"]
    """Whether anything is sent to it"""
    reason: str | None
    """why it is disabled; null while it is active"""
    previous_until: str | None
    """until when what is sent is signed with the old secret too"""
    created_at: str
    """when it was made"""


class WebhookWithSecret(TypedDict):
    """With the secret that signs what is sent to it: shown this once, and kept sealed."""

    id: str
    """whk_…"""
    url: str
    """what is called"""
    events: list[EventKind]
    """the kinds of events that are sent to it"""
    status: Literal["active", "disabled"]
    """Where it stands now: one of the states of the glossary"""
    reason: str | None
    """why it is disabled; null while it is active"""
    previous_until: str | None
    """until when what is sent is signed with the old secret too"""
    created_at: str
    """when it was made"""
    secret: str
    """whsec_ and 32 bytes in base64, as Standard Webhooks writes it"""


class WithdrawalOfGoodsIn(TypedDict):
    """How much of pledged goods is taken out, in the receipt's unit."""

    quantity: str
    """decimal in major units"""


class WriteAgainIn(TypedDict):
    """How it is known that the bank never had the order's file."""

    reason: str
    """Why, in words for people; kept with the thing"""


class Violation(TypedDict):
    """One place of the request that is not as the schema says."""

    where: str
    """JSON pointer into the body, or the place and name of a parameter"""
    message: str
    """What is wrong at that place"""
    rule: str
    """the rule that is broken, in pydantic's words"""


class Problem(TypedDict):
    """RFC 9457 problem details. Callers may rely on ``code`` and ``status``; ``detail`` is for people."""

    type: str
    """urn:chainfin:problem:<code>"""
    title: str
    """what the code means, in English, or in Chinese where Accept-Language prefers it"""
    status: int
    """HTTP status, the same as the answer's"""
    detail: str
    """Facts about it, in words for people"""
    code: str
    """stable snake_case code of what happened"""
    where: NotRequired[str | None]
    """the place in the input: JSON pointer, XPath, field"""
    details: NotRequired[dict[str, Any] | None]
    """facts that prove the refusal"""
    errors: NotRequired[list[Violation] | None]
    """with input_invalid: every place"""


class TokenIn(TypedDict):
    """OAuth 2.0 client credentials (RFC 6749, 4.4)."""

    grant_type: NotRequired[Literal["client_credentials"]]
    """The OAuth 2.0 grant: client credentials alone"""
    client_id: str
    """Public half of client credentials"""
    client_secret: str
    """Secret half of client credentials"""


class ActDue(TypedDict):
    """An act waits for the party's signature."""

    act_id: str
    """signed at /v1/acts/{id}/signature"""
    contract: str
    """the contract that is called"""
    function: str
    """its function"""
    subject: str
    """the id of what it is about"""
    deadline: str
    """after which the chain takes no signature of it"""


class ActDueEvent(TypedDict):
    """An act waits for the party's signature."""

    specversion: Literal["1.0"]
    """of CloudEvents"""
    id: str
    """evt_…; the same each time it is sent, and the same as webhook-id"""
    source: str
    """urn:chainfin: and the platform's name"""
    subject: str
    """the id of what moved"""
    time: str
    """the business time at which it moved"""
    datacontenttype: Literal["application/json"]
    """how data is written"""
    type: Literal["chainfin.act.due"]
    """chainfin. and the kind of event that was asked for"""
    data: ActDue
    """what moved, and where it stands"""


class ApplicationChanged(TypedDict):
    """An application is in another state."""

    application_id: str
    """app_…"""
    product: Product
    """what was asked for"""
    status: State
    """where it stands"""
    loan_id: str | None
    """the loan that came of it; null before"""


class ApplicationChangedEvent(TypedDict):
    """An application is in another state."""

    specversion: Literal["1.0"]
    """of CloudEvents"""
    id: str
    """evt_…; the same each time it is sent, and the same as webhook-id"""
    source: str
    """urn:chainfin: and the platform's name"""
    subject: str
    """the id of what moved"""
    time: str
    """the business time at which it moved"""
    datacontenttype: Literal["application/json"]
    """how data is written"""
    type: Literal["chainfin.application.changed"]
    """chainfin. and the kind of event that was asked for"""
    data: ApplicationChanged
    """what moved, and where it stands"""


class LimitChanged(TypedDict):
    """A lender has set a limit of its own."""

    limit_id: str
    """its id"""
    kind: str
    """what it limits"""
    key: str
    """whom it is on"""
    amount: str
    """in major units"""
    currency: str
    """of the amount, ISO 4217"""


class LimitChangedEvent(TypedDict):
    """A lender has set a limit of its own."""

    specversion: Literal["1.0"]
    """of CloudEvents"""
    id: str
    """evt_…; the same each time it is sent, and the same as webhook-id"""
    source: str
    """urn:chainfin: and the platform's name"""
    subject: str
    """the id of what moved"""
    time: str
    """the business time at which it moved"""
    datacontenttype: Literal["application/json"]
    """how data is written"""
    type: Literal["chainfin.limit.changed"]
    """chainfin. and the kind of event that was asked for"""
    data: LimitChanged
    """what moved, and where it stands"""


class LoanChanged(TypedDict):
    """A loan is in another state."""

    loan_id: str
    """loan_…"""
    application_id: str
    """the application that it came of"""
    status: LoanState
    """where it stands"""


class LoanChangedEvent(TypedDict):
    """A loan is in another state."""

    specversion: Literal["1.0"]
    """of CloudEvents"""
    id: str
    """evt_…; the same each time it is sent, and the same as webhook-id"""
    source: str
    """urn:chainfin: and the platform's name"""
    subject: str
    """the id of what moved"""
    time: str
    """the business time at which it moved"""
    datacontenttype: Literal["application/json"]
    """how data is written"""
    type: Literal["chainfin.loan.changed"]
    """chainfin. and the kind of event that was asked for"""
    data: LoanChanged
    """what moved, and where it stands"""


LoanState: TypeAlias = Literal[
    "approved", "active", "overdue", "restructured", "repaid", "written_off", "recovered", "cancelled"
]


class PledgeChanged(TypedDict):
    """A pledge is in another state."""

    pledge_id: str
    """its id on the chain"""
    loan_id: str | None
    """the loan that it secures; null where the chain alone knows of it"""
    asset_kind: str
    """receivable or warehouse_receipt"""
    asset_id: str
    """the pledged receivable's or receipt's id on the chain"""
    status: str
    """where it stands"""


class PledgeChangedEvent(TypedDict):
    """A pledge is in another state."""

    specversion: Literal["1.0"]
    """of CloudEvents"""
    id: str
    """evt_…; the same each time it is sent, and the same as webhook-id"""
    source: str
    """urn:chainfin: and the platform's name"""
    subject: str
    """the id of what moved"""
    time: str
    """the business time at which it moved"""
    datacontenttype: Literal["application/json"]
    """how data is written"""
    type: Literal["chainfin.pledge.changed"]
    """chainfin. and the kind of event that was asked for"""
    data: PledgeChanged
    """what moved, and where it stands"""


class PledgeLate(TypedDict):
    """The loan behind pledged goods is late, or a margin call on it wasn't met."""

    pledge_id: str
    """the pledge's id on the chain"""
    asset_id: str
    """the pledged receipt's id on the chain"""
    until: str | None
    """the last day on which the undertaking can be called; null for the keeper"""


class PledgeLateEvent(TypedDict):
    """The loan behind pledged goods is late, or a margin call on it wasn't met."""

    specversion: Literal["1.0"]
    """of CloudEvents"""
    id: str
    """evt_…; the same each time it is sent, and the same as webhook-id"""
    source: str
    """urn:chainfin: and the platform's name"""
    subject: str
    """the id of what moved"""
    time: str
    """the business time at which it moved"""
    datacontenttype: Literal["application/json"]
    """how data is written"""
    type: Literal["chainfin.pledge.late"]
    """chainfin. and the kind of event that was asked for"""
    data: PledgeLate
    """what moved, and where it stands"""


class ReceivableChanged(TypedDict):
    """A receivable is in another state."""

    receivable_id: str
    """its id on the chain"""
    status: str
    """where it stands"""


class ReceivableChangedEvent(TypedDict):
    """A receivable is in another state."""

    specversion: Literal["1.0"]
    """of CloudEvents"""
    id: str
    """evt_…; the same each time it is sent, and the same as webhook-id"""
    source: str
    """urn:chainfin: and the platform's name"""
    subject: str
    """the id of what moved"""
    time: str
    """the business time at which it moved"""
    datacontenttype: Literal["application/json"]
    """how data is written"""
    type: Literal["chainfin.receivable.changed"]
    """chainfin. and the kind of event that was asked for"""
    data: ReceivableChanged
    """what moved, and where it stands"""
