"""A payer's text is data: what it says is read, what says nothing is for nobody, and none of it is an error."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainfin.services.payments.remittance import Purpose, parse
from chainfin.values import instruction

IDS = st.text(max_size=140)


@pytest.mark.parametrize(
    ("text", "purpose"),
    [
        ("LOAN loan_1", Purpose("loan", "loan_1")),
        ("  RECEIVABLE   0xab\n", Purpose("receivable", "0xab")),
        ("BUYBACK\t0xab", Purpose("buy_back", "0xab")),
        ("LOAN 贷款:1/2", Purpose("loan", "贷款:1/2")),
    ],
)
def test_parse__what_we_ask_for__read(text: str, purpose: Purpose) -> None:
    assert parse(text) == purpose


@pytest.mark.parametrize("text", ["", " ", "LOAN", "LOAN ", "loan loan_1", "LOAN a b", "RECEIVABLE:0xab", "谢谢", ":/"])
def test_parse__anything_else__unknown(text: str) -> None:
    assert parse(text) is None


@given(st.text(max_size=140))
def test_parse__any_text__never_an_error(text: str) -> None:
    purpose = parse(text)
    assert purpose is None or purpose.target in text


@given(IDS, IDS, IDS, st.integers(1, 50))
def test_instruction__any_ids__a_banks_alphabet_and_the_same_again(a: str, b: str, c: str, attempt: int) -> None:
    made = instruction.for_holder(a, b, c, attempt)
    assert instruction.FORM.fullmatch(made)
    assert made == instruction.for_holder(a, b, c, attempt)
    assert made != instruction.for_holder(a, b, c, attempt + 1)
    assert instruction.FORM.fullmatch(instruction.for_refund(a))


def test_instruction__of_a_loan__its_id_as_a_bank_takes_it() -> None:
    assert instruction.for_loan("loan_0123456789abcdef0123456789ab") == "loan-0123456789abcdef0123456789ab"
