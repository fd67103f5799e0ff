"""A credit note on a pledged claim, over HTTP: what it can't take off yet is shown, and the debtor pays the rest."""

from __future__ import annotations

from chainfin import samples
from tests.api.test_paying import confirmed
from tests.api.world import World

CREDITED, REST = "7791.35", "991976.15"


def test_credit_note__on_what_is_pledged__is_shown_as_pending_and_not_owed(town: World) -> None:
    supplier, lender = town.supplier, town.lender
    path = f"/v1/receivables/{confirmed(town, 'INV-2301')['payment']['receivable_id']}"
    assert supplier.get(path)["credit_pending"] == "0.00"
    wish = {
        "product": "receivable_pledge",
        "lender_id": lender.id,
        "amount": {"amount": "999767.50", "currency": "CNY"},
        "days": 60,
        "asset_id": path.rsplit("/", 1)[1],
    }
    application = f"/v1/applications/{supplier.post('/v1/applications', wish)['id']}"
    offer = supplier.until(lambda: supplier.get(application)["offer"], lambda found: found is not None)
    supplier.post(f"{application}/accept", {"signature": supplier.signature(offer["act"]["typed_data"])})
    supplier.until(lambda: supplier.get(application), lambda found: found["status"] == "funded")
    assert supplier.get(path)["free"] == "0.00"

    papers = samples.trade(town.stage.today, "INV-2301", order_number="PO-INV-2301")
    done = supplier.post(f"{path}/credit-notes", {"document": papers["credit_note"].decode()})
    assert (done["diluted"], done["pending"], done["act"]) == ("0.00", CREDITED, None)
    assert float(done["top_up"]) > 0
    for who in (supplier, town.core):
        assert who.get(path)["credit_pending"] == CREDITED
        told = who.get(f"{path}/payment")
        assert (told["amount"], told["credit_pending"]) == (REST, CREDITED)
