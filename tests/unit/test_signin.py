"""Wallet sign-in (EIP-4361)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from hypothesis import given
from hypothesis import strategies as st

from chainfin.errors import BadInput, ChainfinError, Unauthenticated
from chainfin.eth.keys import address_of, sign_digest
from chainfin.eth.siwe import parse_siwe, personal_digest, siwe_message, verify_siwe

KEY = b"\x11" * 32
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
NONCE = "a1b2c3d4e5f6"


def message(**changes: object) -> str:
    fields: dict[str, object] = {
        "domain": "chainfin.example",
        "address": address_of(KEY),
        "uri": "https://chainfin.example/v1/sessions",
        "chain_id": 310310,
        "nonce": NONCE,
        "issued_at": NOW,
        "expires_at": NOW + timedelta(minutes=5),
        "statement": "Sign in to chainfin.",
    }
    return siwe_message(**{**fields, **changes})  # type: ignore[arg-type]  # keyword by keyword above


def check(text: str, *, key: bytes = KEY, now: datetime = NOW) -> None:
    signature = sign_digest(personal_digest(text), key)
    verify_siwe(text, signature, domain="chainfin.example", nonce=NONCE, chain_id=310310, now=now)


def test_siwe__a_wallets_own_signature__accepted() -> None:
    text = message()
    signed = Account.sign_message(encode_defunct(text=text), KEY)
    found = verify_siwe(text, bytes(signed.signature), domain="chainfin.example", nonce=NONCE, chain_id=310310, now=NOW)
    assert found.address == address_of(KEY)


@given(st.one_of(st.none(), st.text("abc def.", min_size=1, max_size=40)))
def test_siwe__written_and_read__the_same(statement: str | None) -> None:
    found = parse_siwe(message(statement=statement))
    assert (found.statement, found.nonce, found.issued_at) == (statement, NONCE, NOW)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"domain": "evil.example"}, "siwe_domain_foreign"),
        ({"nonce": "ffffffffffff"}, "siwe_nonce_foreign"),
        ({"chain_id": 1}, "siwe_chain_foreign"),
        ({"issued_at": NOW + timedelta(minutes=2)}, "siwe_not_yet_valid"),
        ({"expires_at": NOW}, "siwe_expired"),
        ({"expires_at": None, "issued_at": NOW - timedelta(hours=1)}, "siwe_expired"),
        ({"address": address_of(b"\x22" * 32)}, "siwe_signature_foreign"),
    ],
)
def test_siwe__not_for_us_or_not_now__refused(changes: dict[str, object], code: str) -> None:
    with pytest.raises(Unauthenticated) as caught:
        check(message(**changes))
    assert caught.value.code == code


@pytest.mark.parametrize(
    "spoil",
    [
        lambda t: t.replace(address_of(KEY), address_of(KEY).lower()),
        lambda t: t.replace("Version: 1", "Version: 2"),
        lambda t: t.replace("Issued At: 2026", "Issued At: tomorrow"),
        lambda t: t.replace(f"Nonce: {NONCE}", "Nonce: short"),
        lambda t: t + "\nResources:\n- https://evil.example",
        lambda t: t.replace("Chain ID", "ChainID"),
        lambda t: "x" * 5000,
        lambda t: "",
    ],
)
def test_siwe__malformed__refused(spoil: Callable[[str], str]) -> None:
    with pytest.raises(BadInput) as caught:
        parse_siwe(spoil(message()))
    assert caught.value.code == "siwe_malformed"


def test_siwe__garbage_signature__refused() -> None:
    with pytest.raises(ChainfinError) as caught:
        verify_siwe(message(), b"\0" * 65, domain="chainfin.example", nonce=NONCE, chain_id=310310, now=NOW)
    assert caught.value.code == "signature_malformed"
