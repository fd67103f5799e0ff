"""The bank's feed, line by line: whatever a line holds, it is read or kept whole with its reason, and stops nothing."""

from __future__ import annotations

import json
import threading

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError

from chainfin.connectors.outcome import Done, Unknown
from chainfin.connectors.payment_rail import Incoming, IncomingPage, PaymentRail
from chainfin.connectors.watch import IncomingWatch
from chainfin.connectors.wire import IncomingAnswer, IncomingDocument, SignedDocument
from chainfin.errors import Refusal
from chainfin.jws import sign
from chainfin.runtime.loop import Loop
from chainfin.services.kernel import parking
from tests.unit.test_connectors_partners import AT, KEY, Partner


def statement(sequence: int, key: Ed25519PrivateKey = KEY) -> SignedDocument:
    line = IncomingDocument(
        sequence=sequence,
        bank_reference=f"SBI{sequence}",
        payer_account="6111-0001",
        payer_name="Sample Core Enterprise (invented)",
        payee_account="6000-0001",
        amount="1.00",
        currency="CNY",
        remittance="INV-1",
        at=AT,
    )
    body = line.model_dump_json()
    return SignedDocument(body=body, signature=sign(key, body.encode()))


def odd(**changes: object) -> SignedDocument:
    """A line that the bank signed, with some members changed; None takes one away."""
    members = json.loads(statement(1).body) | changes
    body = json.dumps({name: value for name, value in members.items() if value is not ...})
    return SignedDocument(body=body, signature=sign(KEY, body.encode()))


ODD_LINES = [
    ("unlisted currency", odd(currency="THB"), "currency_unknown"),
    ("no currency", odd(currency="kr"), "bank_line_malformed"),
    ("three decimals", odd(amount="1.005"), "amount_too_precise"),
    ("zero", odd(amount="0.00"), "amount_not_positive"),
    ("negative", odd(amount="-1.00"), "bank_line_malformed"),
    ("above 64 bits", odd(amount="99999999999999999999.00"), "amount_too_large"),
    ("number, not text", odd(amount=1.0), "bank_line_malformed"),
    ("name null", odd(payer_name=None), "bank_line_malformed"),
    ("name of 40 kB", odd(payer_name="名" * 40_000), "bank_line_malformed"),
    ("a field too many", odd(colour="red"), "bank_line_malformed"),
    ("a field too few", odd(at=...), "bank_line_malformed"),
    ("half a surrogate pair", odd(payer_name="\ud800"), "bank_line_malformed"),
    ("NUL", odd(bank_reference="a\0b"), "bank_line_malformed"),
    ("no reference", odd(bank_reference=""), "bank_line_malformed"),
    ("141 characters", odd(bank_reference="r" * 141), "bank_line_malformed"),
    ("a time without zone", odd(at="2026-11-21T09:00:00"), "bank_line_malformed"),
    ("sequence above 64 bits", odd(sequence=2**63), "bank_line_malformed"),
    ("of another kind", odd(kind="payment"), "bank_line_malformed"),
    ("not JSON", SignedDocument(body="{", signature=sign(KEY, b"{")), "bank_line_malformed"),
    ("nested", SignedDocument(body="[" * 50_000, signature=sign(KEY, b"[" * 50_000)), "bank_line_malformed"),
    ("foreign key", statement(1, Ed25519PrivateKey.generate()), "partner_signature_invalid"),
    ("no signature", SignedDocument(body=statement(1).body, signature=""), "partner_signature_invalid"),
]


@pytest.mark.parametrize(("line", "code"), [pytest.param(line, code, id=name) for name, line, code in ODD_LINES])
def test_incoming__an_odd_line__kept_whole_with_its_reason_and_the_others_read(line: SignedDocument, code: str) -> None:
    page = IncomingAnswer(after=0, next=3, items=(statement(1), line, statement(3)))
    outcome = PaymentRail(Partner(page).client).incoming(0)
    assert isinstance(outcome, Done)
    assert [payment.bank_reference for payment in outcome.value.payments] == ["SBI1", "SBI3"]
    kept = outcome.value.lines[1]
    assert isinstance(kept.content, Refusal)
    assert (kept.raw, kept.content.code) == (line.model_dump(), code)
    assert outcome.value.next_cursor == 3


@pytest.mark.parametrize(
    "reference", ["a:b", "a/b", "付款 7", "r" * 140, "\u202etxt", "a\tb", "'; drop table party; --", " "]
)
def test_incoming__a_strange_reference__is_read_as_it_is(reference: str) -> None:
    outcome = PaymentRail(Partner(IncomingAnswer(after=0, next=1, items=(odd(bank_reference=reference),))).client)
    page = outcome.incoming(0)
    assert isinstance(page, Done)
    assert [payment.bank_reference for payment in page.value.payments] == [reference]


RAW_PAGES = [
    ('{"kind":"incoming_page","after":0,"next":1,"items":[7,null,[],{"body":1}]}', 4),
    ('{"kind":"incoming_page","after":0,"next":1,"items":[{"body":"\\ud800","signature":"x"}]}', 1),
    ('{"kind":"incoming_page","after":0,"next":1,"items":[%s, NaN]}' % ("9" * 6000), 2),
]


@pytest.mark.parametrize(("text", "lines"), RAW_PAGES)
def test_incoming__lines_that_are_no_documents__each_refused_alone(text: str, lines: int) -> None:
    page = PaymentRail(Partner(text).client).incoming(0)
    assert isinstance(page, Done)
    assert [type(line.content) for line in page.value.lines] == [Refusal] * lines


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"kind":"incoming_page","after":7,"next":8,"items":[]}', "payment_answer_mismatch"),
        ('{"kind":"incoming_page","after":0,"next":-1,"items":[]}', "partner_answer_malformed"),
        ('{"kind":"incoming_page","after":0,"next":0,"items":[7]}', "payment_answer_mismatch"),
        ('{"kind":"incoming_page","after":0,"next":9223372036854775808,"items":[]}', "partner_answer_malformed"),
        ('{"kind":"refund","after":0,"next":1,"items":[]}', "partner_answer_malformed"),
        ("[" * 100_000, "partner_answer_malformed"),
        ('{"kind":"incoming_page","after":0,"next":1,"items":[', "partner_answer_malformed"),
    ],
)
def test_incoming__page_that_is_none__nothing_moves(text: str, code: str) -> None:
    outcome = PaymentRail(Partner(text).client).incoming(0)
    assert isinstance(outcome, Unknown)
    assert outcome.code == code


ANY_TEXT = st.text(st.characters(), max_size=140)


@given(ANY_TEXT, ANY_TEXT, ANY_TEXT)
def test_line__any_text_in_any_field__read_or_refused_and_kept(reference: str, name: str, remittance: str) -> None:
    raw = odd(bank_reference=reference, payer_name=name, remittance=remittance).model_dump()
    rail = PaymentRail(Partner().client)
    line = rail.line(raw)
    assert line.raw == raw
    if isinstance(line.content, Incoming):
        assert (line.content.bank_reference, line.content.remittance) == (reference, remittance)
    again = rail.line(json.loads(parking.as_payload(line.raw)))
    assert again.content == line.content, "what is parked is read the same when it is tried again"


def test_watch__database_fails_once__goes_on_from_the_same_cursor() -> None:
    page = IncomingAnswer(after=0, next=1, items=(statement(1),))
    partner = Partner(page, page, *[IncomingAnswer(after=1, next=1, items=())] * 500)
    taken: list[int] = []
    failed, done = [False], threading.Event()

    def take(got: IncomingPage) -> None:
        if not failed[0]:
            failed[0] = True
            raise OperationalError("select 1", {}, Exception("scripted"))
        taken.append(got.next_cursor)
        done.set()

    watch = IncomingWatch(PaymentRail(partner.client), lambda: max(taken, default=0), take, rest_s=0.01)
    loop = Loop("incoming", watch, jitter=lambda ceiling: 0.0)
    loop.start()
    assert done.wait(30)
    loop.stop()
    assert (taken, loop.view.failures) == ([1], 1)
