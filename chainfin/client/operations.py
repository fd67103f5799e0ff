"""Every operation of the API: a function makes it, and a client carries it out (`Client.do`).

Written by `python -m tests.architecture.client_forms` from the OpenAPI document: change api/, not this file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Unpack

from chainfin.client.operation import Operation

if TYPE_CHECKING:  # hundreds of forms, for the type checker alone
    from chainfin.client import forms


def system_read_home() -> Operation[forms.Home]:
    """What this is and where to go on: as JSON, or as a page for browsers."""
    return Operation("GET", "/", {}, {}, None, False)


def system_healthz() -> Operation[forms.Alive]:
    """The process answers."""
    return Operation("GET", "/healthz", {}, {}, None, False)


def system_readyz() -> Operation[forms.Ready]:
    """Every part that the service needs does its work; else 503 with the part's code and how each loop stands."""
    return Operation("GET", "/readyz", {}, {}, None, False)


def system_read_clock() -> Operation[forms.ClockOut]:
    """Business time as this installation keeps it; every date of business follows it."""
    return Operation("GET", "/v1/clock", {}, {}, None, False)


def system_move_clock(**body: Unpack[forms.ClockIn]) -> Operation[forms.ClockOut]:
    """Move business time forward (operator, in a sandbox)."""
    return Operation("POST", "/v1/clock", {}, {}, body, True)


def auth_nonce(**body: Unpack[forms.ChallengeIn]) -> Operation[forms.ChallengeOut]:
    """A one-time nonce for a wallet sign-in, good for ten minutes."""
    return Operation("POST", "/v1/auth/nonce", {}, {}, body, False)


def auth_wallet(**body: Unpack[forms.WalletIn]) -> Operation[forms.TokenOut]:
    """A token for the key that signed an EIP-4361 message with a nonce of ours."""
    return Operation("POST", "/v1/auth/wallet", {}, {}, body, False)


def auth_token(**body: Unpack[forms.TokenIn]) -> Operation[forms.TokenOut]:
    """A token for client credentials (OAuth 2.0)."""
    return Operation("POST", "/v1/auth/token", {}, {}, body, False)


def auth_create_client(**body: Unpack[forms.ClientIn]) -> Operation[forms.NewClientOut]:
    """Credentials for an ERP system. The secret is shown in this answer only."""
    return Operation("POST", "/v1/clients", {}, {}, body, True)


def auth_list_clients() -> Operation[forms.Page[forms.ClientOut]]:
    """One's own clients."""
    return Operation("GET", "/v1/clients", {}, {}, None, False)


def auth_revoke_client(client_id: str, /) -> Operation[forms.ClientOut]:
    """End a client, and every token that it got, at once."""
    return Operation("DELETE", "/v1/clients/{client_id}", {"client_id": client_id}, {}, None, False)


def participants_admit(**body: Unpack[forms.ParticipantIn]) -> Operation[forms.AdmissionOut]:
    """Admit a company (operator). If it brings its own key, that key consents next; else one is held for it."""
    return Operation("POST", "/v1/participants", {}, {}, body, True)


def participants_list_participants() -> Operation[forms.Page[forms.ParticipantOut]]:
    """All participants: names and roles are no secret among them."""
    return Operation("GET", "/v1/participants", {}, {}, None, False)


def participants_get_participant(participant_id: str, /) -> Operation[forms.ParticipantOut]:
    """One participant, by its id. What is private of it is shown to itself, the operator and auditors alone."""
    return Operation("GET", "/v1/participants/{participant_id}", {"participant_id": participant_id}, {}, None, False)


def participants_get_admission(participant_id: str, /) -> Operation[forms.AdmissionOut]:
    """How an admission stands (operator): what the company's key has to sign, shown again, or the act it became."""
    return Operation(
        "GET", "/v1/participants/{participant_id}/admission", {"participant_id": participant_id}, {}, None, False
    )


def participants_correct_admission(
    participant_id: str, /, **body: Unpack[forms.AdmissionChangeIn]
) -> Operation[forms.AdmissionOut]:
    """Correct an admission to which the company hasn't agreed yet (operator); it is asked anew, for another 14 days."""
    return Operation(
        "POST", "/v1/participants/{participant_id}/admission", {"participant_id": participant_id}, {}, body, True
    )


def participants_withdraw_admission(participant_id: str, /) -> Operation[forms.ParticipantOut]:
    """Forget an admission to which the company hasn't agreed (operator): its legal id, key and account are free again.
    Shown is what was forgotten."""
    return Operation(
        "POST",
        "/v1/participants/{participant_id}/admission/withdrawal",
        {"participant_id": participant_id},
        {},
        None,
        True,
    )


def participants_change_name(participant_id: str, /, **body: Unpack[forms.NameIn]) -> Operation[forms.ProposalOut]:
    """Ask that a party be called otherwise. The operator asks and a person of the party approves, or the other way
    round. Its legal id is hashed on chain and stays: under another one a company is admitted anew."""
    return Operation(
        "POST", "/v1/participants/{participant_id}/name", {"participant_id": participant_id}, {}, body, True
    )


def participants_list_aliases(participant_id: str, /) -> Operation[forms.AliasesOut]:
    """The identifiers by which trade documents may name a party: for itself, the operator and auditors."""
    return Operation(
        "GET", "/v1/participants/{participant_id}/aliases", {"participant_id": participant_id}, {}, None, False
    )


def participants_add_alias(participant_id: str, /, **body: Unpack[forms.AliasIn]) -> Operation[forms.AliasesOut]:
    """The party itself adds an identifier by which trade documents name it: a GLN, a VAT number."""
    return Operation(
        "POST", "/v1/participants/{participant_id}/aliases", {"participant_id": participant_id}, {}, body, True
    )


def participants_remove_alias(participant_id: str, /, **body: Unpack[forms.AliasIn]) -> Operation[forms.AliasesOut]:
    """The party itself removes one. Documents that were taken stay its own."""
    return Operation(
        "POST", "/v1/participants/{participant_id}/aliases/removal", {"participant_id": participant_id}, {}, body, True
    )


def participants_change_account(
    participant_id: str, /, **body: Unpack[forms.AccountIn]
) -> Operation[forms.ProposalOut]:
    """Ask that a party be paid to another account. The operator asks and a person of the party approves, or the other
    way round (`/v1/proposals/{id}/approve`); then what the bank couldn't pay out to the old one goes out again."""
    return Operation(
        "POST", "/v1/participants/{participant_id}/account", {"participant_id": participant_id}, {}, body, True
    )


def participants_suspend(participant_id: str, /, **body: Unpack[forms.ReasonIn]) -> Operation[forms.ActOut]:
    """The operator stops a participant's new business. Payment, release, settlement and the other exits go on."""
    return Operation(
        "POST", "/v1/participants/{participant_id}/suspend", {"participant_id": participant_id}, {}, body, True
    )


def participants_resume(participant_id: str, /, **body: Unpack[forms.ReasonIn]) -> Operation[forms.ActOut]:
    """The operator lets a suspended participant do business again."""
    return Operation(
        "POST", "/v1/participants/{participant_id}/resume", {"participant_id": participant_id}, {}, body, True
    )


def participants_get_standing(participant_id: str, /) -> Operation[forms.StandingOut]:
    """Whether a participant may do new business. Told is also what became of the newest change of that."""
    return Operation(
        "GET", "/v1/participants/{participant_id}/standing", {"participant_id": participant_id}, {}, None, False
    )


def participants_consent(participant_id: str, /, **body: Unpack[forms.SignatureIn]) -> Operation[forms.ActOut]:
    """The new party's key agrees to be admitted. Needs no token: the signature is the proof."""
    return Operation(
        "POST", "/v1/participants/{participant_id}/consent", {"participant_id": participant_id}, {}, body, True
    )


def persons_add_person(**body: Unpack[forms.PersonIn]) -> Operation[forms.PersonOut]:
    """Add a person, with a wallet of its own or client credentials that are made next."""
    return Operation("POST", "/v1/persons", {}, {}, body, True)


def persons_list_persons() -> Operation[forms.Page[forms.PersonOut]]:
    """The persons of one's own party."""
    return Operation("GET", "/v1/persons", {}, {}, None, False)


def persons_new_client(person_id: str, /) -> Operation[forms.NewClientOut]:
    """Client credentials for a person. The secret is shown in this answer only."""
    return Operation("POST", "/v1/persons/{person_id}/clients", {"person_id": person_id}, {}, None, True)


def persons_suspend(person_id: str, /) -> Operation[forms.PersonOut]:
    """End a person's credentials, for good; another administrator's once a second agrees."""
    return Operation("POST", "/v1/persons/{person_id}/suspend", {"person_id": person_id}, {}, None, True)


def persons_list_proposals(
    *, status: Literal["open", "approved", "rejected", "expired"] | None = None
) -> Operation[forms.Page[forms.ProposalOut]]:
    """One's own party's proposals."""
    return Operation("GET", "/v1/proposals", {}, {"status": status}, None, False)


def persons_get_proposal(proposal_id: str, /) -> Operation[forms.ProposalOut]:
    """What one person of the party proposed, and who decided on it."""
    return Operation("GET", "/v1/proposals/{proposal_id}", {"proposal_id": proposal_id}, {}, None, False)


def persons_approve(proposal_id: str, /, **body: Unpack[forms.DecisionIn]) -> Operation[forms.ProposalOut]:
    """The second person's yes: what was proposed happens with it."""
    return Operation("POST", "/v1/proposals/{proposal_id}/approve", {"proposal_id": proposal_id}, {}, body, True)


def persons_reject(proposal_id: str, /, **body: Unpack[forms.DecisionIn]) -> Operation[forms.ProposalOut]:
    """A no, by any person of the party."""
    return Operation("POST", "/v1/proposals/{proposal_id}/reject", {"proposal_id": proposal_id}, {}, body, True)


def pauses_get_pauses() -> Operation[forms.PausesOut]:
    """What is paused, by name. Every participant may know."""
    return Operation("GET", "/v1/pauses", {}, {}, None, False)


def pauses_change_pauses(**body: Unpack[forms.PausesIn]) -> Operation[forms.ActOut]:
    """The operator pauses kinds of acts, and lets paused ones go on."""
    return Operation("POST", "/v1/pauses", {}, {}, body, True)


def acts_list_acts(
    *, status: Literal["awaiting_signature", "signed", "final", "refused", "expired"] | None = None
) -> Operation[forms.Page[forms.ActOut]]:
    """One's own acts, in the order of making."""
    return Operation("GET", "/v1/acts", {}, {"status": status}, None, False)


def acts_get_act(act_id: str, /) -> Operation[forms.ActOut]:
    """One act and its state: what has to be signed, or what became of it on the chain."""
    return Operation("GET", "/v1/acts/{act_id}", {"act_id": act_id}, {}, None, False)


def acts_sign(act_id: str, /, **body: Unpack[forms.SignatureIn]) -> Operation[forms.ActOut]:
    """Bring the party's signature over ``typed_data``; the act goes to the chain."""
    return Operation("POST", "/v1/acts/{act_id}/signature", {"act_id": act_id}, {}, body, True)


def orders_post_order(**body: Unpack[forms.DocumentIn]) -> Operation[forms.OrderAct]:
    """The buyer posts its purchase order (UBL Order)."""
    return Operation("POST", "/v1/orders", {}, {}, body, True)


def orders_list_orders() -> Operation[forms.Page[forms.OrderOut]]:
    """Orders to which one is buyer or seller."""
    return Operation("GET", "/v1/orders", {}, {}, None, False)


def orders_get_order(order_id: str, /) -> Operation[forms.OrderOut]:
    """One order, for its buyer and its seller: how much was ordered, sent, received and billed."""
    return Operation("GET", "/v1/orders/{order_id}", {"order_id": order_id}, {}, None, False)


def orders_acknowledge(order_id: str, /, **body: Unpack[forms.AcknowledgementIn]) -> Operation[forms.ActOut]:
    """The seller takes the order on (with a UBL OrderResponse, or in one word)."""
    return Operation("POST", "/v1/orders/{order_id}/acknowledgement", {"order_id": order_id}, {}, body, True)


def orders_amend(order_id: str, /, **body: Unpack[forms.DocumentIn]) -> Operation[forms.ActOut]:
    """The buyer restates the order; only what is not despatched may change."""
    return Operation("POST", "/v1/orders/{order_id}/amendment", {"order_id": order_id}, {}, body, True)


def orders_cancel(order_id: str, /) -> Operation[forms.ActOut]:
    """The buyer cancels an order of which nothing was despatched."""
    return Operation("POST", "/v1/orders/{order_id}/cancellation", {"order_id": order_id}, {}, None, True)


def orders_despatch(order_id: str, /, **body: Unpack[forms.DocumentIn]) -> Operation[forms.ActOut]:
    """The seller's despatch advice."""
    return Operation("POST", "/v1/orders/{order_id}/despatches", {"order_id": order_id}, {}, body, True)


def orders_receive(order_id: str, /, **body: Unpack[forms.DocumentIn]) -> Operation[forms.ActOut]:
    """The buyer's receipt advice: what really came."""
    return Operation("POST", "/v1/orders/{order_id}/receipts", {"order_id": order_id}, {}, body, True)


def receivables_issue(**body: Unpack[forms.InvoiceIn]) -> Operation[forms.ReceivableAct]:
    """The seller issues a receivable on an invoice: up to what was received and not yet invoiced. Where the invoice is
    due in parts, one for each day. A corrected invoice (384) withdraws that of the one it names."""
    return Operation("POST", "/v1/receivables", {}, {}, body, True)


def receivables_list_receivables() -> Operation[forms.Page[forms.ReceivableOut]]:
    """Receivables to which one is seller, holder or debtor."""
    return Operation("GET", "/v1/receivables", {}, {}, None, False)


def receivables_get_receivable(receivable_id: str, /) -> Operation[forms.ReceivableOut]:
    """One receivable, for its parties: what of it is free, pledged and settled."""
    return Operation("GET", "/v1/receivables/{receivable_id}", {"receivable_id": receivable_id}, {}, None, False)


def receivables_get_opening(receivable_id: str, /) -> Operation[forms.OpeningOut]:
    """For debtor and seller: what makes its id and its document root again from one's own copy of the invoice."""
    return Operation(
        "GET", "/v1/receivables/{receivable_id}/opening", {"receivable_id": receivable_id}, {}, None, False
    )


def receivables_confirm(
    receivable_id: str, /, **body: Unpack[forms.ConfirmationIn]
) -> Operation[forms.ConfirmationOut]:
    """The debtor's unconditional undertaking to pay the holder at the due date (确权)."""
    return Operation(
        "POST", "/v1/receivables/{receivable_id}/confirmation", {"receivable_id": receivable_id}, {}, body, True
    )


def receivables_get_payment(receivable_id: str, /) -> Operation[forms.PaymentOut]:
    """Where, under which reference and how much the debtor pays, for its parties: the debtor pays."""
    return Operation(
        "GET", "/v1/receivables/{receivable_id}/payment", {"receivable_id": receivable_id}, {}, None, False
    )


def receivables_dispute(receivable_id: str, /, **body: Unpack[forms.DisputeIn]) -> Operation[forms.ActOut]:
    """The debtor disputes it; only a hash of the reason goes on chain."""
    return Operation(
        "POST", "/v1/receivables/{receivable_id}/dispute", {"receivable_id": receivable_id}, {}, body, True
    )


def receivables_resolve_dispute(receivable_id: str, /) -> Operation[forms.ActOut]:
    """The debtor withdraws its dispute."""
    return Operation(
        "POST", "/v1/receivables/{receivable_id}/dispute-resolution", {"receivable_id": receivable_id}, {}, None, True
    )


def receivables_split(receivable_id: str, /, **body: Unpack[forms.SplitIn]) -> Operation[forms.ActOut]:
    """The holder splits parts off what is free (拆分); once final they are under /parts."""
    return Operation("POST", "/v1/receivables/{receivable_id}/splits", {"receivable_id": receivable_id}, {}, body, True)


def receivables_list_parts(receivable_id: str, /) -> Operation[forms.Page[forms.ReceivableOut]]:
    """What was split off it or taken out of it: the parts of which one is holder or debtor."""
    return Operation("GET", "/v1/receivables/{receivable_id}/parts", {"receivable_id": receivable_id}, {}, None, False)


def receivables_transfer(receivable_id: str, /, **body: Unpack[forms.TransferIn]) -> Operation[forms.ActOut]:
    """The holder passes it on to a further tier (流转): a split part, or the whole."""
    return Operation(
        "POST", "/v1/receivables/{receivable_id}/transfer", {"receivable_id": receivable_id}, {}, body, True
    )


def receivables_declare_default(receivable_id: str, /) -> Operation[forms.ActOut]:
    """The holder says that it wasn't paid by its due day."""
    return Operation(
        "POST", "/v1/receivables/{receivable_id}/default", {"receivable_id": receivable_id}, {}, None, True
    )


def receivables_cancel(receivable_id: str, /) -> Operation[forms.ActOut]:
    """The seller withdraws it before confirmation."""
    return Operation(
        "POST", "/v1/receivables/{receivable_id}/cancellation", {"receivable_id": receivable_id}, {}, None, True
    )


def receivables_credit(receivable_id: str, /, **body: Unpack[forms.DocumentIn]) -> Operation[forms.DilutionOut]:
    """The holder's credit note (红字发票): it cuts the free part at once."""
    return Operation(
        "POST", "/v1/receivables/{receivable_id}/credit-notes", {"receivable_id": receivable_id}, {}, body, True
    )


def warehouse_receipts_list_goods() -> Operation[forms.Page[forms.GoodOut]]:
    """The goods of the catalogue, by code."""
    return Operation("GET", "/v1/goods", {}, {}, None, False)


def warehouse_receipts_get_good(code: str, /) -> Operation[forms.GoodOut]:
    """One good of the catalogue."""
    return Operation("GET", "/v1/goods/{code}", {"code": code}, {}, None, False)


def warehouse_receipts_issue(**body: Unpack[forms.WarehouseReceiptIn]) -> Operation[forms.WarehouseReceiptAct]:
    """The keeper issues a receipt over goods in its warehouse."""
    return Operation("POST", "/v1/warehouse-receipts", {}, {}, body, True)


def warehouse_receipts_list_receipts() -> Operation[forms.Page[forms.WarehouseReceiptOut]]:
    """Receipts that one owns or keeps."""
    return Operation("GET", "/v1/warehouse-receipts", {}, {}, None, False)


def warehouse_receipts_get_receipt(receipt_id: str, /) -> Operation[forms.WarehouseReceiptOut]:
    """One warehouse receipt, for its keeper and its owner: what of the goods is free, pledged and gone."""
    return Operation("GET", "/v1/warehouse-receipts/{receipt_id}", {"receipt_id": receipt_id}, {}, None, False)


def warehouse_receipts_release(receipt_id: str, /, **body: Unpack[forms.ReleaseIn]) -> Operation[forms.ActOut]:
    """The owner orders free goods out (赎货): its order is to be signed by it, then the keeper's act is made."""
    return Operation("POST", "/v1/warehouse-receipts/{receipt_id}/releases", {"receipt_id": receipt_id}, {}, body, True)


def warehouse_receipts_transfer(receipt_id: str, /, **body: Unpack[forms.TransferIn]) -> Operation[forms.ActOut]:
    """The owner passes title to the goods on, where none of them is pledged."""
    return Operation("POST", "/v1/warehouse-receipts/{receipt_id}/transfer", {"receipt_id": receipt_id}, {}, body, True)


def warehouse_receipts_recount(receipt_id: str, /, **body: Unpack[forms.CountIn]) -> Operation[forms.ActOut]:
    """The keeper's count found less: free goods bear the loss first, then the youngest pledge."""
    return Operation("POST", "/v1/warehouse-receipts/{receipt_id}/counts", {"receipt_id": receipt_id}, {}, body, True)


def warehouse_receipts_correct(receipt_id: str, /, **body: Unpack[forms.CorrectionIn]) -> Operation[forms.ActOut]:
    """The keeper has found again what a count missed: the owner signs its agreement, then the keeper's act is made."""
    return Operation(
        "POST", "/v1/warehouse-receipts/{receipt_id}/corrections", {"receipt_id": receipt_id}, {}, body, True
    )


def warehouse_receipts_promise_buy_back(
    receipt_id: str, /, **body: Unpack[forms.BuyBackPromiseIn]
) -> Operation[forms.BuyBackPromiseOut]:
    """A core enterprise promises to undertake to buy goods back that are lent on (保兑仓): a lender with a limit on it
    counts that, and pays out once the undertaking is on chain."""
    return Operation(
        "POST", "/v1/warehouse-receipts/{receipt_id}/buy-back-promises", {"receipt_id": receipt_id}, {}, body, True
    )


def warehouse_receipts_list_buy_back_promises(receipt_id: str, /) -> Operation[forms.BuyBackPromisesOut]:
    """Who promised to buy goods of the receipt back: for its owner all of them, for a core enterprise its own."""
    return Operation(
        "GET", "/v1/warehouse-receipts/{receipt_id}/buy-back-promises", {"receipt_id": receipt_id}, {}, None, False
    )


def warehouse_receipts_withdraw_buy_back_promise(promise_id: str, /) -> Operation[forms.BuyBackPromiseOut]:
    """Whoever promised takes it back; what it has undertaken stands."""
    return Operation(
        "POST",
        "/v1/warehouse-receipts/buy-back-promises/{promise_id}/withdrawal",
        {"promise_id": promise_id},
        {},
        None,
        True,
    )


def warehouse_receipts_inspect(
    receipt_id: str, /, **body: Unpack[forms.InspectionIn]
) -> Operation[forms.InspectionOut]:
    """The keeper has inspected the goods, and says by when it does so again: until then they may be lent on."""
    return Operation(
        "POST", "/v1/warehouse-receipts/{receipt_id}/inspections", {"receipt_id": receipt_id}, {}, body, True
    )


def warehouse_receipts_insure(receipt_id: str, /, **body: Unpack[forms.InsuranceIn]) -> Operation[forms.InsuranceOut]:
    """The keeper has seen a policy over the goods: loans that are due after its last day aren't made on them."""
    return Operation(
        "POST", "/v1/warehouse-receipts/{receipt_id}/insurance", {"receipt_id": receipt_id}, {}, body, True
    )


def warehouse_receipts_get_care(receipt_id: str, /) -> Operation[forms.CareOut]:
    """Inspections and insurance of the goods, for whoever sees the receipt: what is due, and what stands against
    lending on them."""
    return Operation("GET", "/v1/warehouse-receipts/{receipt_id}/care", {"receipt_id": receipt_id}, {}, None, False)


def warehouse_receipts_set_price(**body: Unpack[forms.PriceIn]) -> Operation[forms.PriceOut]:
    """A lender's price for its own loans, or the operator's from an approved source; one far from the price before
    counts once a second person has approved the proposal that it names. Loans that it leaves short of cover are
    called."""
    return Operation("POST", "/v1/prices", {}, {}, body, True)


def warehouse_receipts_list_prices(*, good: str | None = None) -> Operation[forms.Page[forms.PriceOut]]:
    """One's own prices and the operator's in the order in which they were set."""
    return Operation("GET", "/v1/prices", {}, {"good": good}, None, False)


def warehouse_receipts_withdraw_price(
    price_id: str, /, **body: Unpack[forms.PriceWithdrawalIn]
) -> Operation[forms.ProposalOut]:
    """One's own price is wrong: once a second person approves the proposal, it counts no more, and loans on such goods
    are looked at by the one before it."""
    return Operation("POST", "/v1/prices/{price_id}/withdrawal", {"price_id": price_id}, {}, body, True)


def warehouse_receipts_propose_source(**body: Unpack[forms.PriceSourceIn]) -> Operation[forms.ProposalOut]:
    """A person of the operator proposes a source of prices for all lenders; another one approves it."""
    return Operation("POST", "/v1/price-sources", {}, {}, body, True)


def warehouse_receipts_list_sources() -> Operation[forms.Page[forms.PriceSourceOut]]:
    """The approved sources of the operator's prices."""
    return Operation("GET", "/v1/price-sources", {}, {}, None, False)


def pledges_list_pledges() -> Operation[forms.Page[forms.PledgeOut]]:
    """Pledges that one has given or taken."""
    return Operation("GET", "/v1/pledges", {}, {}, None, False)


def pledges_list_late() -> Operation[forms.Page[forms.LatePledgeOut]]:
    """Pledged goods whose loan is late, or whose margin call wasn't met. For their keeper and whoever undertook to buy
    them: until when it can be called."""
    return Operation("GET", "/v1/pledges/late", {}, {}, None, False)


def pledges_get_pledge(pledge_id: str, /) -> Operation[forms.PledgeOut]:
    """One pledge, for its pledgor and its lender: what is still locked."""
    return Operation("GET", "/v1/pledges/{pledge_id}", {"pledge_id": pledge_id}, {}, None, False)


def pledges_release(pledge_id: str, /, **body: Unpack[forms.ReleaseOfPledgeIn]) -> Operation[forms.ActOut]:
    """The lender gives up a part, or all (解押)."""
    return Operation("POST", "/v1/pledges/{pledge_id}/releases", {"pledge_id": pledge_id}, {}, body, True)


def pledges_take_out(pledge_id: str, /, **body: Unpack[forms.WithdrawalOfGoodsIn]) -> Operation[forms.ActOut]:
    """The pledgor takes out goods above the lender's minimum, though nothing is repaid: its lender is asked for their
    release."""
    return Operation("POST", "/v1/pledges/{pledge_id}/withdrawals", {"pledge_id": pledge_id}, {}, body, True)


def pledges_enforce(pledge_id: str, /) -> Operation[forms.ActOut]:
    """The lender takes what is pledged for a loan that is overdue (处置); the loan owes on until money came in."""
    return Operation("POST", "/v1/pledges/{pledge_id}/enforcement", {"pledge_id": pledge_id}, {}, None, True)


def pledges_expire(pledge_id: str, /) -> Operation[forms.ActOut]:
    """The pledgor ends a pledge on which nothing was paid out in time."""
    return Operation("POST", "/v1/pledges/{pledge_id}/expiry", {"pledge_id": pledge_id}, {}, None, True)


def pledges_undertake(pledge_id: str, /, **body: Unpack[forms.UndertakingIn]) -> Operation[forms.ActOut]:
    """Undertake to buy back what is pledged: a core enterprise goods (保兑仓), any party what the debtor of a pledged
    receivable doesn't pay (有追索权)."""
    return Operation("POST", "/v1/pledges/{pledge_id}/undertakings", {"pledge_id": pledge_id}, {}, body, True)


def pledges_list_undertakings(pledge_id: str, /) -> Operation[forms.UndertakingsOut]:
    """Who undertook to buy how much, how it pays, and what became of what it paid."""
    return Operation("GET", "/v1/pledges/{pledge_id}/undertakings", {"pledge_id": pledge_id}, {}, None, False)


def pledges_agree(pledge_id: str, buyer_id: str, /) -> Operation[forms.ActOut]:
    """The pledgor lets its goods be bought by the undertaking's terms: also while its loan isn't late."""
    return Operation(
        "POST",
        "/v1/pledges/{pledge_id}/undertakings/{buyer_id}/agreement",
        {"pledge_id": pledge_id, "buyer_id": buyer_id},
        {},
        None,
        True,
    )


def pledges_sell(pledge_id: str, /, **body: Unpack[forms.TakenSaleIn]) -> Operation[forms.TakenSaleOut]:
    """The lender has found a buyer for goods that it took on default (变现)."""
    return Operation("POST", "/v1/pledges/{pledge_id}/sales", {"pledge_id": pledge_id}, {}, body, True)


def pledges_list_sales(pledge_id: str, /) -> Operation[forms.TakenSalesOut]:
    """What of the taken goods is to be sold, or was, and for how much."""
    return Operation("GET", "/v1/pledges/{pledge_id}/sales", {"pledge_id": pledge_id}, {}, None, False)


def pledges_agree_to_sale(sale_id: str, /) -> Operation[forms.ActOut]:
    """The pledgor agrees to a sale that brings less than it would have to."""
    return Operation("POST", "/v1/pledges/sales/{sale_id}/agreement", {"sale_id": sale_id}, {}, None, True)


def pledges_withdraw_sale(sale_id: str, /) -> Operation[forms.TakenSaleOut]:
    """The lender gives up a sale that isn't paid."""
    return Operation("POST", "/v1/pledges/sales/{sale_id}/withdrawal", {"sale_id": sale_id}, {}, None, True)


def pledges_propose_return(pledge_id: str, /, **body: Unpack[forms.TakenReturnIn]) -> Operation[forms.ProposalOut]:
    """Lender or pledgor asks that taken goods which the loan doesn't need go back; a person of the operator decides, by
    the valuation in the proposal."""
    return Operation("POST", "/v1/pledges/{pledge_id}/returns", {"pledge_id": pledge_id}, {}, body, True)


def pledges_list_returns(pledge_id: str, /) -> Operation[forms.TakenReturnsOut]:
    """What of the taken goods goes back to the pledgor. With the valuation by which it does."""
    return Operation("GET", "/v1/pledges/{pledge_id}/returns", {"pledge_id": pledge_id}, {}, None, False)


def substitutions_offer(**body: Unpack[forms.SubstitutionIn]) -> Operation[forms.SubstitutionOut]:
    """The lender would take the receivable of a sale for goods pledged to it; its pledgor has to grant it."""
    return Operation("POST", "/v1/substitutions", {}, {}, body, True)


def substitutions_list_substitutions() -> Operation[forms.Page[forms.SubstitutionOut]]:
    """Substitutions of which one is lender or pledgor."""
    return Operation("GET", "/v1/substitutions", {}, {}, None, False)


def substitutions_get_substitution(substitution_id: str, /) -> Operation[forms.SubstitutionOut]:
    """How far a substitution is; the pledgor finds in ``act`` what it has to sign."""
    return Operation(
        "GET", "/v1/substitutions/{substitution_id}", {"substitution_id": substitution_id}, {}, None, False
    )


def substitutions_accept(substitution_id: str, /, **body: Unpack[forms.AcceptIn]) -> Operation[forms.SubstitutionOut]:
    """The pledgor grants the new pledge with its EIP-712 signature; registry, lender and chain follow."""
    return Operation(
        "POST", "/v1/substitutions/{substitution_id}/accept", {"substitution_id": substitution_id}, {}, body, True
    )


def substitutions_withdraw(substitution_id: str, /) -> Operation[forms.SubstitutionOut]:
    """The lender takes its offer back, or the pledgor declines it."""
    return Operation(
        "POST", "/v1/substitutions/{substitution_id}/withdrawal", {"substitution_id": substitution_id}, {}, None, True
    )


def limits_set_limit(**body: Unpack[forms.LimitIn]) -> Operation[forms.LimitOut]:
    """Set one's own limit (a lender). Lowered below what is outstanding or promised it lets nothing new out until that
    has shrunk. Raised by a lender of two persons it waits for the second one (`proposal_id`)."""
    return Operation("POST", "/v1/limits", {}, {}, body, True)


def limits_list_limits() -> Operation[forms.Page[forms.LimitOut]]:
    """A lender's own limits, and those that are about oneself."""
    return Operation("GET", "/v1/limits", {}, {}, None, False)


def mandates_prepare(**body: Unpack[forms.MandateIn]) -> Operation[forms.MandateOut]:
    """Prepare a mandate (a lender). Nothing is lent under it until it is signed: with its own key; or by one in
    custody, at once, or once a second person has approved (``proposal_id``) where the lender has several."""
    return Operation("POST", "/v1/mandates", {}, {}, body, True)


def mandates_list_mandates() -> Operation[forms.Page[forms.MandateOut]]:
    """A lender's own mandates, in the order of making."""
    return Operation("GET", "/v1/mandates", {}, {}, None, False)


def mandates_get_mandate(mandate_id: str, /) -> Operation[forms.MandateOut]:
    """One mandate, with what is held and used of it."""
    return Operation("GET", "/v1/mandates/{mandate_id}", {"mandate_id": mandate_id}, {}, None, False)


def mandates_sign(mandate_id: str, /, **body: Unpack[forms.SignatureIn]) -> Operation[forms.MandateOut]:
    """Bring the lender's signature over ``typed_data``: from now on the mandate holds."""
    return Operation("POST", "/v1/mandates/{mandate_id}/signature", {"mandate_id": mandate_id}, {}, body, True)


def mandates_revoke(mandate_id: str, /) -> Operation[forms.MandateOut]:
    """Revoke a mandate. Nothing new goes out under it, accepted offers that aren't paid out included; what was lent
    stands. It holds at once; sign ``revocation`` (a key in custody has) so that loans' evidence can show it."""
    return Operation("POST", "/v1/mandates/{mandate_id}/revoke", {"mandate_id": mandate_id}, {}, None, True)


def mandates_sign_revocation(mandate_id: str, /, **body: Unpack[forms.SignatureIn]) -> Operation[forms.MandateOut]:
    """Bring the lender's signature over ``revocation``."""
    return Operation(
        "POST", "/v1/mandates/{mandate_id}/revocation/signature", {"mandate_id": mandate_id}, {}, body, True
    )


def funding_list_accounts() -> Operation[forms.Page[forms.FundingOut]]:
    """A lender's own accounts, one a currency; the operator and auditors see all."""
    return Operation("GET", "/v1/funding", {}, {}, None, False)


def funding_read_instruction() -> Operation[forms.DepositInstructionOut]:
    """How a lender places money: account and reference for its bank. It moves nothing by itself."""
    return Operation("GET", "/v1/funding/instruction", {}, {}, None, False)


def funding_deposit(**body: Unpack[forms.AmountIn]) -> Operation[forms.DepositInstructionOut]:
    """Have the lender's bank pay by its instruction, in a sandbox; the account shows it once the bank's feed was read.
    Raises Conflict funding_by_bank_only: with a real payment rail money is placed at the bank."""
    return Operation("POST", "/v1/funding/sandbox-deposits", {}, {}, body, True)


def debtor_lines_set_line(**body: Unpack[forms.DebtorLineIn]) -> Operation[forms.ActOut]:
    """A lender sets its share of what a marked debtor may confirm (授信额度); zero takes it back."""
    return Operation("POST", "/v1/debtor-lines", {}, {}, body, True)


def debtor_lines_list_lines() -> Operation[forms.Page[forms.DebtorLineOut]]:
    """One's own line, and those of which one has set a share."""
    return Operation("GET", "/v1/debtor-lines", {}, {}, None, False)


def debtor_lines_get_line(debtor_id: str, /) -> Operation[forms.DebtorLineOut]:
    """A debtor's line and its use; the debtor sees every lender's share, a lender its own."""
    return Operation("GET", "/v1/debtor-lines/{debtor_id}", {"debtor_id": debtor_id}, {}, None, False)


def applications_apply(**body: Unpack[forms.ApplicationIn]) -> Operation[forms.ApplicationOut]:
    """Apply for financing (融资申请). What happens then is shown at /events while it happens."""
    return Operation("POST", "/v1/applications", {}, {}, body, True)


def applications_list_applications() -> Operation[forms.Page[forms.ApplicationOut]]:
    """Applications in which one is borrower or lender."""
    return Operation("GET", "/v1/applications", {}, {}, None, False)


def applications_get_application(application_id: str, /) -> Operation[forms.ApplicationDetail]:
    """One application: its trail, its offer, and the decision in sentences that add up."""
    return Operation("GET", "/v1/applications/{application_id}", {"application_id": application_id}, {}, None, False)


def applications_accept(application_id: str, /, **body: Unpack[forms.AcceptIn]) -> Operation[forms.ApplicationOut]:
    """The borrower takes the offer with its EIP-712 signature."""
    return Operation(
        "POST", "/v1/applications/{application_id}/accept", {"application_id": application_id}, {}, body, True
    )


def applications_withdraw(application_id: str, /) -> Operation[forms.ApplicationOut]:
    """The borrower changes its mind before accepting."""
    return Operation(
        "POST", "/v1/applications/{application_id}/withdrawal", {"application_id": application_id}, {}, None, True
    )


def applications_decide(application_id: str, /, **body: Unpack[forms.ReviewIn]) -> Operation[forms.ApplicationOut]:
    """The lender decides what the policy leaves to a person; what the rules refuse, asked again, stays refused."""
    return Operation(
        "POST", "/v1/applications/{application_id}/decision", {"application_id": application_id}, {}, body, True
    )


def applications_appeal(application_id: str, /, **body: Unpack[forms.AppealIn]) -> Operation[forms.ApplicationOut]:
    """Dispute a decision: it is made again on today's facts, as a new application linked to the old one."""
    return Operation(
        "POST", "/v1/applications/{application_id}/appeals", {"application_id": application_id}, {}, body, True
    )


def applications_get_offer(offer_id: str, /) -> Operation[forms.OfferOut]:
    """An offer and its terms; the borrower finds in ``act`` what it has to sign."""
    return Operation("GET", "/v1/offers/{offer_id}", {"offer_id": offer_id}, {}, None, False)


def loans_list_loans() -> Operation[forms.Page[forms.LoanOut]]:
    """Loans in which one is borrower or lender."""
    return Operation("GET", "/v1/loans", {}, {}, None, False)


def loans_get_loan(loan_id: str, /) -> Operation[forms.LoanDetail]:
    """One loan, for its borrower and its lender: its terms, what is owed, what is pledged."""
    return Operation("GET", "/v1/loans/{loan_id}", {"loan_id": loan_id}, {}, None, False)


def loans_get_schedule(loan_id: str, /) -> Operation[forms.ScheduleOut]:
    """The instalments as they were agreed."""
    return Operation("GET", "/v1/loans/{loan_id}/schedule", {"loan_id": loan_id}, {}, None, False)


def loans_get_statement(loan_id: str, /) -> Operation[forms.StatementOut]:
    """What happened to the loan, in the order of value dates; with what was owed after each."""
    return Operation("GET", "/v1/loans/{loan_id}/statement", {"loan_id": loan_id}, {}, None, False)


def loans_get_margin_calls(loan_id: str, /) -> Operation[forms.MarginCallsOut]:
    """What was called since the collateral shrank (补仓)."""
    return Operation("GET", "/v1/loans/{loan_id}/margin-calls", {"loan_id": loan_id}, {}, None, False)


def loans_top_up(loan_id: str, /, **body: Unpack[forms.TopUpIn]) -> Operation[forms.ActOut]:
    """The borrower pledges more goods for the loan. Its grant is to be signed; registry, lender and chain follow, and
    the pledge (``subject``) is among the loan's."""
    return Operation("POST", "/v1/loans/{loan_id}/top-ups", {"loan_id": loan_id}, {}, body, True)


def loans_propose_minimum(loan_id: str, /, **body: Unpack[forms.GoodsMinimumIn]) -> Operation[forms.ProposalOut]:
    """A person of the lender proposes the least value of a loan's goods. Once a second one approves, they move: the
    pledgor may take out what is above it without repaying."""
    return Operation("POST", "/v1/loans/{loan_id}/minimum", {"loan_id": loan_id}, {}, body, True)


def loans_get_payoff(loan_id: str, /, *, on: str | None = None) -> Operation[forms.PayoffOut]:
    """What settles the loan on a day (today, if none is named)."""
    return Operation("GET", "/v1/loans/{loan_id}/payoff", {"loan_id": loan_id}, {"on": on}, None, False)


def loans_repay(loan_id: str, /, **body: Unpack[forms.RepaymentIn]) -> Operation[forms.InstructionOut]:
    """How a loan is repaid: account and reference for one's bank. It moves nothing by itself."""
    return Operation("POST", "/v1/loans/{loan_id}/repayments", {"loan_id": loan_id}, {}, body, True)


def audit_bundle(loan_id: str, /) -> Operation[dict[str, Any]]:
    """The loan's evidence, byte for byte as it is sealed; for its parties, auditors and the operator."""
    return Operation("GET", "/v1/audit/loans/{loan_id}/bundle", {"loan_id": loan_id}, {}, None, False)


def audit_reconciliation() -> Operation[forms.ReconciliationOut]:
    """Whether chain, projection, statutory registry and ledger agree. For auditors and the operator; nothing is
    changed."""
    return Operation("GET", "/v1/audit/reconciliation", {}, {}, None, False)


def audit_trial_balance(
    *, on: str | None = None, by: Literal["business", "value"] | None = None, lender: str | None = None
) -> Operation[forms.TrialBalanceOut]:
    """Turnovers and balance of every account. For auditors and the operator; a lender sees its own book."""
    return Operation("GET", "/v1/audit/trial-balance", {}, {"on": on, "by": by, "lender": lender}, None, False)


def audit_get_daily_root(day: str, /) -> Operation[forms.DailyRootOut]:
    """The root over all books; to a lender with the head and the path of its own book, to others with none."""
    return Operation("GET", "/v1/audit/daily-roots/{day}", {"day": day}, {}, None, False)


def books_list_periods() -> Operation[forms.PeriodsOut]:
    """The closed periods, oldest first."""
    return Operation("GET", "/v1/periods", {}, {}, None, False)


def books_close_period(period: str, /) -> Operation[forms.PeriodOut]:
    """Close a month (operator): what comes later keeps its value date and is booked on the first open day."""
    return Operation("POST", "/v1/periods/{period}/close", {"period": period}, {}, None, True)


def policies_list_policies() -> Operation[forms.Page[forms.PolicyOut]]:
    """The policies that decide on applications."""
    return Operation("GET", "/v1/policies", {}, {}, None, False)


def policies_get_policy(policy_id: str, /) -> Operation[forms.PolicyDetail]:
    """One policy with its decision tables, whole."""
    return Operation("GET", "/v1/policies/{policy_id}", {"policy_id": policy_id}, {}, None, False)


def products_list_products() -> Operation[forms.Page[forms.ProductDocumentOut]]:
    """The product documents, old versions too."""
    return Operation("GET", "/v1/products", {}, {}, None, False)


def products_get_product(document_id: str, /) -> Operation[forms.ProductDocumentDetail]:
    """One product document, whole."""
    return Operation("GET", "/v1/products/{document_id}", {"document_id": document_id}, {}, None, False)


def webhooks_create(**body: Unpack[forms.WebhookIn]) -> Operation[forms.WebhookWithSecret]:
    """Have an address called when something of the party moves. Every call is signed (Standard Webhooks) with the
    secret that is shown now and never again; its body is a CloudEvent."""
    return Operation("POST", "/v1/webhooks", {}, {}, body, False)


def webhooks_list_webhooks() -> Operation[forms.Page[forms.WebhookOut]]:
    """The party's addresses, in the order of making."""
    return Operation("GET", "/v1/webhooks", {}, {}, None, False)


def webhooks_get_webhook(webhook_id: str, /) -> Operation[forms.WebhookOut]:
    """One webhook address, by its id."""
    return Operation("GET", "/v1/webhooks/{webhook_id}", {"webhook_id": webhook_id}, {}, None, False)


def webhooks_delete(webhook_id: str, /) -> Operation[None]:
    """Forget an address."""
    return Operation("DELETE", "/v1/webhooks/{webhook_id}", {"webhook_id": webhook_id}, {}, None, False)


def webhooks_rotate(webhook_id: str, /) -> Operation[forms.WebhookWithSecret]:
    """Give it another secret, shown this once. For a day calls carry the old one's signature too."""
    return Operation("POST", "/v1/webhooks/{webhook_id}/rotate", {"webhook_id": webhook_id}, {}, None, False)


def webhooks_disable(webhook_id: str, /) -> Operation[forms.WebhookOut]:
    """Send nothing to it."""
    return Operation("POST", "/v1/webhooks/{webhook_id}/disable", {"webhook_id": webhook_id}, {}, None, False)


def webhooks_enable(webhook_id: str, /) -> Operation[forms.WebhookOut]:
    """Send to it again, from now on; what it missed is asked for with /replay."""
    return Operation("POST", "/v1/webhooks/{webhook_id}/enable", {"webhook_id": webhook_id}, {}, None, False)


def webhooks_replay(webhook_id: str, /, **body: Unpack[forms.TellAgainIn]) -> Operation[forms.ToldAgain]:
    """Send it again what the party was told since then: same ids, so that what was taken already is known."""
    return Operation("POST", "/v1/webhooks/{webhook_id}/replay", {"webhook_id": webhook_id}, {}, body, False)


def webhooks_list_deliveries(webhook_id: str, /) -> Operation[forms.Page[forms.DeliveryOut]]:
    """What was sent to an address, in order, and what became of it."""
    return Operation("GET", "/v1/webhooks/{webhook_id}/deliveries", {"webhook_id": webhook_id}, {}, None, False)


def parked_list_parked(
    *, status: Literal["open", "retried", "resolved"] | None = None
) -> Operation[forms.Page[forms.ParkedOut]]:
    """Parked items, the oldest first."""
    return Operation("GET", "/v1/parked", {}, {"status": status}, None, False)


def parked_retry_parked(parked_id: str, /) -> Operation[forms.ParkedOut]:
    """Take it in again. If it still can't be, it stays open and says why."""
    return Operation("POST", "/v1/parked/{parked_id}/retry", {"parked_id": parked_id}, {}, None, True)


def parked_resolve_parked(parked_id: str, /, **body: Unpack[forms.ResolveIn]) -> Operation[forms.ParkedOut]:
    """Close it, with what was done about it elsewhere; nothing is taken in."""
    return Operation("POST", "/v1/parked/{parked_id}/resolve", {"parked_id": parked_id}, {}, body, True)


def parked_allocate_parked(parked_id: str, /, **body: Unpack[forms.AllocationIn]) -> Operation[forms.ProposalOut]:
    """Say for which claim an unmatched payment is. Another person approves (`/v1/proposals/{id}/approve`)."""
    return Operation("POST", "/v1/parked/{parked_id}/allocation", {"parked_id": parked_id}, {}, body, True)


def parked_say_outcome(parked_id: str, /, **body: Unpack[forms.OutcomeIn]) -> Operation[forms.ProposalOut]:
    """Say what became of a parked command to a partner. Another person approves (`/v1/proposals/{id}/approve`)."""
    return Operation("POST", "/v1/parked/{parked_id}/outcome", {"parked_id": parked_id}, {}, body, True)


def parked_say_payee(parked_id: str, /, **body: Unpack[forms.PayeeIn]) -> Operation[forms.ProposalOut]:
    """Say to which account a refund goes that the bank refused. Another person approves (`/v1/proposals/{id}/approve`).
    `…/retry` orders it again to where it was to go."""
    return Operation("POST", "/v1/parked/{parked_id}/payee", {"parked_id": parked_id}, {}, body, True)


def parked_say_passed_on(parked_id: str, /, **body: Unpack[forms.PassedOnIn]) -> Operation[forms.ProposalOut]:
    """Say that a lender's share was passed on to it: one that came on another's account. Another person approves
    (`/v1/proposals/{id}/approve`)."""
    return Operation("POST", "/v1/parked/{parked_id}/passed-on", {"parked_id": parked_id}, {}, body, True)


def parked_say_settled(parked_id: str, /, **body: Unpack[forms.ResolveIn]) -> Operation[forms.ProposalOut]:
    """Say how a claim was settled on who was paid too much. By money that the bank took back. Another person approves
    (`/v1/proposals/{id}/approve`)."""
    return Operation("POST", "/v1/parked/{parked_id}/settlement", {"parked_id": parked_id}, {}, body, True)


def parked_return_parked(parked_id: str, /, **body: Unpack[forms.ResolveIn]) -> Operation[forms.ParkedOut]:
    """Send an unmatched payment back to the account that it came from."""
    return Operation("POST", "/v1/parked/{parked_id}/return", {"parked_id": parked_id}, {}, body, True)


def bank_take_in(**body: Unpack[forms.BankFileProposalIn]) -> Operation[forms.ProposalOut]:
    """Hand in a file of the bank's: a statement (camt.053.001.08), a notification (camt.054.001.08) or what became of
    orders (pain.002.001.10). The proposal says what it says; it is taken in once another person, who has compared it
    with the bank, approves (`/v1/proposals/{id}/approve`). What can't be understood of it is parked then. Where the
    bank's own signed feed tells of the accounts nothing is taken in by hand: see `…/comparison`."""
    return Operation("POST", "/v1/bank-files", {}, {}, body, True)


def bank_get_file(file_id: str, /) -> Operation[forms.BankFileOut]:
    """A file that was handed in, whole, and what became of it."""
    return Operation("GET", "/v1/bank-files/{file_id}", {"file_id": file_id}, {}, None, False)


def bank_compare(**body: Unpack[forms.BankFileIn]) -> Operation[forms.BankFileComparison]:
    """Hold a bank's statement against the book. Nothing of it is kept or booked."""
    return Operation("POST", "/v1/bank-files/comparison", {}, {}, body, True)


def bank_list_statements() -> Operation[forms.Page[forms.BankStatementOut]]:
    """Statements that were taken in, with their balances and what didn't fit; a lender's of its own account."""
    return Operation("GET", "/v1/bank-statements", {}, {}, None, False)


def bank_write_again(number: str, /, **body: Unpack[forms.WriteAgainIn]) -> Operation[forms.BankOrderOut]:
    """Have an order's file written once more, which the bank never had. A file is otherwise written once, ever: ask the
    bank first, since one that had it may pay twice."""
    return Operation("POST", "/v1/bank-orders/{number}/write-again", {"number": number}, {}, body, True)


def sandbox_pay(**body: Unpack[forms.SandboxPaymentIn]) -> Operation[forms.SandboxPaymentOut]:
    """Pay from one's own account, as a payment instruction says. Raises Conflict sandbox_only; Forbidden role_missing:
    the operator has no account."""
    return Operation("POST", "/v1/sandbox/payments", {}, {}, body, True)


def sandbox_read_statement() -> Operation[forms.SandboxStatementOut]:
    """What was paid to and from one's own account. Raises as `pay`."""
    return Operation("GET", "/v1/sandbox/statement", {}, {}, None, False)


def sandbox_consent(**body: Unpack[forms.SandboxConsentIn]) -> Operation[forms.SandboxConsentOut]:
    """Let one's own figures be read for thirty days; the sandbox makes them up. Raises as `pay`."""
    return Operation("POST", "/v1/sandbox/consents", {}, {}, body, True)
