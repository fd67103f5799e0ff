"""Product documents: what they say is what loans are made of, and nonsense in them is refused."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from chainfin.errors import BadInput, NotFound
from chainfin.rules.loan import Method, product
from chainfin.values.calendar import OFFICIAL, Adjustment
from chainfin.values.money import DayCount, Money
from chainfin.values.product import Product


def test_documents__every_product_has_one__of_its_own_name() -> None:
    for each in Product:
        assert product.current(each).product is each
        assert product.of_hash(each, product.current(each).hash) == product.current(each)
    assert set(product.CURRENT.values()) | set(product.FIRST.values()) <= set(product.ids())


def test_loan_terms__follow_the_document() -> None:
    document = product.parse(
        {
            **product.document("general-310-v1"),
            "method": "equal_principal",
            "period_months": 3,
            "day_count": "ACT/365",
            "holidays": "preceding",
            "penalty_share": "0.5",
            "cost_cap": "0.2",
        }
    )
    terms = document.loan_terms(
        principal=Money(1_000_00, "CNY"),
        annual_rate=Decimal("0.099999"),
        fee=Money(5_00, "CNY"),
        start=date(2026, 3, 2),
        maturity=date(2027, 3, 2),
        calendar=OFFICIAL,
    )
    assert (terms.method, terms.period_months) == (Method.EQUAL_PRINCIPAL, 3)
    assert (terms.day_count, terms.adjustment) == (DayCount.ACT_365, Adjustment.PRECEDING)
    assert (terms.penalty_rate, terms.cost_cap) == (Decimal("0.050000"), Decimal("0.2"))
    assert (terms.principal, terms.fee, terms.annual_rate) == (
        Money(1_000_00, "CNY"),
        Money(5_00, "CNY"),
        Decimal("0.099999"),
    )


@pytest.mark.parametrize(
    "change",
    [
        {"method": "whenever"}, {"product": "mortgage"}, {"day_count": "30/365"}, {"holidays": "never"},
        {"penalty_share": "a third"}, {"penalty_share": "1.01"}, {"penalty_share": "-0.1"}, {"cost_cap": "NaN"},
        {"cost_cap": "Infinity"}, {"period_months": 0}, {"period_months": "a month"}, {"more": 1},
    ],
)  # fmt: skip
def test_parse__nonsense__refused(change: dict[str, Any]) -> None:
    with pytest.raises(BadInput) as error:
        product.parse({**product.document("general-310-v1"), **change})
    assert error.value.code == "product_document_invalid"


def test_parse__a_member_left_out__refused() -> None:
    whole = product.document("general-310-v1")
    for name in whole:
        with pytest.raises(BadInput) as error:
            product.parse({key: value for key, value in whole.items() if key != name})
        assert error.value.code == "product_document_invalid"


def test_document__that_there_is_none_of__unknown() -> None:
    with pytest.raises(NotFound) as error:
        product.document("../terms")
    assert error.value.code == "product_document_unknown"
    with pytest.raises(NotFound) as error:
        product.of_hash(Product.INVENTORY_PLEDGE, product.current(Product.GENERAL_310).hash)
    assert error.value.code == "product_document_unknown", "another product's document"
