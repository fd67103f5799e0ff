"""A mandate's typed data that somebody else gives us: malformed is refused by name, whatever is wrong in it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from chainfin.errors import BadInput
from chainfin.eth import mandate_message
from chainfin.values.money import Money
from chainfin.values.product import Product


@pytest.mark.parametrize("salt", ["0x" + "1>" * 32, "0x" + "11" * 33])
def test_signed_bytes__salt_that_is_no_hash__refused(salt: str) -> None:
    data = mandate_message.typed_data(
        lender="USCC:99",
        amount=Money(100, "CNY"),
        policies={Product.GENERAL_310: "0x" + "ab" * 32},
        grades=("A",),
        rate_floor=Decimal(0),
        not_before=datetime(2026, 1, 1, tzinfo=UTC),
        expires_at=datetime(2027, 1, 1, tzinfo=UTC),
        nonce=1,
        chain_id=1,
        platform="chainfin",
    )
    data["domain"] = {**data["domain"], "salt": salt}
    with pytest.raises(BadInput) as error:
        mandate_message.signed_bytes(data)
    assert error.value.code == "typed_data_malformed"
