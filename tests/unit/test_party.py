"""Legal identifiers, roles and commitments. All companies here are invented; their check digits are computed."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc as stdnum_uscc
from stdnum.iso7064 import mod_97_10

from chainfin.errors import BadInput
from chainfin.values.party import (
    Kind,
    LegalId,
    Role,
    Scheme,
    kind_bits,
    kinds_in,
    legal_commitment,
    legal_id,
    lei,
    role_names,
    roles_from_names,
)
from chainfin.values.party import uscc as read_uscc

USCC_BODY = st.tuples(
    st.text("0123456789", min_size=8, max_size=8), st.text(stdnum_uscc._alphabet, min_size=9, max_size=9)
).map("".join)
LEI_BODY = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=18, max_size=18)
SALT = bytes(range(32))


def sample_uscc(body: str = "91310000MA1FL0000") -> str:
    return body + stdnum_uscc.calc_check_digit(body)


def sample_lei(body: str = "9695000SAMPLE00001") -> str:
    return body + mod_97_10.calc_check_digits(body)


@given(USCC_BODY)
def test_uscc__right_check_digit__accepted(body: str) -> None:
    assert read_uscc(sample_uscc(body)).value == sample_uscc(body)


@given(USCC_BODY, st.sampled_from(stdnum_uscc._alphabet))
def test_uscc__any_other_check_digit__refused(body: str, digit: str) -> None:
    if digit != stdnum_uscc.calc_check_digit(body):
        with pytest.raises(BadInput) as caught:
            read_uscc(body + digit)
        assert caught.value.code == "uscc_invalid"


@given(LEI_BODY, st.integers(0, 99))
def test_lei__only_the_two_right_check_digits__accepted(body: str, digits: int) -> None:
    right = mod_97_10.calc_check_digits(body)
    assert lei(body + right).scheme is Scheme.LEI
    if f"{digits:02d}" != right and digits >= 2:
        with pytest.raises(BadInput) as caught:
            lei(body + f"{digits:02d}")
        # digits congruent modulo 97 (00/97, 01/98, 02/99) are the standard's own ambiguity
        assert caught.value.code == "lei_invalid" or abs(digits - int(right)) == 97


@pytest.mark.parametrize(
    "spoil", [str.lower, lambda s: f" {s}", lambda s: s[:6] + "-" + s[6:], lambda s: s[:-1], lambda s: ""]
)
def test_legal_id__loose_spelling__refused(spoil: Callable[[str], str]) -> None:
    for scheme, value, code in (("USCC", sample_uscc(), "uscc_invalid"), ("LEI", sample_lei(), "lei_invalid")):
        with pytest.raises(BadInput) as caught:
            legal_id(scheme, spoil(value))
        assert caught.value.code == code


def test_legal_id__unknown_scheme__refused() -> None:
    with pytest.raises(BadInput) as caught:
        legal_id("DUNS", "150483782")
    assert caught.value.code == "legal_id_scheme_unknown"


def test_roles__names_round_trip__and_unknown_refused() -> None:
    assert roles_from_names(["core", "lender"]) == Role.CORE | Role.LENDER == 9
    assert role_names(Role(9)) == ["core", "lender"]
    for names, code in ((["king"], "role_unknown"), ([], "roles_empty")):
        with pytest.raises(BadInput) as caught:
            roles_from_names(names)
        assert caught.value.code == code


@given(st.binary(min_size=16, max_size=32), st.binary(min_size=16, max_size=32))
def test_commitment__other_salt__other_value(one: bytes, other: bytes) -> None:
    identity = read_uscc(sample_uscc())
    first, second = legal_commitment(identity, one), legal_commitment(identity, other)
    assert len(first) == 32
    assert (first == second) == (one == other)


def test_commitment__other_company_or_scheme__other_value() -> None:
    values = {
        legal_commitment(identity, SALT)
        for identity in (read_uscc(sample_uscc()), read_uscc(sample_uscc("91310000MA1FL0001")), lei(sample_lei()))
    }
    assert len(values) == 3


def test_commitment__short_salt__refused() -> None:
    with pytest.raises(BadInput) as caught:
        legal_commitment(LegalId(Scheme.USCC, sample_uscc()), b"short")
    assert caught.value.code == "salt_too_short"


def test_kinds__by_name_and_bit__are_those_of_the_contract() -> None:
    source = (Path(__file__).parents[2] / "contracts/src/libraries/Kinds.sol").read_text()
    reply = re.findall(r"uint8 internal constant (\w+) = (\d+);", source)
    assert {name: int(bit) for name, bit in reply} == {kind.name: kind.value for kind in Kind}


@given(st.frozensets(st.sampled_from(Kind)), st.integers(min_value=0))
def test_kinds__as_a_bitmap_and_back__the_same(kinds: frozenset[Kind], strange: int) -> None:
    assert kinds_in(kind_bits(kinds)) == kinds
    assert kinds_in(kind_bits(kinds) | strange << len(Kind)) == kinds, "bits that name none are nobody's"
