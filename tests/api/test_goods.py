"""Over HTTP: the goods' catalogue, and what a receipt over goods shows to whom."""

from __future__ import annotations

import pytest

from chainfin.client.problem import ApiProblem
from tests.api.world import World, lot


def test_goods__listed_and_each_for_itself(world: World) -> None:
    listed = world.keeper.get("/v1/goods?limit=100")["items"]
    codes = [each["code"] for each in listed]
    assert codes == sorted(codes)
    scrap, cathode = (world.lender.get(f"/v1/goods/{code}") for code in ("copper-scrap", "copper-cathode"))
    assert cathode in listed
    assert (cathode["names"]["zh"], cathode["grade"], cathode["unit"]) == ("阴极铜", "Cu-CATH-1", "KGM")
    assert scrap["grade"] != cathode["grade"]
    assert float(scrap["haircut"]) > float(cathode["haircut"])
    with pytest.raises(ApiProblem) as refused:
        world.keeper.get("/v1/goods/copper")
    assert (refused.value.status, refused.value.code) == (404, "good_unknown")


def test_keeper__never_owns_what_it_keeps(world: World) -> None:
    copper = {"commodity": "copper-cathode", "insured": "true"}
    body = {"number": "WR-K", "owner_id": world.keeper.id, "goods": copper, "unit": "KGM", "lot": lot("WR-K")}
    with pytest.raises(ApiProblem) as refused:
        world.keeper.post("/v1/warehouse-receipts", {**body, "quantity": "3"})
    assert (refused.value.status, refused.value.code) == (422, "self_attested")
    with pytest.raises(ApiProblem) as refused:
        world.stranger.post(f"/v1/warehouse-receipts/{world.ids['receipt']}/transfer", {"to": world.keeper.id})
    assert (refused.value.status, refused.value.code) == (422, "self_attested")


def test_receipt__over_a_lot_that_has_one__refused(world: World) -> None:
    copper = {"commodity": "copper-cathode", "insured": "true"}
    body = {"number": "WR-L", "owner_id": world.stranger.id, "goods": copper, "unit": "KGM", "quantity": "3"}
    with pytest.raises(ApiProblem) as refused:
        world.keeper.post("/v1/warehouse-receipts", {**body, "lot": lot("WR-1")})
    assert (refused.value.status, refused.value.code) == (422, "lot_receipted")
    with pytest.raises(ApiProblem) as refused:
        world.keeper.post("/v1/warehouse-receipts", {**body, "lot": {"site": "Yard 3", "number": "L"}})
    assert (refused.value.status, refused.value.code) == (422, "lot_incomplete")


def test_receipt__over_pieces__half_a_piece_refused(world: World) -> None:
    tyres = {"commodity": "car-tyre", "insured": "true"}
    body: dict[str, object] = {
        "number": "WR-T",
        "owner_id": world.stranger.id,
        "goods": tyres,
        "unit": "H87",
        "quantity": "2.5",
    }
    body["lot"] = lot("WR-T")
    with pytest.raises(ApiProblem) as refused:
        world.keeper.post("/v1/warehouse-receipts", {**body, "quantity": "2.5"})
    assert (refused.value.status, refused.value.code) == (422, "quantity_not_whole")
    made = world.keeper.post("/v1/warehouse-receipts", {**body, "quantity": "3"})["warehouse_receipt"]
    assert made["goods"] == {**tyres, "commodity_class": "branded", "grade": "205/55R16"}
