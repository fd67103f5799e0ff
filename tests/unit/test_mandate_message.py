"""A mandate's typed data that somebody else gives us: malformed is refused by name, whatever is wrong in it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from chainfin.errors import BadInput
from chainfin.eth import mandate_message
from chainfin.eth.keys import new_private_key
from chainfin.eth.signer import KeySigner
from chainfin.values.money import Money
from chainfin.values.product import Product


def _typed_data() -> dict[str, Any]:
    return mandate_message.typed_data(
        lender="USCC:99",
        amount=Money(100, "CNY"),
        policies={Product.GENERAL_310: "0x" + "ab" * 32},
        documents={Product.GENERAL_310: "0x" + "cd" * 32},
        grades=("A",),
        rate_floor=Decimal(0),
        not_before=datetime(2026, 1, 1, tzinfo=UTC),
        expires_at=datetime(2027, 1, 1, tzinfo=UTC),
        nonce=1,
        chain_id=1,
        platform="chainfin",
    )


def _of_version_1() -> dict[str, Any]:
    """As mandates were before they named product documents."""
    data = _typed_data()
    data["domain"] = mandate_message.domain(1, "chainfin", "1")
    members = [each for each in data["types"]["Mandate"] if each["name"] != "documents"]
    data["types"] = {**data["types"], "Mandate": members}
    data["message"] = {name: value for name, value in data["message"].items() if name != "documents"}
    return data


def test_version_1__still_recovered__names_no_documents() -> None:
    data, key = _of_version_1(), KeySigner(new_private_key())
    assert mandate_message.recover(data, mandate_message.sign(data, key)) == key.address
    assert mandate_message.hashes(data, "documents") == {}
    assert mandate_message.hashes(_typed_data(), "documents") == {Product.GENERAL_310: "0x" + "cd" * 32}


@pytest.mark.parametrize("version", ["3", "", None, ["2"]])
def test_signed_bytes__version_that_is_none__refused(version: object) -> None:
    data = _typed_data()
    data["domain"] = {**data["domain"], "version": version}
    with pytest.raises(BadInput) as error:
        mandate_message.signed_bytes(data)
    assert error.value.code == "typed_data_malformed"


def test_signed_bytes__documents_left_out_under_the_new_version__refused() -> None:
    data = {**_of_version_1(), "domain": mandate_message.domain(1, "chainfin")}
    with pytest.raises(BadInput) as error:
        mandate_message.signed_bytes(data)
    assert error.value.code == "typed_data_malformed"


@pytest.mark.parametrize("salt", ["0x" + "1>" * 32, "0x" + "11" * 33])
def test_signed_bytes__salt_that_is_no_hash__refused(salt: str) -> None:
    data = _typed_data()
    data["domain"] = {**data["domain"], "salt": salt}
    with pytest.raises(BadInput) as error:
        mandate_message.signed_bytes(data)
    assert error.value.code == "typed_data_malformed"
