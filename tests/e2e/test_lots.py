"""One lot, one receipt: whoever keeps it, under whatever number, however it is spelled."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from chainfin.audit.report import State as Checked
from chainfin.errors import BadInput, Conflict, Refused
from chainfin.rules.lot import Lot
from chainfin.services.goods import receipts
from chainfin.services.kernel import custody
from chainfin.services.kernel.context import Actor
from chainfin.services.reads import queries
from chainfin.services.views.goods import WarehouseReceiptView
from chainfin.values.party import Role
from tests import cast
from tests.e2e.asked_acts import a_day_later
from tests.e2e.secured import bundle, checked, names
from tests.e2e.site import Site

PHOTO = "0x" + "ab" * 32


def stored(site: Site, owner: Actor, number: str, lot: Lot, keeper: Actor | None = None) -> WarehouseReceiptView:
    row, _ = receipts.issue(
        site.ctx,
        keeper or site.cast["keeper"],
        number=number,
        owner_id=str(owner.party_id),
        goods={"commodity": "copper-cathode", "insured": "true"},
        unit="KGM",
        quantity=Decimal(20_000),
        lot=lot,
    )
    return row


def test_lot__at_a_second_keeper_or_under_a_second_number__refused(site: Site) -> None:
    owner, other, keeper = site.borrower(), site.borrower(), site.admit(Role.KEEPER)
    lot = Lot("Yard 7, bay 1", "LOT-1", seal="S.1", photos=(PHOTO,))
    stored(site, owner, "LOTS-1", lot)
    site.run()
    for again, number, whose in (
        (lot, "LOTS-2", None),
        (lot, "K-1", keeper),
        (Lot("YARD 7 bay\u30001", "lot 1", seal="s1"), "K-2", keeper),
        (Lot("Yard 7, bay 1", "LOT-1", meter="20 t"), "K-3", keeper),
    ):
        with pytest.raises(Refused) as refused:
            stored(site, other, number, again, whose)
        assert refused.value.code == "lot_receipted"
    stored(site, other, "K-4", replace(lot, seal="S.2"), keeper)


def test_lot__without_a_seal__nothing_else_of_its_number_there(site: Site) -> None:
    owner = site.borrower()
    tank = Lot("Tank farm 2", "T-4", meter="1,204.5 m3")
    stored(site, owner, "TANK-1", tank)
    with pytest.raises(Refused) as refused:
        stored(site, owner, "TANK-2", replace(tank, seal="S-9"))
    assert refused.value.code == "lot_receipted"
    stored(site, owner, "TANK-2", replace(tank, number="T-5"))


def test_number__spelled_another_way__refused(site: Site) -> None:
    owner = site.borrower()
    stored(site, owner, "dup 1", cast.lot("dup"))
    with pytest.raises(Conflict) as refused:
        stored(site, owner, "DUP-1", cast.lot("another"))
    assert refused.value.code == "warehouse_receipt_exists"


@pytest.mark.parametrize(
    ("lot", "where"),
    [
        (Lot("", "L", seal="S"), "lot/site"),
        (Lot("Yard", "--", seal="S"), "lot/number"),
        (Lot("Yard", "L"), "lot/seal"),
        (Lot("Yard", "L", seal=" - "), "lot/seal"),
    ],
)
def test_lot__that_cant_be_told_from_others__refused(site: Site, lot: Lot, where: str) -> None:
    with pytest.raises(BadInput) as refused:
        stored(site, site.borrower(), "WR-UNTOLD", lot)
    assert (refused.value.code, refused.value.where) == ("lot_incomplete", where)


def test_receipt__that_nobody_signs__its_lot_and_number_are_free_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, lot = site.borrower(), cast.lot("free again")
    with monkeypatch.context() as patch:
        patch.setattr(custody, "signer_of", lambda *_: None)
        stored(site, owner, "LATE-1", lot)
        a_day_later(site)
    made = stored(site, owner, "LATE 1", lot)
    site.run()
    assert queries.warehouse_receipt(site.ctx, owner, made.id).status == "issued"


def test_lot__is_under_the_document_root_and_in_the_evidence(site: Site) -> None:
    owner = site.borrower()
    site.price(70_00)
    lot = replace(cast.lot("evident"), photos=(PHOTO,))
    receipt = stored(site, owner, "EVIDENT-1", lot)
    site.run()
    loan_id = site.funded(owner, 100_000_00, receipt.id, product="inventory_pledge")
    found = bundle(site, loan_id)
    assert names(checked(site, found), Checked.FAILED) == set()
    (document,) = [
        each for each in json.loads(found)["documents"] if any(f["path"] == "/lot/site" for f in each["fields"])
    ]
    shown = {field["path"]: field["value"] for field in document["fields"] if field["path"].startswith("/lot")}
    assert shown == {"/lot/site": lot.site, "/lot/number": lot.number, "/lot/seal": lot.seal, "/lot/photos/0": PHOTO}
    assert queries.warehouse_receipt(site.ctx, site.cast["lender"], receipt.id).lot == lot.to_json()
