"""The registrar attests an invoice line by line, against the goods as they stand: no longer once they move on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlmodel import select

from chainfin.errors import Refused
from chainfin.eth.bindings.orders_acts import Amend
from chainfin.services.kernel import acts
from chainfin.services.kernel.commands import SendAct
from chainfin.services.kernel.context import Actor
from chainfin.services.trade import orders, receivables
from chainfin.services.views.acts import ActView
from chainfin.storage import outbox
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.trade_tables import ActRow, ReceivableRow
from chainfin.values.party import Role
from tests.e2e.ending import act
from tests.e2e.onchain import rows, view
from tests.e2e.site import Site, open_site


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with open_site() as opened:
        yield opened


def copper_alone(invoice: bytes) -> bytes:
    """The sample invoice without its first line: 5,000 kg of copper strip, and totals to match."""
    text = re.sub(r"<cac:InvoiceLine>\s*<cbc:ID>1<.*?</cac:InvoiceLine>", "", invoice.decode(), flags=re.DOTALL)
    for old, new in (("884750.00", "344750.00"), ("115017.50", "44817.50"), ("999767.50", "389567.50")):
        text = text.replace(old, new)
    return text.encode()


def own_key_order(site: Site) -> tuple[Actor, str, dict[str, bytes]]:
    """A supplier that signs for itself, its order with all goods received, and the papers."""
    seller, core = site.admit_with_own_key(Role.SUPPLIER), site.cast["core"]
    documents = site.papers(seller)
    order, _ = orders.post_order(site.ctx, core, documents["order"], "order.xml")
    site.run()
    site.sign(seller, orders.acknowledge(site.ctx, seller, order.id, documents["response"]))
    site.run()
    site.sign(seller, orders.despatch(site.ctx, seller, order.id, documents["despatch"]))
    site.run()
    orders.receive(site.ctx, core, order.id, documents["receipt"])
    site.run()
    return seller, order.id, documents


def status(site: Site, act: ActView) -> tuple[str, str | None]:
    with site.ctx.store.read() as session:
        row = session.get_one(ActRow, act.id)
    return row.status, row.error_code


def test_issue__a_line_above_what_was_received_of_it__not_attested_though_the_amounts_would_fit(site: Site) -> None:
    seller = site.borrower()
    documents = site.papers(seller, overinvoiced=True)
    order_id = site.received(seller, documents)
    order = site.order(order_id)
    assert order.received - order.invoiced > 389_567_50  # all that the chain alone could look at
    before = rows(site.ctx.store)
    with pytest.raises(Refused) as refused:
        receivables.issue(site.ctx, seller, order_id, copper_alone(documents["invoice"]))
    assert refused.value.code == "invoice_above_received"
    (short,) = refused.value.details["match"]["shortfalls"]  # type: ignore[index]  # JSON
    assert (short["line"], short["received"], short["missing"]) == ("2", "4500", "500")
    assert rows(site.ctx.store) == before
    # what the match carries of the line may be issued, and no more
    made = receivables.issue(site.ctx, seller, order_id, copper_alone(documents["invoice"]), accept_matched=True)
    site.run()
    assert made.receivable.face == 350_610_75
    assert site.receivable(made.receivable.id).status == "issued"


def test_issue__goods_move_on_before_the_seller_signs__not_sent_but_issued_anew(site: Site) -> None:
    seller, order_id, documents = own_key_order(site)
    first = receivables.issue(site.ctx, seller, order_id, documents["invoice"])
    orders.amend(site.ctx, site.cast["core"], order_id, documents["order"])
    site.run()
    commands = len(site.commands(SendAct))
    with pytest.raises(Refused) as refused:
        site.sign(seller, first.act)
    assert refused.value.code == "attestation_outdated"
    assert status(site, first.act) == ("refused", "attestation_outdated")
    assert len(site.commands(SendAct)) == commands
    second = receivables.issue(site.ctx, seller, order_id, documents["invoice"])
    site.sign(seller, second.act)
    site.run()
    assert site.receivable(second.receivable.id).status == "issued"
    assert act(site, second.act.id).extra["trail"] == "0x" + view(site.inst, "Orders", "trailOf", order_id).hex()


def test_issue__goods_move_on_after_it_was_signed__refused_by_the_contract_and_issued_anew(site: Site) -> None:
    seller = site.borrower()
    documents = site.papers(seller)
    order_id = site.received(seller, documents)
    made = receivables.issue(site.ctx, seller, order_id, documents["invoice"])
    with site.ctx.store.begin() as session:
        waiting = session.exec(select(OutboxRow).where(OutboxRow.key == f"act:{made.act.id}")).one()
        assert waiting.id is not None
        outbox.later(session, waiting.id, at=site.ctx.clock.now() + timedelta(hours=1), error="")
    orders.amend(site.ctx, site.cast["core"], order_id, documents["order"])
    site.run()
    site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(hours=1))
    site.run()
    assert status(site, made.act) == ("refused", "chain_act_signature_invalid")
    assert site.receivable(made.receivable.id).status == "refused"
    receivables.issue(site.ctx, seller, order_id, documents["invoice"])
    site.run()
    assert site.receivable(made.receivable.id).status == "issued"


def test_issue__a_step_on_chain_of_which_no_document_is_here__not_attested(site: Site) -> None:
    seller, order_id, documents = own_key_order(site)
    before = receivables.issue(site.ctx, seller, order_id, documents["invoice"])
    with site.ctx.store.begin() as session:
        # the buyer goes past the service: the act isn't one of the order's, and no document says what it changes
        acts.prepare(
            session,
            site.ctx,
            party=session.get_one(PartyRow, site.cast["core"].party_id),
            act=Amend(order_id=order_id, document_root="0x" + "77" * 32, amount=site.order(order_id).ordered),
            subject="elsewhere",
        )
    site.run()
    with pytest.raises(Refused) as refused:
        site.sign(seller, before.act)
    assert refused.value.code == "attestation_outdated"
    with pytest.raises(Refused) as refused:
        receivables.issue(site.ctx, seller, order_id, documents["invoice"])
    assert refused.value.code == "goods_unseen"


def test_confirm_and_cancel__name_order_and_seller(site: Site) -> None:
    seller = site.borrower()
    row = site.confirmed(seller)
    documents = site.papers(seller)
    cancelled = receivables.issue(site.ctx, seller, site.received(seller, documents), documents["invoice"])
    site.run()
    receivables.cancel(site.ctx, seller, cancelled.receivable.id)
    site.run()
    assert site.receivable(cancelled.receivable.id).status == "cancelled"
    with site.ctx.store.read() as session:
        detail = {
            act.function: act.typed_data["message"]
            for act in session.exec(select(ActRow).where(ActRow.party_id == row.debtor_id, ActRow.subject == row.id))
        }
        number = session.get_one(PartyRow, row.seller_id).chain_party
        assert session.get_one(ReceivableRow, row.id).status == "confirmed"
    assert (detail["confirm"]["orderId"], detail["confirm"]["seller"]) == (row.order_id, str(number))  # type: ignore[index]  # JSON
