"""Logging: one form for all loggers, ids in every line, and nothing in it that must not be."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from chainfin.errors import BadInput
from chainfin.runtime import log_setup

KEY = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"


class Heard(io.StringIO):
    """What was logged."""

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]


@pytest.fixture
def heard() -> Iterator[Heard]:
    before = structlog.get_config()
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    stream = Heard()
    log_setup.configure("json", "debug", stream=stream)
    yield stream
    root.setLevel(level)
    root.handlers = handlers
    structlog.configure(**before)


def test_configure__structlog_and_stdlib__one_form(heard: Heard) -> None:
    structlog.get_logger("a").info("made", count=3)
    logging.getLogger("b").warning("seen %s", "it", extra={"count": 4})
    first, second = heard.lines()
    assert (first["event"], first["level"], first["logger"], first["count"]) == ("made", "info", "a", 3)
    assert (second["event"], second["level"], second["logger"], second["count"]) == ("seen it", "warning", "b", 4)
    assert first.keys() == second.keys()


def test_configure__twice__each_line_once(heard: Heard) -> None:
    log_setup.configure("json", stream=heard)
    structlog.get_logger("a").info("made")
    assert len(heard.lines()) == 1


def test_configure__level__less_is_not_written(heard: Heard) -> None:
    log_setup.configure("json", "warning", stream=heard)
    structlog.get_logger("a").info("made")
    structlog.get_logger("a").warning("seen")
    assert [line["event"] for line in heard.lines()] == ["seen"]


def test_configure__console__a_line_for_people(heard: Heard) -> None:
    log_setup.configure("console", stream=heard)
    structlog.get_logger("a").info("made", count=3)
    assert "made" in heard.getvalue()
    assert "count=3" in heard.getvalue()
    assert not heard.getvalue().startswith("{")


@pytest.mark.parametrize(
    ("format_", "level", "where"),
    [("xml", "info", "CHAINFIN_LOG_FORMAT"), ("json", "loud", "CHAINFIN_LOG_LEVEL")],
)
def test_configure__unknown_word__refused_by_name(format_: str, level: str, where: str) -> None:
    with pytest.raises(BadInput) as caught:
        log_setup.configure(format_, level)
    assert (caught.value.code, caught.value.where) == ("setting_invalid", where)


def test_bound__within_the_block__every_line_of_both_kinds_carries_the_ids(heard: Heard) -> None:
    tx_hash = "0x" + KEY
    with log_setup.bound(request_id="r1", party_id="p1", application_id="a1", act_id="c1", tx_hash=tx_hash):
        structlog.get_logger("a").info("made")
        logging.getLogger("b").info("seen")
    structlog.get_logger("a").info("after")
    *inside, after = heard.lines()
    wanted = {"request_id": "r1", "party_id": "p1", "application_id": "a1", "act_id": "c1", "tx_hash": tx_hash}
    for line in inside:
        assert wanted.items() <= line.items()
    assert not wanted.keys() & after.keys()


@pytest.mark.parametrize(
    "field",
    [
        "name", "party_name", "payer_name", "account", "payee_account", "payer_iban", "secret", "client_secret",
        "token", "access_token", "password", "private_key", "signature", "authorization", "Authorization",
        "legal_value",
    ],
)  # fmt: skip
def test_redact__field_of_a_secret__hidden_wherever_it_stands(heard: Heard, field: str) -> None:
    value = "虚构样例六千号"
    structlog.get_logger("a").info("made", **{field: value})
    structlog.get_logger("a").info("made", body={"inner": [{field: value}]})
    logging.getLogger("b").info("seen", extra={} if field == "name" else {field: value})
    logging.getLogger("b").info("seen %s", {field: value})
    assert value not in heard.getvalue()
    assert log_setup.HIDDEN in heard.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        f"key 0x{KEY} is used",
        f"key {KEY} is used",
        "authorization: Bearer eyJhbGciOi.eyJzdWIi.c2lnbmF0dXJl",
        "Bearer c2VjcmV0LXNlY3JldA==",
        "postgresql+psycopg://chainfin:hunter-two@127.0.0.1/x",
        "client_secret=hunter-two",
        'payload {"payer_name": "hunter-two", "amount": "1"}',
        "{'payee_account': 'hunter-two'}",
        "insert … [parameters: {'x': 'hunter-two'}]",
        "DETAIL:  Key (legal_value)=(hunter-two) already exists.",
        "DETAIL:  Failing row contains (1, hunter-two, null).",
        "1 validation error: too long [type=x, input_value='hunter-two', input_type=str]",
    ],
)
def test_redact__in_messages_and_exceptions__hidden(heard: Heard, text: str) -> None:
    secrets_ = (KEY, "hunter-two", "c2VjcmV0", "eyJzdWIi")
    structlog.get_logger("a").info(text)
    logging.getLogger("b").info("said: %s", text)
    for logger in (structlog.get_logger("a"), logging.getLogger("b")):
        try:
            raise ValueError(text)
        except ValueError:
            logger.exception("broken")
    assert len(heard.lines()) == 4
    assert "ValueError" in heard.getvalue()
    for secret in secrets_:
        assert secret not in heard.getvalue()


def test_redact__what_is_no_secret__stays(heard: Heard) -> None:
    structlog.get_logger("a").info("made", loan_id="L1", amount=5, code="chain_behind", reply="block 7 of 9: not yet")
    (line,) = heard.lines()
    assert (line["loan_id"], line["amount"], line["code"]) == ("L1", 5, "chain_behind")
    assert line["reply"] == "block 7 of 9: not yet"


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_clean_text__a_quoted_account__never_survives(account: str) -> None:
    marked = f"mark{account}mark"
    said = log_setup.clean_text(json.dumps({"payer_account": marked}, ensure_ascii=False))
    assert marked not in said
    assert json.dumps(marked, ensure_ascii=False) not in said
