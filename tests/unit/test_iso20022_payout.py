"""Payment orders for the bank: valid by the official schema, ids untouched, texts in characters banks take."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from chainfin.connectors.iso20022 import payout, text
from chainfin.connectors.iso20022.model import Account
from chainfin.connectors.iso20022.payout import Agent, PaymentOrder, Payout
from chainfin.errors import BadInput
from chainfin.values import reference
from chainfin.values.money import EXPONENTS, Money
from tests.unit.bank_samples import NAMESPACE, assert_valid

ONE = Payout(
    instruction_id="I-1",
    end_to_end_id="E-1",
    amount=Money.parse("1234567.80", "CNY"),
    creditor_name="晨光零件（苏州）有限公司",
    creditor_account=Account("6222021001112223", iban=False),
    creditor_agent=Agent(cnaps="102100099996"),
    reference="rf18 5390 0754 7034",
    text="放款 loan 7",
)
TWO = replace(
    ONE,
    instruction_id="I-2",
    end_to_end_id="E-2",
    amount=Money.parse("0.01", "CNY"),
    creditor_account=Account("DE89370400440532013000", iban=True),
    creditor_agent=Agent(bic="ABCDDEFF"),
    reference=None,
    text=None,
)
ORDER = PaymentOrder(
    message_id="MSG-20260302-1",
    payment_info_id="P-1",
    created_at=datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
    execute_on=date(2026, 3, 2),
    debtor_name="长河商业保理有限公司",
    debtor_account=Account("6217000010001234567", iban=False),
    debtor_agent=Agent(bic="ABCDCNBJ"),
    currency="CNY",
    payouts=(ONE, TWO),
)


def found(data: bytes, path: str) -> list[str | None]:
    steps = "/".join(f"{{{NAMESPACE}{payout.MESSAGE}}}{name}" for name in path.split("/"))
    return [item.text for item in etree.fromstring(data).iterfind(steps)]


def changed(**fields: Any) -> PaymentOrder:
    """The order with its first payout changed."""
    return replace(ORDER, payouts=(replace(ONE, **fields), TWO))


def refused(order: PaymentOrder) -> str:
    with pytest.raises(BadInput) as caught:
        payout.write(order)
    assert caught.value.where
    return caught.value.code


def test_write__order__every_field_in_its_place_and_the_same_bytes_again() -> None:
    data = payout.write(ORDER)
    assert data == payout.write(ORDER)
    root = "CstmrCdtTrfInitn"
    info, transfer = f"{root}/PmtInf", f"{root}/PmtInf/CdtTrfTxInf"
    for head in (f"{root}/GrpHdr", info):
        assert found(data, f"{head}/NbOfTxs") == ["2"]
        assert found(data, f"{head}/CtrlSum") == ["1234567.81"]
    assert found(data, f"{root}/GrpHdr/MsgId") == ["MSG-20260302-1"]
    assert found(data, f"{root}/GrpHdr/CreDtTm") == ["2026-03-02T09:30:00+00:00"]
    assert found(data, f"{info}/PmtInfId") == ["P-1"]
    assert found(data, f"{info}/BtchBookg") == ["false"]
    assert found(data, f"{info}/ReqdExctnDt/Dt") == ["2026-03-02"]
    assert found(data, f"{info}/DbtrAcct/Id/Othr/Id") == ["6217000010001234567"]
    assert found(data, f"{transfer}/PmtId/InstrId") == ["I-1", "I-2"]
    assert found(data, f"{transfer}/PmtId/EndToEndId") == ["E-1", "E-2"]
    assert found(data, f"{transfer}/Amt/InstdAmt") == ["1234567.80", "0.01"]
    assert found(data, f"{transfer}/CdtrAgt/FinInstnId/ClrSysMmbId/MmbId") == ["102100099996"]
    assert found(data, f"{transfer}/Cdtr/Nm") == ["晨光零件(苏州)有限公司"] * 2
    assert found(data, f"{transfer}/CdtrAcct/Id/Othr/Id") == ["6222021001112223"]
    assert found(data, f"{transfer}/CdtrAcct/Id/IBAN") == ["DE89370400440532013000"]
    assert found(data, f"{transfer}/RmtInf/Strd/CdtrRefInf/Tp/CdOrPrtry/Cd") == ["SCOR"]
    assert found(data, f"{transfer}/RmtInf/Strd/CdtrRefInf/Ref") == ["RF18539007547034"]
    assert found(data, f"{transfer}/RmtInf/Ustrd") == ["放款 loan 7"]


def test_write__order__valid_by_the_official_schema() -> None:
    assert_valid(payout.write(ORDER), "sepaxml", "schemas/pain.001.001.09.xsd")


texts = st.text(alphabet=st.characters(), max_size=200)


@given(
    name=texts,
    words=texts,
    minor=st.integers(1, 10**17),
    payload=st.from_regex(r"[A-Z0-9]{1,21}", fullmatch=True),
    currency=st.sampled_from(sorted(EXPONENTS)),
)
def test_write__any_names_texts_and_amounts__valid_or_refused_by_name(
    name: str, words: str, minor: int, payload: str, currency: str
) -> None:
    one = replace(ONE, creditor_name=name, text=words, amount=Money(minor, currency), reference=reference.make(payload))
    order = replace(ORDER, currency=currency, payouts=(one,))
    if not 1 <= len(text.clean(name)) <= 140:
        assert refused(order) == ("text_too_long" if text.clean(name) else "name_missing")
        return
    data = payout.write(order)
    assert_valid(data, "sepaxml", "schemas/pain.001.001.09.xsd")
    (amount,) = found(data, "CstmrCdtTrfInitn/PmtInf/CdtTrfTxInf/Amt/InstdAmt")
    (total,) = found(data, "CstmrCdtTrfInitn/GrpHdr/CtrlSum")
    assert amount == total
    assert Money.parse(amount or "", currency).minor == minor


@pytest.mark.parametrize(
    ("words", "cleaned"),
    [
        ("晨光", "晨光"),
        ("阿卜杜拉·买买提", "阿卜杜拉·买买提"),
        ("ＡＢＣ１２３", "ABC123"),
        ("Société Ünal", "Societe Unal"),
        ("a\tb\n\u3000c", "a b c"),
        ("a\u200b\u202eb\x00c\x07", "abc"),
        ('A&B <x> "y"', "A.B .x. .y."),
        ("𠮷野", "𠮷野"),
        ("\ud800", ""),
        ("🙂", "."),
        ("，。", ",."),
        ("〇", "〇"),
        ("가", ".."),
    ],
)
def test_clean__odd_characters__always_the_same_plain_ones(words: str, cleaned: str) -> None:
    assert text.clean(words) == cleaned


@given(texts)
def test_clean__any_text__again_the_same(words: str) -> None:
    assert text.clean(text.clean(words)) == text.clean(words)


def test_write__long_text__cut_to_140_and_the_reference_stays() -> None:
    data = payout.write(changed(text="货" * 500))
    assert found(data, "CstmrCdtTrfInitn/PmtInf/CdtTrfTxInf/RmtInf/Ustrd") == ["货" * 140]
    assert found(data, "CstmrCdtTrfInitn/PmtInf/CdtTrfTxInf/RmtInf/Strd/CdtrRefInf/Ref") == ["RF18539007547034"]


def test_write__largest_sum_of_18_digits__written_whole() -> None:
    data = payout.write(replace(ORDER, payouts=(replace(ONE, amount=Money(10**18 - 1, "CNY")),)))
    assert found(data, "CstmrCdtTrfInitn/GrpHdr/CtrlSum") == ["9999999999999999.99"]
    assert_valid(data, "sepaxml", "schemas/pain.001.001.09.xsd")


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (replace(ORDER, payouts=()), "payout_missing"),
        (changed(instruction_id="I-2"), "payout_repeated"),
        (changed(end_to_end_id="E-2"), "payout_repeated"),
        (changed(amount=Money(0, "CNY")), "amount_not_positive"),
        (changed(amount=Money(-5, "CNY")), "amount_not_positive"),
        (changed(amount=Money(5, "USD")), "currency_mismatch"),
        (changed(amount=Money(10**18 - 1, "CNY")), "amount_too_large"),
        (changed(creditor_name="\u200b "), "name_missing"),
        (changed(creditor_name="名" * 141), "text_too_long"),
        (changed(creditor_account=Account("DE88370400440532013000", iban=True)), "account_malformed"),
        (changed(creditor_account=Account("de89 3704 0044 0532 0130 00", iban=True)), "account_malformed"),
        (changed(creditor_account=Account("", iban=False)), "account_malformed"),
        (changed(creditor_account=Account("1" * 35, iban=False)), "account_malformed"),
        (changed(creditor_account=Account("账户", iban=False)), "account_malformed"),
        (changed(creditor_agent=Agent()), "agent_malformed"),
        (changed(creditor_agent=Agent(bic="abc")), "agent_malformed"),
        (changed(creditor_agent=Agent(cnaps="1234")), "agent_malformed"),
        (changed(creditor_agent=Agent(bic="ABCDDEFF", cnaps="102100099996")), "agent_malformed"),
        (changed(reference="RF17539007547034"), "reference_check_digits"),
        (changed(reference="INV-1"), "reference_malformed"),
        (replace(ORDER, created_at=datetime(2026, 3, 2)), "time_zone_missing"),  # noqa: DTZ001 - what is refused
        *(
            (changed(end_to_end_id=bad), "payment_id_malformed")
            for bad in ("", "x" * 36, "货", "a b", "/a", "a/", "a//b", "a\n", "a_b", "a&b")
        ),
        (changed(instruction_id="x" * 36), "payment_id_malformed"),
        (replace(ORDER, message_id=""), "payment_id_malformed"),
        (replace(ORDER, payment_info_id="货"), "payment_id_malformed"),
    ],
)
def test_write__faulty_order__refused_by_name(order: PaymentOrder, code: str) -> None:
    assert refused(order) == code
