"""Each result of the worker reaches the funding service whose it is, with what that service needs."""

from __future__ import annotations

from typing import Any, cast

import pytest
from sqlmodel import Session

from chainfin.connectors.handlers import Json
from chainfin.connectors.outcome import Done, Outcome, Refused
from chainfin.connectors.reporting import reports
from chainfin.services import funding
from chainfin.services.context import Context
from chainfin.storage.ledger_tables import OutboxRow

NO_SESSION = cast(Session, object())
NO_CONTEXT = cast(Context, object())
NO = Refused("account_closed", "the account is closed")


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What the funding services were told: the function's name and its arguments after session and context."""
    heard: list[tuple[Any, ...]] = []
    for name in ("registered", "registration_refused", "paid_out", "payout_refused"):

        def note(session: object, ctx: object, *rest: object, name: str = name) -> None:
            heard.append((name, *rest))

        monkeypatch.setattr(funding, name, note)
    return heard


def row(topic: str, payload: Json) -> OutboxRow:
    return OutboxRow(topic=topic, key="k", payload=payload)  # type: ignore[call-arg]  # the times are the database's concern


@pytest.mark.parametrize(
    ("topic", "payload", "outcome", "expected"),
    [
        (
            "registry.register",
            {"pledge_ref": "p1"},
            Done({"registry_no": "SB1"}),
            [("registered", "p1", "SB1")],
        ),
        ("registry.register", {"pledge_ref": "p1"}, NO, [("registration_refused", "p1", NO.code, NO.message)]),
        ("payment.pay", {"instruction_id": "l1"}, Done({"bank_reference": "SBP1"}), [("paid_out", "l1", "SBP1")]),
        ("payment.pay", {"instruction_id": "l1"}, NO, [("payout_refused", "l1", NO.code, NO.message)]),
        ("registry.release", {"pledge_ref": "p1"}, Done({}), []),
    ],
)
def test_reports__result_of_a_topic__told_to_its_service(
    told: list[tuple[Any, ...]], topic: str, payload: Json, outcome: Outcome[Json], expected: list[tuple[Any, ...]]
) -> None:
    reports(NO_CONTEXT)(NO_SESSION, row(topic, payload), outcome)
    assert told == expected


def test_reports__topic_nobody_takes__key_error(told: list[tuple[Any, ...]]) -> None:
    with pytest.raises(KeyError):
        reports(NO_CONTEXT)(NO_SESSION, row("weather.report", {}), Done({}))
    assert told == []


def test_reports__further_topic_given__told_to_its_taker(told: list[tuple[Any, ...]]) -> None:
    heard: list[str] = []
    more = {"data.fetch": lambda session, taken, outcome: heard.append(taken.topic)}
    reports(NO_CONTEXT, more)(NO_SESSION, row("data.fetch", {}), Done({}))
    assert heard == ["data.fetch"]
