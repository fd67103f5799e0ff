"""The trade with the client that openapi-python-client makes, and eth-account; needs nothing of ours.

``python with_python.py URL KEYS DOCUMENTS EVIDENCE``, with ``chainfin_client`` on the path.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

from chainfin_client import AuthenticatedClient, Client, models
from chainfin_client.api.acts import acts_get_act, acts_list_acts, acts_sign
from chainfin_client.api.applications import applications_accept, applications_apply, applications_get_application
from chainfin_client.api.audit import audit_bundle
from chainfin_client.api.auth import auth_nonce, auth_wallet
from chainfin_client.api.loans import loans_get_loan, loans_repay
from chainfin_client.api.orders import orders_acknowledge, orders_despatch, orders_post_order, orders_receive
from chainfin_client.api.participants import participants_list_participants
from chainfin_client.api.receivables import receivables_confirm, receivables_get_receivable, receivables_issue
from chainfin_client.api.sandbox import sandbox_pay
from eth_account import Account
from eth_account.messages import encode_defunct, encode_typed_data

URL, KEYS, DOCUMENTS, EVIDENCE = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4])


def paper(name: str) -> str:
    return (DOCUMENTS / f"{name}.xml").read_text(encoding="utf-8")


def good(answer: Any) -> Any:
    """The answer, or the problem as an error."""
    if answer is None or isinstance(answer, models.Problem):
        raise RuntimeError(f"{answer.code}: {answer.detail}" if answer else "an answer that isn't documented")
    return answer


def until(look: Callable[[], Any], right: Callable[[Any], bool]) -> Any:
    for _ in range(600):
        found = good(look())
        if right(found):
            return found
        time.sleep(0.1)
    raise RuntimeError("waited a minute for nothing")


def once() -> str:
    return uuid4().hex


class Party:
    def __init__(self, name: str) -> None:
        lines = (KEYS / f"{name}.key").read_text().splitlines()
        self.account = Account.from_key(next(line for line in lines if line and not line.startswith("#")).strip())
        guest = Client(base_url=URL)
        given = good(auth_nonce.sync(client=guest, body=models.ChallengeIn(address=self.account.address)))
        signed = self.account.sign_message(encode_defunct(text=given.message)).signature.to_0x_hex()
        body = models.WalletIn(message=given.message, signature=signed)
        self.client = AuthenticatedClient(URL, good(auth_wallet.sync(client=guest, body=body)).access_token)

    def sign(self, act: Any, primary_type: str) -> str:
        data = act.typed_data.to_dict()
        if data["primaryType"] != primary_type:
            raise RuntimeError(f"asked for {primary_type}, not {data['primaryType']}")
        return str(self.account.sign_message(encode_typed_data(full_message=data)).signature.to_0x_hex())

    def finish(self, act: Any, primary_type: str) -> None:
        body = models.SignatureIn(signature=self.sign(act, primary_type))
        good(acts_sign.sync(act.id, client=self.client, body=body, idempotency_key=once()))
        over = ("final", "refused", "expired")
        ended = until(lambda: acts_get_act.sync(act.id, client=self.client), lambda now: now.status.value in over)
        if ended.status.value != "final":
            raise RuntimeError(f"{primary_type} is {ended.status}: {ended.error}")

    def sign_next(self, primary_type: str) -> None:
        def waiting() -> list[Any]:
            page = good(acts_list_acts.sync(client=self.client, status="awaiting_signature"))
            return [act for act in page.items if act.typed_data["primaryType"] == primary_type]

        self.finish(until(waiting, bool)[0], primary_type)


def main() -> None:
    core, supplier, lender, auditor = (Party(name) for name in ("core", "supplier", "lender", "auditor"))

    def sent(operation: Any, party: Party, *ids: str, body: Any) -> Any:
        return good(operation.sync(*ids, client=party.client, body=body, idempotency_key=once()))

    posted = sent(orders_post_order, core, body=models.DocumentIn(document=paper("order")))
    core.finish(posted.act, "Post")
    order = posted.order.id
    response = models.AcknowledgementIn(document=paper("response"))
    supplier.finish(sent(orders_acknowledge, supplier, order, body=response), "Acknowledge")
    despatch = models.DocumentIn(document=paper("despatch"))
    supplier.finish(sent(orders_despatch, supplier, order, body=despatch), "Despatch")
    receipt = models.DocumentIn(document=paper("receipt"))
    core.finish(sent(orders_receive, core, order, body=receipt), "ReceiveGoods")

    bill = models.InvoiceIn(order_id=order, document=paper("invoice"))
    billed = sent(receivables_issue, supplier, body=bill)
    supplier.finish(billed.act, "Issue")
    owed = good(receivables_get_receivable.sync(billed.receivable.id, client=core.client))
    face = models.AmountIn(amount=owed.face, currency=owed.currency)
    undertaking = models.ConfirmationIn(document_root=owed.document_root, face=face, due_date=owed.due_date)
    core.finish(sent(receivables_confirm, core, owed.id, body=undertaking), "Confirm")

    everybody = good(participants_list_participants.sync(client=lender.client, limit=200)).items
    asked = models.ApplicationIn(
        product=models.Product("receivable_pledge"),
        asset_id=owed.id,
        lender_id=next(each.id for each in everybody if each.address == lender.account.address),
        amount=models.AmountIn(amount="500000.00", currency="CNY"),
        days=60,
    )
    application = sent(applications_apply, supplier, body=asked).id

    def look() -> Any:
        return applications_get_application.sync(application, client=supplier.client)

    offer = until(look, lambda now: now.status.value == "offered").offer
    signature = models.AcceptIn(signature=supplier.sign(offer.act, "Grant"))
    sent(applications_accept, supplier, application, body=signature)
    lender.sign_next("Pledge")
    loan = until(look, lambda now: now.status.value == "funded").loan_id

    due = sent(loans_repay, supplier, loan, body=models.RepaymentIn())
    amount = models.AmountIn(amount=due.amount.amount, currency=due.amount.currency)
    payment = models.SandboxPaymentIn(account=due.account, reference=due.reference, amount=amount)
    sent(sandbox_pay, supplier, body=payment)

    def standing() -> Any:
        return loans_get_loan.sync(loan, client=supplier.client)

    until(standing, lambda now: now.status.value == "repaid")
    lender.sign_next("Release")
    until(standing, lambda now: all(pledge.status.value == "released" for pledge in now.pledges))
    EVIDENCE.write_bytes(audit_bundle.sync_detailed(loan, client=auditor.client).content)
    print(f"{loan} repaid")


main()
