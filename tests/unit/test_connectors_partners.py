"""The three adapters and the handlers against scripted partners: what they believe, and what they ask instead."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from chainfin.connectors.data_partner import DataPartner
from chainfin.connectors.handlers import Task, partner_handlers
from chainfin.connectors.http import HttpClient
from chainfin.connectors.outcome import Done, Refused, Unavailable, Unknown
from chainfin.connectors.payment_rail import Instruction, PaymentRail
from chainfin.connectors.registry import Registration, Registry
from chainfin.connectors.signature import HEADER, Verifier
from chainfin.connectors.wire import (
    DataAnswer,
    DataQuery,
    PaymentAnswer,
    RegistryAnswer,
)
from chainfin.errors import BadInput
from chainfin.jws import sign
from chainfin.values.money import Money

KEY = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
LOAN = Instruction("loan-1", "6222-0001", "Sample Supplier (invented)", Money(100_00, "CNY"), "loan-1 payout")
PLEDGE = Registration(
    "pledge-1", "S-ID", "L-ID", "receivable", "ab" * 32, Money(100_00, "CNY"), date(2026, 11, 21), date(2027, 2, 21)
)
PAID = PaymentAnswer(
    instruction_id="loan-1",
    status="done",
    bank_reference="SBP1",
    payee_account="6222-0001",
    amount="100.00",
    currency="CNY",
    at=AT,
)
NOT_FOUND = PaymentAnswer(instruction_id="loan-1", status="not_found")
TIMEOUT = httpx.ReadTimeout("scripted")


class Partner:
    """Answers with its script (a text is sent as it is), in order, signed; remembers what it was asked."""

    def __init__(self, *script: BaseModel | str | Exception | Callable[[httpx.Request], BaseModel]) -> None:
        self._script = list(script)
        self.asked: list[str] = []
        self.client = HttpClient(
            "http://partner.example",
            Verifier([KEY.public_key().public_bytes_raw()]),
            transport=httpx.MockTransport(self._play),
            sleep=lambda seconds: None,
        )

    def _play(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(f"{request.method} {request.url.path}")
        step = self._script.pop(0)
        if isinstance(step, Exception):
            raise step
        if not isinstance(step, BaseModel | str):
            step = step(request)
        body = (step if isinstance(step, str) else step.model_dump_json()).encode()
        return httpx.Response(200, content=body, headers={HEADER: sign(KEY, body)})


PUT, GET = "PUT /payments/loan-1", "GET /payments/loan-1"


def test_settle__confirmed__done_with_reference_and_evidence() -> None:
    outcome = PaymentRail(Partner(PAID).client).settle(LOAN, first=True)
    assert isinstance(outcome, Done)
    assert (outcome.value.bank_reference, outcome.value.amount) == ("SBP1", LOAN.amount)
    assert outcome.value.evidence.body == PAID.model_dump_json().encode()


def test_settle__answer_lost__asks_and_does_not_pay_again() -> None:
    partner = Partner(TIMEOUT, PAID)
    assert isinstance(PaymentRail(partner.client).settle(LOAN, first=True), Done)
    assert partner.asked == [PUT, GET]


def test_settle__answer_lost_and_rail_knows_nothing__unknown_not_failed() -> None:
    partner = Partner(TIMEOUT, NOT_FOUND)
    outcome = PaymentRail(partner.client).settle(LOAN, first=True)
    assert isinstance(outcome, Unknown)
    assert outcome.code == "payment_unconfirmed"
    assert partner.asked == [PUT, GET]


def test_settle__second_time__asks_first_and_pays_only_what_is_not_found() -> None:
    partner = Partner(NOT_FOUND, PAID)
    assert isinstance(PaymentRail(partner.client).settle(LOAN, first=False), Done)
    assert partner.asked == [GET, PUT]


def test_settle__second_time_and_already_paid__does_not_pay() -> None:
    partner = Partner(PAID)
    assert isinstance(PaymentRail(partner.client).settle(LOAN, first=False), Done)
    assert partner.asked == [GET]


def test_settle__second_time_and_nobody_answers__does_not_pay() -> None:
    partner = Partner(TIMEOUT, TIMEOUT, TIMEOUT)
    assert isinstance(PaymentRail(partner.client).settle(LOAN, first=False), Unknown)
    assert partner.asked == [GET, GET, GET]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"amount": "100.01"}, "payment_answer_mismatch"),
        ({"currency": "USD"}, "payment_answer_mismatch"),
        ({"payee_account": "6222-0002"}, "payment_answer_mismatch"),
        ({"instruction_id": "loan-2"}, "payment_answer_mismatch"),
        ({"bank_reference": None}, "partner_answer_malformed"),
        ({"status": "pending", "bank_reference": None}, "payment_pending"),
    ],
)
def test_pay__confirmation_of_something_else__unknown(changed: dict[str, Any], code: str) -> None:
    outcome = PaymentRail(Partner(PAID.model_copy(update=changed)).client).pay(LOAN)
    assert isinstance(outcome, Unknown)
    assert outcome.code == code


def test_pay__same_amount_written_otherwise__done() -> None:
    assert isinstance(PaymentRail(Partner(PAID.model_copy(update={"amount": "100.0"})).client).pay(LOAN), Done)


def test_pay__refused_by_the_rail__its_code() -> None:
    no = PAID.model_copy(update={"status": "refused", "bank_reference": None, "code": "payee_account_closed"})
    outcome = PaymentRail(Partner(no).client).pay(LOAN)
    assert isinstance(outcome, Refused)
    assert outcome.code == "payee_account_closed"


def test_query__answer_about_another_instruction__payment_answer_mismatch() -> None:
    outcome = PaymentRail(Partner(PAID.model_copy(update={"instruction_id": "x"})).client).query("loan-1")
    assert isinstance(outcome, Unknown)
    assert outcome.code == "payment_answer_mismatch"


class CarelessBank:
    """Pays whenever it is told to, the same id again and again; loses what the script says, before or after."""

    def __init__(self, troubles: list[str]) -> None:
        self._troubles = troubles
        self.paid = 0
        self.client = HttpClient(
            "http://bank.example",
            Verifier([KEY.public_key().public_bytes_raw()]),
            transport=httpx.MockTransport(self._play),
            sleep=lambda seconds: None,
        )

    def _play(self, request: httpx.Request) -> httpx.Response:
        trouble = self._troubles.pop(0) if self._troubles else "none"
        if trouble == "unreachable":
            raise httpx.ConnectError("scripted")
        if trouble == "lost before":
            raise httpx.ReadTimeout("scripted")
        if request.method == "PUT":
            self.paid += 1
        if trouble == "lost after":
            raise httpx.RemoteProtocolError("scripted")
        if trouble == "failed after":
            return httpx.Response(500)
        body = (PAID if self.paid else NOT_FOUND).model_dump_json().encode()
        headers = {} if trouble == "unsigned" else {HEADER: sign(KEY, body)}
        return httpx.Response(200, content=body, headers=headers)


TROUBLES = ["none", "unreachable", "lost before", "lost after", "failed after", "unsigned"]


@given(st.lists(st.sampled_from(TROUBLES), max_size=25))
def test_settle__any_run_of_troubles_at_a_careless_bank__paid_exactly_once(troubles: list[str]) -> None:
    bank = CarelessBank(list(troubles))
    rail = PaymentRail(bank.client)
    outcome = rail.settle(LOAN, first=True)
    for _ in range(len(troubles) + 1):
        assert bank.paid <= 1
        if isinstance(outcome, Done):
            break
        outcome = rail.settle(LOAN, first=False)
    assert isinstance(outcome, Done)
    assert bank.paid == 1


REGISTERED = RegistryAnswer(
    pledge_ref="pledge-1", status="registered", registry_no="SB1", filed=PLEDGE.wire(), registered_at=AT
)


def test_register__answer_lost__filed_again_under_the_same_reference() -> None:
    partner = Partner(TIMEOUT, REGISTERED)
    outcome = Registry(partner.client).register(PLEDGE)
    assert isinstance(outcome, Done)
    assert outcome.value.registry_no == "SB1"
    assert partner.asked == ["PUT /registrations/pledge-1"] * 2


@pytest.mark.parametrize(
    "changed",
    [
        {"pledge_ref": "pledge-2"},
        {"registry_no": None},
        {"status": "cancelled"},
        {"filed": PLEDGE.wire().model_copy(update={"amount": "1.00"})},
    ],
)
def test_register__entry_of_something_else__registry_answer_mismatch(changed: dict[str, Any]) -> None:
    outcome = Registry(Partner(REGISTERED.model_copy(update=changed)).client).register(PLEDGE)
    assert isinstance(outcome, Unknown)
    assert outcome.code == "registry_answer_mismatch"


def test_cancel__entry_still_standing__registry_answer_mismatch() -> None:
    outcome = Registry(Partner(REGISTERED).client).cancel("pledge-1", "SB1", "repaid")
    assert isinstance(outcome, Unknown)
    assert outcome.code == "registry_answer_mismatch"


def sales(**changed: str) -> Callable[[httpx.Request], BaseModel]:
    def answer(request: httpx.Request) -> BaseModel:
        query = DataQuery.model_validate_json(request.content)
        body = DataAnswer(
            source="sales", subject_id=query.subject_id, request_id=query.request_id, as_of=AT.date(), payload=[1]
        )
        return body.model_copy(update=changed)

    return answer


def test_fetch__fresh_data__done_with_its_age() -> None:
    outcome = DataPartner(Partner(sales()).client).fetch("S-ID", "token", ["sales"])["sales"]
    assert isinstance(outcome, Done)
    assert outcome.value.payload == [1]
    assert outcome.value.age_days(date(2026, 11, 23)) == 2


@pytest.mark.parametrize("consent", ["", "  ", "同意", "a\nb"])
def test_fetch__no_consent__data_consent_missing_and_nobody_is_asked(consent: str) -> None:
    partner = Partner()
    outcome = DataPartner(partner.client).fetch("S-ID", consent, ["sales"])["sales"]
    assert isinstance(outcome, Refused)
    assert (outcome.code, partner.asked) == ("data_consent_missing", [])


@pytest.mark.parametrize("changed", [{"subject_id": "other"}, {"request_id": "old"}, {"source": "bank_turnover"}])
def test_fetch__genuine_answer_to_another_question__data_signature_invalid(changed: dict[str, str]) -> None:
    outcome = DataPartner(Partner(sales(**changed)).client).fetch("S-ID", "token", ["sales"])["sales"]
    assert isinstance(outcome, Refused)
    assert outcome.code == "data_signature_invalid"


def test_fetch__source_silent__data_source_unavailable() -> None:
    outcome = DataPartner(Partner(*[TIMEOUT] * 3).client).fetch("S-ID", "token", ["sales"])["sales"]
    assert isinstance(outcome, Unavailable)
    assert outcome.code == "data_source_unavailable"


def test_fetch__no_sources__nothing() -> None:
    assert DataPartner(Partner().client).fetch("S-ID", "token", []) == {}


PAYLOADS: dict[str, dict[str, object]] = {
    "payment.pay": {
        "instruction_id": "loan-1",
        "payee_account": "6222-0001",
        "payee_name": "Sample Supplier (invented)",
        "amount": "100.00",
        "currency": "CNY",
        "purpose": "payout",
    },
    "payment.refund": {
        "refund_id": "r-1",
        "bank_reference": "SBI1",
        "amount": "1.00",
        "currency": "CNY",
        "reason": "paid twice",
    },
    "registry.register": {"pledge_ref": "pledge-1", **PLEDGE.wire().model_dump(mode="json")},
    "registry.release": {"pledge_ref": "pledge-1", "registry_no": "SB1", "reason": "repaid"},
    "data.fetch": {"subject_id": "S-ID", "consent": "token", "sources": ["sales"]},
}


@pytest.mark.parametrize(
    ("topic", "field"),
    [(topic, field) for topic, payload in PAYLOADS.items() for field in payload if field != "consent"],
)
def test_handler__field_missing__payload_malformed_and_nobody_is_asked(topic: str, field: str) -> None:
    partner = Partner()
    handlers = partner_handlers(PaymentRail(partner.client), Registry(partner.client), DataPartner(partner.client))
    payload = {name: value for name, value in PAYLOADS[topic].items() if name != field}
    with pytest.raises(BadInput) as caught:
        handlers[topic](Task(topic, payload, first=True))
    assert (caught.value.code, partner.asked) == ("payload_malformed", [])


@pytest.mark.parametrize(
    ("amount", "code"),
    [("0.00", "amount_not_positive"), ("1.001", "amount_too_precise"), ("-1.00", "payload_malformed")],
)
def test_handler__amount_that_is_none__refused_before_anybody_is_asked(amount: str, code: str) -> None:
    partner = Partner()
    handlers = partner_handlers(PaymentRail(partner.client), Registry(partner.client), DataPartner(partner.client))
    with pytest.raises(BadInput) as caught:
        handlers["payment.pay"](Task("payment.pay", {**PAYLOADS["payment.pay"], "amount": amount}, first=True))
    assert (caught.value.code, partner.asked) == (code, [])


def test_handler__pay_a_second_time__under_the_same_id() -> None:
    partner = Partner(NOT_FOUND, PAID)
    handlers = partner_handlers(PaymentRail(partner.client), Registry(partner.client), DataPartner(partner.client))
    assert isinstance(handlers["payment.pay"](Task("payment.pay", PAYLOADS["payment.pay"], first=False)), Done)
    assert partner.asked == [GET, PUT]


def test_handler__pay__result_is_plain_json_with_evidence() -> None:
    partner = Partner(PAID)
    handlers = partner_handlers(PaymentRail(partner.client), Registry(partner.client), DataPartner(partner.client))
    outcome = handlers["payment.pay"](Task("payment.pay", PAYLOADS["payment.pay"], first=True))
    assert isinstance(outcome, Done)
    assert (outcome.value["bank_reference"], outcome.value["amount"]) == ("SBP1", "100.00")
    evidence = outcome.value["evidence"]
    assert isinstance(evidence, dict)
    verifier = Verifier([KEY.public_key().public_bytes_raw()])
    assert verifier.check(evidence["body"].encode(), evidence["signature"]).key_id == evidence["key_id"]
