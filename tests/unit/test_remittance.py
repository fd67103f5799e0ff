"""A payer's text is data: what it says is read, what says nothing names nothing, and none of it is an error."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainfin.values import instruction, payment_reference, reference
from chainfin.values.payment_reference import named, of

IDS = st.text(max_size=140)
LOAN = "loan_019a8f3c2d1e0123456789abcdef"
CLAIM = "0x" + "5e1f" * 16
REFERENCE = of("receivable", CLAIM)
GROUPS = reference.printed(REFERENCE)


def wide(text: str) -> str:
    """As a Chinese input method writes it: full-width."""
    return "".join(chr(ord(one) + 0xFEE0) if "!" <= one <= "~" else one for one in text)


SPELLINGS = {
    "as it is kept": REFERENCE,
    "printed": GROUPS,
    "lower case": GROUPS.lower(),
    "hyphens": GROUPS.replace(" ", "-"),
    "dots": GROUPS.replace(" ", "."),
    "a prefix word": f"Ref. {GROUPS}",
    "words around": f"payment of invoice 0815 under {GROUPS}, thank you",
    "Chinese around": f"支付货款{REFERENCE}谢谢",
    "full width": wide(REFERENCE),
    "full width, blanks": f"　{wide(GROUPS)}　",
    "no-break blanks": GROUPS.replace(" ", "\u00a0"),
    "a soft hyphen and a joiner": REFERENCE[:9] + "\u00ad" + REFERENCE[9:12] + "\u200d" + REFERENCE[12:],
    "line break": GROUPS[:14] + "\n" + GROUPS[14:],
    "word and id": f"RECEIVABLE {CLAIM}",
    "word and id, lower case": f"receivable {CLAIM}",
    "word and id, a colon": f"Receivable: {CLAIM}.",
    "word and id, broken by blanks": f"RECEIVABLE {CLAIM[:34]} {CLAIM[34:]}",
    "word and id, full width": wide(f"RECEIVABLE {CLAIM}"),
    "word and id, capitals": f"RECEIVABLE {CLAIM.upper()}",
}


@pytest.mark.parametrize("text", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_named__everyday_spelling__the_claim(text: str) -> None:
    assert REFERENCE in named(text)


@pytest.mark.parametrize(
    "text",
    [
        f"LOAN {LOAN}",
        f"loan {LOAN}",
        f"  LOAN\t{LOAN} ",
        f"LOAN: {LOAN}, thanks",
        f"repay {LOAN}",
        f"贷款 LOAN {LOAN}还款",
    ],
)
def test_named__a_loan_as_it_was_told_before__the_loan(text: str) -> None:
    assert named(text) == (of("loan", LOAN),)


@pytest.mark.parametrize("text", [f"BUYBACK {CLAIM}", f"buy-back {CLAIM}", f"Buy back: {CLAIM}"])
def test_named__a_buy_back_as_it_was_told_before__the_pledge(text: str) -> None:
    assert named(text) == (of("buy_back", CLAIM),)


SWAPPED = REFERENCE[:6] + REFERENCE[7] + REFERENCE[6] + REFERENCE[8:]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "LOAN",
        "LOAN ",
        "RECEIVABLE 0x",
        "谢谢",
        ":/",
        f"RECEIVABLE {CLAIM[:-1]}",
        f"RECEIVABLE {CLAIM}0",
        SWAPPED,
    ],
)
def test_named__anything_else__nothing(text: str) -> None:
    assert REFERENCE not in named(text)
    assert of("loan", LOAN) not in named(text)


@given(st.text(max_size=140))
def test_named__any_text__never_an_error(text: str) -> None:
    assert all(reference.parse(found) == found for found in named(text))


@given(IDS, IDS)
def test_of__other_claims__other_references(one: str, other: str) -> None:
    assert payment_reference.of("loan", one) != payment_reference.of("receivable", one)
    assert (payment_reference.of("loan", one) == payment_reference.of("loan", other)) == (one == other)


@given(IDS, IDS, IDS, st.integers(1, 50))
def test_instruction__any_ids__a_banks_alphabet_and_the_same_again(a: str, b: str, c: str, attempt: int) -> None:
    made = instruction.for_holder(a, b, c, attempt)
    assert instruction.FORM.fullmatch(made)
    assert made == instruction.for_holder(a, b, c, attempt)
    assert made != instruction.for_holder(a, b, c, attempt + 1)
    assert instruction.FORM.fullmatch(instruction.for_refund(a))


def test_instruction__of_a_loan__its_id_as_a_bank_takes_it() -> None:
    assert instruction.for_loan("loan_0123456789abcdef0123456789ab") == "loan-0123456789abcdef0123456789ab"
