"""Amounts in policies name their currency: no threshold is the same number in two currencies by accident."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from chainfin.errors import BadInput
from chainfin.risk import decide_general, decide_inventory, decide_receivable, load_policy, policy_document
from chainfin.risk.policy import GENERAL_POLICY, INVENTORY_POLICY, RECEIVABLE_POLICY, parse_policy
from tests.unit.risk_samples import general_inputs, inventory_inputs, receivable_inputs

CURRENT = (RECEIVABLE_POLICY, INVENTORY_POLICY, GENERAL_POLICY)
ALL = [(decide_receivable, receivable_inputs), (decide_inventory, inventory_inputs), (decide_general, general_inputs)]


def codes(reasons: Any) -> list[str]:
    return [reason.code for reason in reasons]


@pytest.mark.parametrize("name", CURRENT)
def test_policy__every_amount__is_named_in_every_currency_it_lends_in(name: str) -> None:
    policy = load_policy(name)
    currencies = {frozenset(each) for each in policy.amounts.values()}
    assert len(currencies) == 1
    assert {"CNY", "USD"} <= next(iter(currencies))
    assert all(each["USD"] < each["CNY"] for each in policy.amounts.values()), "a dollar is more than a yuan"


@pytest.mark.parametrize("name", CURRENT)
def test_policy__tables__hold_no_number_where_an_amount_belongs(name: str) -> None:
    for node in policy_document(name)["decision"]["nodes"]:
        content = node.get("content", {"inputs": [], "outputs": [], "rules": []})
        for column in (*content["inputs"], *content["outputs"]):
            if column["field"].endswith("_minor"):
                cells = [rule[column["id"]] for rule in content["rules"]]
                bare = [cell for cell in cells if any(char.isdigit() for char in cell)]
                assert set(bare) <= {"0", "!= null and $ <= 0"}, (name, node["id"], column["name"])


@pytest.mark.parametrize(
    ("asked", "currency", "review"),
    [
        (7_500_000_01, "USD", True),
        (7_500_000_00, "USD", False),
        (7_500_000_01, "CNY", False),
        (50_000_000_01, "CNY", True),
    ],
)
def test_review__of_a_large_amount__begins_where_its_currency_says(asked: int, currency: str, review: bool) -> None:
    change = {"application.amount_minor": asked, "application.currency": currency}
    assert ("large_amount" in codes(decide_receivable(receivable_inputs(**change)).outcome.reviews)) is review


def test_minimum__in_another_currency__is_that_currencys() -> None:
    for currency, least in (("CNY", 1000), ("USD", 150), ("HUF", 500_00)):
        for asked, refused in ((least - 1, True), (least, False)):
            change = {"application.amount_minor": asked, "application.currency": currency}
            found = codes(decide_receivable(receivable_inputs(**change)).outcome.refusals)
            assert ("amount_below_minimum" in found) is refused, (currency, asked)


def test_cap__of_the_general_path__is_the_currencys() -> None:
    """Sales that would carry any limit: the cap is what is left of it."""
    base = general_inputs()
    months = [{**month, "gross_minor": "99999999999"} for month in base["sales"]["months"]]
    for currency, cap in (("CNY", 300_000_000), ("USD", 45_000_000)):
        sales = {**base["sales"], "months": months, "currency": currency}
        outcome = decide_general(general_inputs(sales=sales, **{"application.currency": currency})).as_dict()["outcome"]
        assert outcome["limit_minor"] == str(cap)


@pytest.mark.parametrize(("decide", "sample"), ALL)
@pytest.mark.parametrize("amount", [1, 80_000_00, 2**62])
def test_currency__not_listed__refused_whatever_the_amount(decide: Any, sample: Any, amount: int) -> None:
    change: dict[str, Any] = {"application.currency": "KRW", "application.amount_minor": amount}
    if decide is decide_general:
        change["sales.currency"] = "KRW"
    outcome = decide(sample(**change)).outcome
    assert outcome.decision == "declined"
    assert "currency_not_financed" in codes(outcome.refusals)
    assert (outcome.amount_minor, outcome.reviews) == (0, ())


@pytest.mark.parametrize(
    "edit",
    [
        lambda amounts: amounts["least_minor"].pop("USD"),
        lambda amounts: amounts["least_minor"].update(CNY=0),
        lambda amounts: amounts["least_minor"].update(CNY=10.5),
        lambda amounts: amounts["least_minor"].update(XXX=1),
        lambda amounts: amounts.pop("least_minor"),
        lambda amounts: amounts.update(requested_minor=amounts["least_minor"]),
    ],
)
def test_parse_policy__amounts_not_whole_or_not_in_all_currencies__policy_invalid(edit: Any) -> None:
    document = copy.deepcopy(policy_document(RECEIVABLE_POLICY))
    edit(document["amounts"])
    with pytest.raises(BadInput) as refused:
        parse_policy(document)
    assert refused.value.code == "policy_invalid"
