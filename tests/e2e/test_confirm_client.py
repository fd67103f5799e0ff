"""The debtor's client signs what it knows of a receivable, and nothing else that a service puts before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from chainfin.client.member import Member
from chainfin.demo.report import Report
from chainfin.demo.stage import Stage
from chainfin.demo.story import Story
from chainfin.errors import Refused


@pytest.fixture
def story() -> Iterator[Story]:
    with Stage() as stage:
        played = Story(stage, Report(Console(file=StringIO())))
        played.admit_everyone()
        yield played


@pytest.mark.parametrize("member", ["orderId", "seller", "documentRoot", "face", "dueDay"])
def test_confirm__another_confirmation_to_be_signed__the_client_refuses(
    story: Story, monkeypatch: pytest.MonkeyPatch, member: str
) -> None:
    post: Callable[..., Any] = Member.post
    signed: list[str] = []

    def forging(self: Member, path: str, *args: Any, **named: Any) -> Any:
        answer = post(self, path, *args, **named)
        if path.endswith("/confirmation"):
            detail = answer["typed_data"]["message"]
            detail[member] = "0x" + "99" * 32 if detail[member].startswith("0x") else str(int(detail[member]) + 1)
        elif path.endswith("/signature"):
            signed.append(path)
        return answer

    def confirm(self: Member, known: dict[str, Any], invoice: bytes) -> dict[str, Any]:
        monkeypatch.setattr(Member, "post", forging)
        signed.clear()
        return honest(self, known, invoice)

    honest: Callable[..., dict[str, Any]] = Member.confirm
    monkeypatch.setattr(Member, "confirm", confirm)
    with pytest.raises(Refused) as refused:
        story.trade()
    assert refused.value.code == "typed_data_foreign"
    assert signed == []


@pytest.mark.parametrize("member", ["fingerprint_key", "document_secret"])
def test_confirm__hashes_of_another_invoice__the_client_refuses(
    story: Story, monkeypatch: pytest.MonkeyPatch, member: str
) -> None:
    get, post = Member.get, Member.post
    asked: list[str] = []

    def forging(self: Member, path: str, **named: Any) -> Any:
        answer = get(self, path, **named)
        return {**answer, member: "0x" + "99" * 32} if path.endswith("/opening") else answer

    def watching(self: Member, path: str, *args: Any, **named: Any) -> Any:
        asked.extend([path] if path.endswith("/confirmation") else [])
        return post(self, path, *args, **named)

    monkeypatch.setattr(Member, "get", forging)
    monkeypatch.setattr(Member, "post", watching)
    with pytest.raises(Refused) as refused:
        story.trade()
    detail = {"fingerprint_key": "invoice_fingerprint_foreign", "document_secret": "invoice_root_foreign"}
    assert refused.value.code == detail[member]
    assert asked == []


@pytest.mark.parametrize(
    ("member", "value", "code"),
    [("face", "99999999.00", "invoice_face_foreign"), ("due_date", "2027-01-01", "invoice_due_date_foreign")],
)
def test_confirm__shown_more_or_sooner_than_the_invoice_says__the_client_refuses(
    story: Story, monkeypatch: pytest.MonkeyPatch, member: str, value: str, code: str
) -> None:
    post = Member.post
    asked: list[str] = []

    def watching(self: Member, path: str, *args: Any, **named: Any) -> Any:
        asked.extend([path] if path.endswith("/confirmation") else [])
        return post(self, path, *args, **named)

    def lied_to(self: Member, known: dict[str, Any], invoice: bytes) -> dict[str, Any]:
        assert known[member] != value
        return honest(self, {**known, member: value}, invoice)

    honest: Callable[..., dict[str, Any]] = Member.confirm
    monkeypatch.setattr(Member, "confirm", lied_to)
    monkeypatch.setattr(Member, "post", watching)
    with pytest.raises(Refused) as refused:
        story.trade()
    assert refused.value.code == code
    assert asked == []
