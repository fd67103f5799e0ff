"""Creditor references (ISO 11649): every everyday spelling is read, no wrong one is."""

import string
from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from stdnum import iso11649

from chainfin.errors import BadInput
from chainfin.values import reference

KNOWN = "RF18539007547034"
ALPHABET = string.ascii_uppercase + string.digits
payloads = st.text(alphabet=ALPHABET, min_size=1, max_size=reference.MAX_PAYLOAD)
WIDE = {ord(one): chr(ord(one) + 0xFEE0) for one in string.ascii_letters + string.digits}


def code_of(text: str) -> str:
    with pytest.raises(BadInput) as caught:
        reference.parse(text)
    return caught.value.code


@given(payloads)
def test_make__any_payload__holds_by_the_standard_and_prints_in_fours(payload: str) -> None:
    made = reference.make(payload.lower())
    assert made == iso11649.validate(made) == f"RF{made[2:4]}{payload}"
    assert reference.parse(reference.printed(made)) == made
    assert all(len(group) == 4 for group in reference.printed(made).split()[:-1])


@pytest.mark.parametrize("payload", ["", "A" * 22, "A B", "A-1", "号1", "１２", "é", "\ud800", "1\n"])
def test_make__not_1_to_21_letters_and_digits__reference_malformed(payload: str) -> None:
    with pytest.raises(BadInput) as caught:
        reference.make(payload)
    assert caught.value.code == "reference_malformed"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "reference_malformed"),
        ("RF18", "reference_malformed"),
        ("RF18" + "0" * 22, "reference_malformed"),
        ("FR18539007547034", "reference_malformed"),
        ("RFA8539007547034", "reference_malformed"),
        ("RF18 5390:0754", "reference_malformed"),
        ("RF185390 货", "reference_malformed"),
        ("RF17539007547034", "reference_check_digits"),
        ("RF18539007547043", "reference_check_digits"),
    ],
)
def test_parse__no_reference__refused_by_name(text: str, code: str) -> None:
    assert code_of(text) == code


def test_parse__check_digits_that_hold_by_mod_97_but_are_never_issued__refused() -> None:
    twins = [
        (f"RF{twin}{payload}", own)
        for payload in map(str, range(1, 2000))
        for own, twin in (("97", "00"), ("98", "01"), ("02", "99"))
        if reference.make(payload)[2:4] == own
    ]
    assert {own for _, own in twins} == {"97", "98", "02"}
    for text, _ in twins:
        assert iso11649.is_valid(text)
        assert code_of(text) == "reference_check_digits"


CASES: list[Callable[[str], str]] = [str, str.lower, str.title]


@st.composite
def spellings(draw: st.DrawFn, text: str) -> str:
    """``text`` in groups of a size, with some separator, in some case, maybe in full width or with invisible marks."""
    size = draw(st.sampled_from([3, 4, 5, 30]))
    gap = draw(
        st.sampled_from(
            [" ", "  ", "-", " - ", "\u00a0", "\u3000", "\t", "\u2011", "–", "−", ".", "/", "\n", " \u200b"]
        )
    )
    spelt = gap.join(text[start : start + size] for start in range(0, len(text), size))
    spelt = draw(st.sampled_from(CASES))(spelt)
    spelt = spelt.translate(WIDE) if draw(st.booleans()) else spelt
    return spelt[:2] + draw(st.sampled_from(["", "\u200b", "\u202e", "\u00ad"])) + spelt[2:]


BEFORE = [
    "",
    "REF:",
    "ref. ",
    "Ref：",
    "Invoice 12/",
    "货款，编号",
    "付货款RF ",
    "(",
    "/ROC/",
    "#",
    "\u3000",
    "RF号 ",
    "2026-03-01 货款",
]
AFTER = ["", " ", "。", "号", "元整", ", thanks", ")", "；", "/", "!", "款2026", "：12"]


@given(
    payloads.flatmap(lambda payload: spellings(reference.make(payload))),
    st.sampled_from(BEFORE),
    st.sampled_from(AFTER),
)
def test_find_all__any_spelling_among_words__found_and_parsed_alike(spelt: str, before: str, after: str) -> None:
    parsed = reference.parse(spelt)
    assert parsed in reference.find_all(before + spelt + after)
    assert reference.make(parsed[4:]) == parsed


@pytest.mark.parametrize(
    "text",
    [
        "RF18539007547034",
        "rf18 5390 0754 7034",
        "RF18-5390-0754-7034",
        "REF:RF18539007547034",
        "ref: rf18 5390 0754 7034",
        "ＲＦ１８５３９００７５４７０３４",
        "货款RF18539007547034谢谢",
        "货款 ＲＦ１８　５３９０　０７５４　７０３４ 谢谢",
        "Rf18.5390.0754.7034.",
        "INV 77, RF18 5390 0754 7034, 3 pcs",
        "/RFB/RF18539007547034/",
        "RF18 5390\n0754 7034",
        "RF 18 539007547034",
    ],
)
def test_find_all__everyday_spelling__exactly_that_one(text: str) -> None:
    assert reference.find_all(text) == (KNOWN,)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "RF",
        "RF18",
        "XRF18539007547034",
        "1RF18539007547034",
        "RF185390075470341",
        "RF18539007547034a",
        "éRF18539007547034",
        "RF18539007547034é",
        "RF17539007547034",
        "RF18 5390 0754     7034 9",
        "RF18,5390,0754,7034",
        "RF18号5390号07547034",
        "货款",
        "R F",
        "RF18 5390 0754 7043",
        "RF" + "1" * 5000,
        "R" * 5000,
    ],
)
def test_find_all__none_that_holds_within_word_boundaries__none(text: str) -> None:
    assert reference.find_all(text) == ()


def test_find_all__two_and_one_of_them_twice__each_once_in_order() -> None:
    other = reference.make("INV2026001")
    assert reference.find_all(f"{other}；RF18 5390 0754 7034, {other.lower()}") == (other, KNOWN)


def test_find_all__two_readings_hold__both_are_given() -> None:
    short = reference.make("5390")
    ends = (f"{number:04d}" for number in range(10_000))
    end = next(end for end in ends if reference.make(f"5390{end}")[2:4] == short[2:4])
    assert reference.find_all(f"{short} {end}") == (short, f"{short}{end}")


@given(st.text(alphabet=st.sampled_from("RFrf0189 -A货:é"), max_size=60))
def test_find_all__any_text__only_references_that_hold(text: str) -> None:
    for found in reference.find_all(text):
        assert reference.make(found[4:]) == found == iso11649.validate(found)


@given(payloads, st.data())
def test_parse__one_digit_changed__never_read(payload: str, data: st.DataObject) -> None:
    made = reference.make(payload)
    places = [place for place, one in enumerate(made) if one.isdigit()]
    place = data.draw(st.sampled_from(places))
    digit = data.draw(st.sampled_from([one for one in string.digits if one != made[place]]))
    wrong = made[:place] + digit + made[place + 1 :]
    assert code_of(wrong) == "reference_check_digits"
    assert reference.find_all(f"货款{wrong}") == ()


@given(payloads, st.data())
def test_parse__two_digits_swapped__never_read(payload: str, data: st.DataObject) -> None:
    made = reference.make(payload)
    places = [place for place, one in enumerate(made) if one.isdigit()]
    first, second = sorted(data.draw(st.tuples(st.sampled_from(places), st.sampled_from(places))))
    assume(made[first] != made[second])
    wrong = made[:first] + made[second] + made[first + 1 : second] + made[first] + made[second + 1 :]
    assert code_of(wrong) == "reference_check_digits"
    assert reference.find_all(wrong) == ()
