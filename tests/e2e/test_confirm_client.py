"""The debtor's client signs what it knows of a receivable, and nothing else that a service puts before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from chainfin.demo.report import Report
from chainfin.demo.stage import Stage
from chainfin.demo.story import Story
from chainfin.errors import Refused
from tests.wire import Wire


@pytest.fixture
def story() -> Iterator[Story]:
    with Stage() as stage:
        played = Story(stage, Report(Console(file=StringIO())))
        played.admit_everyone()
        yield played


def forged(story: Story, where: str, change: Callable[[Any], Any]) -> list[str]:
    """Play the trade; the core enterprise gets answers of the paths that end in ``where`` changed. Returns the code of
    its refusal, and what it had posted about the receivable by then."""
    wire = Wire(lambda path, answer: change(answer) if path.endswith(where) else answer)
    story.who.core.http = wire.client(story.stage.server.url)
    with pytest.raises(Refused) as refused:
        story.trade()
    return [refused.value.code, *(path for method, path in wire.seen if method == "POST" and "/receivables/" in path)]


@pytest.mark.parametrize("member", ["orderId", "seller", "documentRoot", "face", "dueDay"])
def test_confirm__another_confirmation_to_be_signed__the_client_refuses(story: Story, member: str) -> None:
    def change(answer: Any) -> Any:
        detail = answer["typed_data"]["message"]
        detail[member] = "0x" + "99" * 32 if detail[member].startswith("0x") else str(int(detail[member]) + 1)
        return answer

    code, *sent = forged(story, "/confirmation", change)
    assert code == "typed_data_foreign"
    assert len(sent) == 1, "asked for, and not signed"
    waiting = story.who.core.get("/v1/acts", status="awaiting_signature")["items"]
    assert [act["function"] for act in waiting] == ["confirm"]


@pytest.mark.parametrize("member", ["fingerprint_key", "document_secret"])
def test_confirm__hashes_of_another_invoice__the_client_refuses(story: Story, member: str) -> None:
    code, *sent = forged(story, "/opening", lambda answer: {**answer, member: "0x" + "99" * 32})
    detail = {"fingerprint_key": "invoice_fingerprint_foreign", "document_secret": "invoice_root_foreign"}
    assert code == detail[member]
    assert sent == []


@pytest.mark.parametrize(
    ("member", "value", "code"),
    [("face", "99999999.00", "invoice_face_foreign"), ("due_date", "2027-01-01", "invoice_due_date_foreign")],
)
def test_confirm__shown_more_or_sooner_than_the_invoice_says__the_client_refuses(
    story: Story, member: str, value: str, code: str
) -> None:
    def change(answer: Any) -> Any:
        if "face" not in answer:
            return answer
        assert answer[member] != value
        return {**answer, member: value}

    found, *sent = forged(story, "", change)
    assert found == code
    assert sent == []
