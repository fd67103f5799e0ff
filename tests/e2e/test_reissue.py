"""An invoice with a slip in it: withdrawn before the debtor confirms, put right, issued again – and then only once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from io import StringIO

import pytest
from rich.console import Console

from chainfin import samples
from chainfin.client.problem import ApiProblem
from chainfin.demo.report import Report
from chainfin.demo.stage import Stage
from chainfin.demo.story import Story


@pytest.fixture
def story() -> Iterator[Story]:
    with Stage() as stage:
        played = Story(stage, Report(Console(file=StringIO())))
        played.admit_everyone()
        yield played


def test_issue__withdrawn_before_confirmation__may_be_put_right_and_issued_once_more(story: Story) -> None:
    who, day = story.who, story.stage.today
    slipped = samples.trade(day, "SAMPLE-SLIP-1", due_date=day + timedelta(days=30))
    right = samples.trade(day, "SAMPLE-SLIP-1", due_date=day + timedelta(days=60))
    order = who.core.act("/v1/orders", {"document": slipped["order"].decode()})["order"]
    path = f"/v1/orders/{order['id']}"
    who.supplier.act(f"{path}/acknowledgement", {"document": slipped["response"].decode()})
    who.supplier.act(f"{path}/despatches", {"document": slipped["despatch"].decode()})
    who.core.act(f"{path}/receipts", {"document": slipped["receipt"].decode()})

    def issue(documents: dict[str, bytes]) -> dict[str, object]:
        body = {"order_id": order["id"], "document": documents["invoice"].decode()}
        issued: dict[str, object] = who.supplier.act("/v1/receivables", body)["receivable"]
        return issued

    first = issue(slipped)
    who.supplier.act(f"/v1/receivables/{first['id']}/cancellation")
    second = issue(right)
    assert second["id"] == first["id"]
    assert second["due_date"] == (day + timedelta(days=60)).isoformat()
    standing = who.core.get(f"/v1/receivables/{second['id']}")
    assert (standing["status"], standing["face"]) == ("issued", "999767.50")
    assert who.core.get(path)["invoiced"] == "999767.50"
    with pytest.raises(ApiProblem) as refused:
        issue(right)
    assert refused.value.code == "invoice_already_registered"
