"""The statutory registry and the data partner against the sandbox over real sockets."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from chainfin.connectors.outcome import Done, Refused
from chainfin.connectors.partners import Partners
from chainfin.connectors.payment_rail import Instruction
from chainfin.connectors.registry import Registration
from chainfin.connectors.sandbox import Sandbox, World
from chainfin.connectors.sandbox.faults import Fault, Rule
from chainfin.services.lending import sales
from chainfin.services.lending.sales import SOURCES
from chainfin.values.money import Money
from tests.e2e.sandbox.conftest import NOW

LOAN = Instruction("loan-1", "6222-0001", "Sample Supplier (invented)", Money(100_00, "CNY"), "loan-1 payout")
PLEDGE = Registration(
    "pledge-1", "S-ID", "L-ID", "receivable", "ab" * 32, Money(100_00, "CNY"), date(2026, 11, 21), date(2027, 2, 21)
)


def test_register__twice_and_through_a_lost_answer__one_number(sandbox: Sandbox, partners: Partners) -> None:
    sandbox.faults.add(Rule(Fault.DROP_AFTER, prefix="/registry", times=2))
    numbers = set()
    for _ in range(2):
        outcome = partners.registry.register(PLEDGE)
        assert isinstance(outcome, Done)
        numbers.add(outcome.value.registry_no)
    assert len(numbers) == 1
    found = partners.registry.search(PLEDGE.asset_hash)
    assert isinstance(found, Done)
    assert [entry.pledge_ref for entry in found.value] == ["pledge-1"]


def test_cancel__twice__struck_out_once_and_gone_from_the_search(partners: Partners) -> None:
    entry = partners.registry.register(PLEDGE)
    assert isinstance(entry, Done)
    number = entry.value.registry_no or ""
    for _ in range(2):
        cancelled = partners.registry.cancel("pledge-1", number, "repaid")
        assert isinstance(cancelled, Done)
        assert cancelled.value.cancelled_at == NOW
    found = partners.registry.search(PLEDGE.asset_hash)
    assert isinstance(found, Done)
    assert found.value == ()
    again = partners.registry.register(PLEDGE)
    assert isinstance(again, Refused)
    assert again.code == "registry_entry_cancelled"


def test_search__two_pledges_of_one_asset__the_earlier_ranks_first(partners: Partners) -> None:
    for reference in ("z-first", "a-second"):
        assert isinstance(partners.registry.register(replace(PLEDGE, pledge_ref=reference)), Done)
    found = partners.registry.search(PLEDGE.asset_hash)
    assert isinstance(found, Done)
    assert [entry.pledge_ref for entry in found.value] == ["z-first", "a-second"]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        (replace(PLEDGE, amount=Money(1, "CNY")), "registry_entry_conflict"),
        (replace(PLEDGE, pledge_ref="pledge-2", ends_on=date(2026, 11, 20)), "registry_term_invalid"),
        (replace(PLEDGE, pledge_ref="pledge-3", amount=Money(0, "CNY")), "amount_not_positive"),
    ],
)
def test_register__what_the_registry_does_not_take__refused(
    partners: Partners, changed: Registration, code: str
) -> None:
    assert isinstance(partners.registry.register(PLEDGE), Done)
    outcome = partners.registry.register(changed)
    assert isinstance(outcome, Refused)
    assert outcome.code == code


def test_cancel__wrong_number__registry_entry_unknown(partners: Partners) -> None:
    partners.registry.register(PLEDGE)
    outcome = partners.registry.cancel("pledge-1", "SB0", "repaid")
    assert isinstance(outcome, Refused)
    assert outcome.code == "registry_entry_unknown"
    missing = partners.registry.query("pledge-9")
    assert isinstance(missing, Done)
    assert missing.value.status == "not_found"


def test_fetch__several_sources__each_for_itself(sandbox: Sandbox, partners: Partners, world: World) -> None:
    token = world.consents("S-ID", ("marketplace", "payments", "weather"), date(2026, 12, 31))
    world.has_data("S-ID", "marketplace", date(2026, 11, 20), {"total": "12.34"})
    sandbox.faults.add(Rule(Fault.ERROR_AFTER, prefix="/data/sources/payments", times=9))
    found = partners.data.fetch("S-ID", token, ["marketplace", "payments", "tax", "weather"])
    reply = found["marketplace"]
    assert isinstance(reply, Done)
    assert (reply.value.payload, reply.value.as_of) == ({"total": "12.34"}, date(2026, 11, 20))
    rest = {name: getattr(found[name], "code", None) for name in ("payments", "tax", "weather")}
    assert rest == {
        "payments": "data_source_unavailable",
        "tax": "data_consent_missing",
        "weather": "data_source_unknown",
    }


@pytest.mark.parametrize(("subject", "until"), [("OTHER", date(2026, 12, 31)), ("S-ID", date(2026, 11, 20))])
def test_fetch__consent_of_another_or_expired__data_consent_missing(
    partners: Partners, world: World, subject: str, until: date
) -> None:
    token = world.consents(subject, ("marketplace",), until)
    outcome = partners.data.fetch("S-ID", token, ["marketplace"])["marketplace"]
    assert isinstance(outcome, Refused)
    assert outcome.code == "data_consent_missing"


def test_fetch__bad_signature__data_signature_invalid(sandbox: Sandbox, partners: Partners, world: World) -> None:
    token = world.consents("S-ID", ("marketplace",), date(2026, 12, 31))
    sandbox.faults.add(Rule(Fault.BAD_SIGNATURE, prefix="/data/sources"))
    outcome = partners.data.fetch("S-ID", token, ["marketplace"])["marketplace"]
    assert isinstance(outcome, Refused)
    assert outcome.code == "data_signature_invalid"


@pytest.mark.parametrize("source", SOURCES)
def test_fetch__subject_without_stored_data__the_same_invented_year_that_the_services_can_read(
    partners: Partners, world: World, source: str
) -> None:
    token = world.consents("S-ID", SOURCES, date(2026, 12, 31))
    first, second = (partners.data.fetch_one("S-ID", token, source) for _ in range(2))
    assert isinstance(first, Done)
    assert isinstance(second, Done)
    assert first.value.payload == second.value.payload
    assert isinstance(first.value.payload, dict)
    reduced = sales.reduce(first.value.payload, first.value.as_of, "CNY", source)
    assert len(reduced.months) == 12
    assert all(month.net_minor > 0 for month in reduced.months)
