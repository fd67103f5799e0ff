"""Whatever a partner answers over the wire (any text, any time, any JSON) is taken in or put aside: money leaves once,
each refusal is seen, and nothing is asked for ever. `CHAINFIN_PARTNER_TEXTS` is the number of examples a test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta, timezone
from itertools import count
from sqlite3 import Connection, Row
from typing import Any

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from chainfin.connectors.sandbox import data as sandbox_data
from chainfin.connectors.sandbox import rail as sandbox_rail
from chainfin.connectors.sandbox import registry as sandbox_registry
from chainfin.connectors.sandbox.context import SandboxError
from chainfin.connectors.wire import DataAnswer
from chainfin.connectors.worker import TRIES
from chainfin.rules import ledger
from chainfin.services.kernel.context import OPERATOR
from chainfin.services.lending import applications
from chainfin.services.oversight import parked
from chainfin.services.pledges import register
from chainfin.services.reactions import partner_results
from chainfin.services.views.oversight import ParkedView
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.storage.trade_tables import ReceivableRow
from chainfin.storage.types import storable
from tests.e2e.site import Site
from tests.e2e.test_partner_results import TIMES
from tests.e2e.test_partners_texts import ANY, LENT, TEXT, bad_number, loops_go_on, open_commands, owed
from tests.properties.test_sales_reading import ANYTHING, PAYLOADS

EXAMPLES = int(os.environ.get("CHAINFIN_PARTNER_TEXTS", "3"))
# an example costs a deal: those that fail aren't made smaller
FEW = settings(ANY, max_examples=EXAMPLES, phases=(Phase.explicit, Phase.generate))
ZONES = st.integers(-14 * 60 + 1, 14 * 60 - 1).map(lambda minutes: timezone(timedelta(minutes=minutes)))
SINCE = st.timedeltas(timedelta(days=-3), timedelta(days=3))
"""From now on; the rest of the calendar is in `TIMES` and in any datetime."""
MOMENTS = SINCE | st.datetimes(timezones=ZONES) | st.sampled_from(list(TIMES.values())).map(datetime.fromisoformat)
AMOUNTS = count(2_00)


def ask_on(site: Site) -> None:
    """So long that what is tried again and again has been."""
    for _ in range(TRIES + 1):
        site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(minutes=1))
        site.inst.worker.run_once()


@contextmanager
def answering(module: Any, function: str, **fields: Any) -> Iterator[None]:
    """The sandbox's answers have these fields instead."""
    plain: Callable[..., Any] = getattr(module, function)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, function, lambda *given: plain(*given).model_copy(update=fields))
        yield


@contextmanager
def refusing(module: Any, function: str, code: str, message: str) -> Iterator[None]:
    """The sandbox says no, signed, in these words."""

    def no(*_given: Any) -> Any:
        raise SandboxError(409, code, message)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, function, no)
        yield


@contextmanager
def bank_refuses(code: str, message: str) -> Iterator[None]:
    """It pays nothing, and says why in these words."""
    plain = sandbox_rail._pay
    said = (
        "UPDATE payment SET status = 'refused', bank_reference = NULL, code = ?, message = ? WHERE instruction_id = ?"
    )

    def refused(db: Connection, instruction_id: str, *given: Any) -> Row:
        plain(db, instruction_id, *given)
        db.execute(said, (code, message, instruction_id))
        return sandbox_rail._known(db, instruction_id)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sandbox_rail, "_pay", refused)
        yield


def waiting(site: Site) -> list[ParkedView]:
    items = parked.list_(site.ctx, OPERATOR, status="open", after="", limit=500)
    return [each for each in items if each.source == partner_results.SOURCE]


@FEW
@given(reference=TEXT, drawn=MOMENTS)
@example(reference=":/ \0长", drawn=timedelta())
@example(reference="", drawn=timedelta(days=2))
def test_payout_and_refund__confirmed_in_any_words_at_any_time__booked_or_waiting_and_paid_once(
    site: Site, owed: tuple[ReceivableRow, str], reference: str, drawn: timedelta | datetime
) -> None:
    missing = site.bank_cash() - site.balance(ledger.CASH)
    asked, late = site.ctx.clock.now(), timedelta(hours=1)
    at = drawn if isinstance(drawn, datetime) else asked + drawn
    back = site.pays(next(AMOUNTS), "nobody's")
    with (
        answering(sandbox_rail, "_payment", bank_reference=reference, at=at),
        answering(sandbox_rail, "_refund", refund_reference=reference, at=at),
    ):
        paid = site.pays(next(AMOUNTS), f"RECEIVABLE {owed[0].id}")
        site.sends_back(back)
        if any(row.status != "done" for row in (*site.payouts(paid), *site.refunds(back))):
            ask_on(site)
        ends = [row.status for row in (*site.payouts(paid), *site.refunds(back))]
    day = timedelta(days=1)
    if asked - day + late < at < asked + day - late:
        assert ends == ["done", "done"]
    elif not asked - day <= at <= asked + day + late:
        assert ends == ["parked", "parked"]
    for item in waiting(site):
        assert item.reason == "partner_time_implausible"
        parked.retry(site.ctx, OPERATOR, item.id, site.inst.retries())
    site.run()
    rows = (*site.payouts(paid), *site.refunds(back))
    assert [row.status for row in rows] == ["done", "done"]
    assert site.payments().count(str(rows[0].payload["instruction_id"])) == 1
    assert site.bank_cash() - site.balance(ledger.CASH) == missing
    assert (open_commands(site), waiting(site)) == ([], [])
    loops_go_on(site)


@FEW
@given(code=TEXT, message=TEXT)
@example(code="a:b/c \0", message="")
def test_refusal__of_bank_registry_and_data_partner_over_the_wire__kept_and_seen(
    site: Site, code: str, message: str
) -> None:
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    with bank_refuses(code, message):
        paid = site.pays(next(AMOUNTS), f"RECEIVABLE {asset.id}")
    row = site.incoming(paid)
    assert (row.status, row.reason) == ("payout_refused", storable(code) or "payment_refused")
    with refusing(sandbox_rail, "_refund", code, message):
        back = site.pays(next(AMOUNTS), "nobody's")
        site.sends_back(back)
    row = site.incoming(back)
    assert (row.status, row.reason) == ("suspense", storable(code))
    application = site.offered(borrower, LENT, asset.id)
    with refusing(sandbox_registry, "_register", code, message):
        applications.accept(site.ctx, borrower, application)
        site.run()
    seen = site.application(application)
    assert (seen.row.status, seen.progress[-1].detail["code"]) == ("failed", storable(code))
    consent = {"token": "token", "sources": ["marketplace"]}
    with refusing(sandbox_data, "_check_consent", code, message):
        general = site.apply(borrower, 10_000_00, None, product="general_310", consent=consent)
        site.run()
    assert site.application(general).row.status in ("declined", "review")
    assert (open_commands(site), waiting(site)) == ([], [])
    loops_go_on(site)


@FEW
@given(payload=PAYLOADS | ANYTHING, as_of=st.dates())
@example(payload={"currency": "CNY", "takings": [None]}, as_of=date(9999, 12, 31))
@example(payload={"currency": "CNY", "takings": [{"on": "0001-01-01", "gross": "1"}]}, as_of=date(1, 1, 1))
def test_data__any_json_of_any_day__decided(site: Site, payload: Any, as_of: date) -> None:
    borrower = site.borrower()
    consent = {"token": "token", "sources": ["marketplace"]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sandbox_data, "_check_consent", lambda *_: None)
        said = {"payload": payload, "as_of": as_of}
        patch.setattr(sandbox_data, "DataAnswer", lambda **told: DataAnswer(**{**told, **said}))
        general = site.apply(borrower, 10_000_00, None, product="general_310", consent=consent)
        site.run()
        ask_on(site)
    assert site.application(general).row.status in ("declined", "review", "offered")
    assert (open_commands(site), waiting(site)) == ([], [])
    loops_go_on(site)


@settings(FEW, max_examples=max(2, EXAMPLES // 2))
@given(number=TEXT)
@example(number="\0")
def test_registry__any_number__pledged_under_it_or_struck_out(site: Site, number: str) -> None:
    with site.ctx.store.read() as session:
        why = register.unusable(session, "0x" + "00" * 32, number)
    with pytest.MonkeyPatch.context() as patch:
        found = bad_number(site, site.borrower(), number, patch)
    with site.ctx.store.read() as session:
        pledge = session.exec(select(PledgeRow).where(PledgeRow.loan_id == found.row.loan_id)).one()
    struck = [(row.status, row.payload["registry_no"]) for row in site.struck_out(pledge.id)]
    if why is None:
        assert (found.row.status, pledge.registry_number, struck) == ("funded", number, [])
    else:
        assert (found.row.status, found.progress[-1].detail["code"]) == ("failed", why.code)
        # a number that no database can keep isn't the registry's any more: that it stands there is the finding
        told = storable(number)
        assert struck == [("done" if told == number else "refused", told)]
        assert (pledge.status, site.receivable(pledge.asset_id).reserved) == ("failed", 0)
    assert (open_commands(site), waiting(site)) == ([], [])
    loops_go_on(site)


__all__ = ["owed"]
"""The fixture of the texts' tests."""
