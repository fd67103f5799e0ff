"""What may be lent under a mandate, and when the bank may be ordered to pay under it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from chainfin.errors import BadInput
from chainfin.rules.loan import product
from chainfin.rules.mandate import PAYOUT_TAKES, Mandate, MandateState, Use, live, payable, permits
from chainfin.values.money import Money
from chainfin.values.product import Product

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
POLICY, DOCUMENT = "0x" + "ab" * 32, product.current(Product.GENERAL_310).hash
MANDATE = Mandate(
    id="man_1",
    lender="par_1",
    amount=Money(100_000_00, "CNY"),
    policies={Product.GENERAL_310: POLICY},
    grades=("A", "B"),
    rate_floor=Decimal("0.04"),
    not_before=NOW - timedelta(days=1),
    expires_at=NOW + timedelta(days=30),
    state=MandateState.ACTIVE,
    documents={Product.GENERAL_310: DOCUMENT},
)
USE = Use(Product.GENERAL_310, POLICY, DOCUMENT, "B", Decimal("0.04"), Money(100_000_00, "CNY"))


def test_permits__all_that_it_says__allowed_to_the_last_fen() -> None:
    assert permits(MANDATE, USE, NOW) is None


@pytest.mark.parametrize(
    ("use", "code"),
    [
        (replace(USE, product=Product.INVENTORY_PLEDGE), "mandate_product"),
        (replace(USE, policy="0x" + "cd" * 32), "mandate_policy"),
        (replace(USE, document="0x" + "cd" * 32), "mandate_document"),
        (replace(USE, document=None), "mandate_document"),
        (replace(USE, amount=Money(100_000_00, "USD")), "mandate_currency"),
        (replace(USE, grade="C"), "mandate_grade"),
        (replace(USE, annual_rate=Decimal("0.039999")), "mandate_rate"),
        (replace(USE, amount=Money(100_000_01, "CNY")), "mandate_amount"),
    ],
)
def test_permits__anything_else__refused(use: Use, code: str) -> None:
    refusal = permits(MANDATE, use, NOW)
    assert refusal is not None
    assert refusal.code == code


def test_permits__mandate_from_before_documents__lends_nothing_new() -> None:
    old = replace(MANDATE, documents={})
    refusal = permits(old, USE, NOW)
    assert refusal is not None
    assert refusal.code == "mandate_document"
    assert permits(old, replace(USE, document=None), NOW) is None, "what was lent under it then stands"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount": Money(0, "CNY")}, "mandate_amount_invalid"),
        ({"amount": Money(-1, "CNY")}, "mandate_amount_invalid"),
        ({"policies": {}}, "mandate_products_missing"),
        ({"grades": ()}, "mandate_grades_invalid"),
        ({"grades": ("A", "A")}, "mandate_grades_invalid"),
        ({"grades": ("A", "E")}, "mandate_grades_invalid"),
        ({"rate_floor": Decimal("-0.000001")}, "mandate_rate_invalid"),
        ({"rate_floor": Decimal("1.000001")}, "mandate_rate_invalid"),
        ({"rate_floor": Decimal("0.0000001")}, "mandate_rate_invalid"),
        ({"rate_floor": Decimal("NaN")}, "mandate_rate_invalid"),
        ({"expires_at": MANDATE.not_before}, "mandate_time_invalid"),
        ({"expires_at": MANDATE.not_before - timedelta(seconds=1)}, "mandate_time_invalid"),
    ],
)
def test_mandate__that_cannot_be_one__never_made(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(BadInput) as refused:
        replace(MANDATE, **changes)
    assert refused.value.code == code


def test_live__before_it_begins__not_begun() -> None:
    early = live(MANDATE, MANDATE.not_before - timedelta(microseconds=1))
    assert early is not None
    assert early.code == "mandate_not_begun"
    assert permits(MANDATE, USE, MANDATE.not_before - timedelta(microseconds=1)) == early
    assert live(MANDATE, MANDATE.not_before) is None


def test_payable__in_its_last_day__the_money_may_come_too_late() -> None:
    last = MANDATE.expires_at - PAYOUT_TAKES
    assert payable(MANDATE, last) is None
    late = payable(MANDATE, last + timedelta(seconds=1))
    assert late is not None
    assert permits(MANDATE, USE, last + timedelta(seconds=1)) == late, "no offer that couldn't be accepted"
    assert (late.code, live(MANDATE, last + timedelta(seconds=1))) == ("mandate_expired", None)
    revoked = payable(replace(MANDATE, state=MandateState.REVOKED), NOW)
    assert revoked is not None
    assert revoked.code == "mandate_revoked"
