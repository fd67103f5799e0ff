"""What a partner writes is data: whatever characters it uses, money is taken in (or its line parked), leaves once, and
the loops go on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from chainfin.connectors.outcome import Done, Outcome, Refused
from chainfin.connectors.sandbox import registry as sandbox_registry
from chainfin.rules import ledger
from chainfin.services.kernel.commands import FetchData, PayHolder, Refund
from chainfin.services.kernel.context import Actor
from chainfin.services.lending import applications
from chainfin.services.payments import incoming
from chainfin.services.payments.allocation import Arrival
from chainfin.services.payments.bank_line import StatementLine
from chainfin.services.pledges import register
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.lending_tables import COLLECTION_ACCOUNT, IncomingRow
from chainfin.storage.oversight_tables import ParkedItemRow
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.storage.trade_tables import ReceivableRow
from chainfin.storage.types import storable
from chainfin.values import instruction
from chainfin.values.money import Money
from tests.e2e.onchain import view
from tests.e2e.site import FACE, Applied, Site
from tests.e2e.site_books import check_books
from tests.e2e.site_money import CNY

LENT = 500_000_00
ODD = (
    "SBI:9A45:0001",
    "HK/2026/0001",
    "HK/2026/0001:2",
    " 7 of 8 ",
    "回单 2026/03:第一号",
    "..",
    "%2F?x=1#y",
    "inc_0:1-2",
    "长" * 140,
)
"""Among them one that is the beginning of another's."""


def loops_go_on(site: Site) -> None:
    """Every step by hand ended well (else it would have raised), and no text made one of them fail inside."""
    assert [loop.name for loop in site.inst.loops.values() if loop.view.failures] == []
    assert [item.detail for item in parked_items(site) if item.reason == "item_not_applied"] == []


def parked_items(site: Site) -> list[ParkedItemRow]:
    with site.ctx.store.read() as session:
        return list(session.exec(select(ParkedItemRow).order_by(col(ParkedItemRow.id))).all())


@pytest.mark.parametrize("reference", ODD)
def test_holder__payment_of_an_odd_reference__paid_out_once(site: Site, reference: str) -> None:
    holder = site.borrower()
    asset = site.confirmed(holder)
    before = site.payments()
    ref = site.pays(FACE, f"RECEIVABLE {asset.id}", payer="付款人/1:2 ", payer_name="付:款/人 ", bank_ref=reference)
    assert ref == reference
    row = site.incoming(ref)
    assert (row.status, row.payer_account) == ("applied", "付款人/1:2 ")
    (out,) = site.payouts(ref)
    assert (out.status, out.payload["amount"]) == ("done", str(Money(FACE, CNY)))
    number = str(out.payload["instruction_id"])
    assert instruction.FORM.fullmatch(number)
    assert [each for each in site.payments() if each not in before] == [number]
    assert site.receivable(asset.id).status == "settled"
    assert view(site.inst, "Receivables", "receivable", asset.id)["settled"] == FACE
    loops_go_on(site)


@pytest.mark.parametrize("reference", [f"{ref}+" for ref in ODD[:-1]] + ["还" * 140])
def test_refund__payment_of_an_odd_reference__goes_back_once(site: Site, reference: str) -> None:
    ref = site.pays(44_00, "谢谢:/", bank_ref=reference)
    site.sends_back(ref)
    row = site.incoming(ref)
    assert (row.status, row.reason) == ("refunded", "remittance_unknown")
    (back,) = site.refunds(ref)
    assert instruction.FORM.fullmatch(str(back.payload["instruction_id"]))
    assert site.balance(ledger.SUSPENSE, ref=row.id) == 0
    loops_go_on(site)


def test_references__one_begins_as_another__each_its_own_payment(site: Site) -> None:
    holders = [site.borrower(account=account) for account in ("CLOSED-6228-9", None)]
    assets = [site.confirmed(holder) for holder in holders]
    refs = ("Q1", "Q1:2")
    for ref, asset in zip(refs, assets, strict=True):
        site.pays(FACE, f"RECEIVABLE {asset.id}", bank_ref=ref)
    assert [site.incoming(ref).status for ref in refs] == ["payout_refused", "applied"]
    assert [[out.status for out in site.payouts(ref)] for ref in refs] == [["refused"], ["done"]]


# one reference, used again ------------------------------------------------------------------------


def all_of(site: Site, reference: str) -> list[IncomingRow]:
    with site.ctx.store.read() as session:
        rows = session.exec(select(IncomingRow).where(IncomingRow.bank_ref == reference)).all()
    return sorted(rows, key=lambda row: row.repeat)


def test_reference__used_again_for_another_amount__held_and_nothing_lost(site: Site) -> None:
    holder = site.borrower()
    asset = site.confirmed(holder)
    suspended = site.balance(ledger.SUSPENSE)
    known = {item.id for item in parked_items(site)}
    for amount in (100_00, 250_00):
        site.pays(amount, f"RECEIVABLE {asset.id}", bank_ref="TWICE:1")
    first, second = all_of(site, "TWICE:1")
    assert (first.status, first.amount) == ("applied", 100_00)
    assert (second.status, second.reason, second.unapplied) == ("unmatched", "bank_reference_reused", 250_00)
    (seen,) = (item for item in parked_items(site) if item.id not in known)
    assert (seen.source, seen.reason, seen.status) == ("unmatched_payments", "bank_reference_reused", "open")
    assert second.id in seen.payload
    assert [out.payload["amount"] for out in site.payouts("TWICE:1")] == ["100.00"]
    assert site.balance(ledger.SUSPENSE) - suspended == 250_00
    check_books(site)
    loops_go_on(site)


def test_payment__told_again__taken_once(site: Site) -> None:
    ref = site.pays(31_00, "nobody's", bank_ref="AGAIN/1")
    row = site.incoming(ref)
    again = Arrival(
        bank_ref=ref,
        sequence=row.sequence,
        payer_account=row.payer_account,
        payee_account=COLLECTION_ACCOUNT,
        amount=Money(31_00, CNY),
        remittance=row.remittance,
        received_on=row.received_on,
        evidence={},
    )
    for sequence in (row.sequence, row.sequence + 10**6):
        line = StatementLine(f'"{sequence}"', ref, replace(again, sequence=sequence))
        assert incoming.take_in(site.ctx, [line], incoming.cursor(site.ctx)) == []
    site.sends_back(ref)
    assert len(all_of(site, ref)) == len(site.refunds(ref)) == 1


# any text -----------------------------------------------------------------------------------------

TEXT = st.text(max_size=140) | st.text(":/ -.%长\0", max_size=140)
BANKS = TEXT.map(lambda text: text.replace("\0", ""))
"""What a bank's line can carry: an empty reference or a NUL is parked (see `test_parked`, `test_bank_lines`)."""
ANY = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture(scope="module")
def owed(shared_site: Site) -> tuple[ReceivableRow, str]:
    """A receivable of which nothing is pledged, and a loan on another: there is room for many small payments."""
    holder = shared_site.borrower()
    free = shared_site.confirmed(holder)
    return free, shared_site.funded(holder, LENT, shared_site.confirmed(holder).id)


AMOUNTS = count(1_00)
"""In fen; no two payments are of the same amount, so that none is another told again."""


@ANY
@given(
    reference=BANKS.filter(bool),
    account=BANKS,
    name=BANKS,
    said=BANKS,
    aim=st.sampled_from(["nobody", "receivable", "loan", "buy_back"]),
    twice=st.booleans(),
)
@example(reference=":", account="", name="", said="", aim="receivable", twice=True)
def test_payment__of_any_text__in_the_book_once_and_out_once(
    site: Site,
    owed: tuple[ReceivableRow, str],
    reference: str,
    account: str,
    name: str,
    said: str,
    aim: str,
    twice: bool,
) -> None:
    asset, loan_id = owed
    text = {"nobody": said, "receivable": f"RECEIVABLE {asset.id}", "loan": f"LOAN {loan_id}"}.get(
        aim, f"BUYBACK {said}"
    )
    known = {row.id for row in all_of(site, storable(reference))}
    items, missing = len(parked_items(site)), site.bank_cash() - site.balance(ledger.CASH)
    amounts = [next(AMOUNTS) for _ in range(2 if twice else 1)]
    for amount in amounts:
        site.pays(amount, text, payer=account, payer_name=name, bank_ref=reference)
    rows = [row for row in all_of(site, storable(reference)) if row.id not in known]
    assert [row.amount for row in rows] == amounts
    nameless = [row for row in rows if row.status == "unmatched"]
    assert {row.id for row in rows if row.repeat} <= {row.id for row in nameless}, "held for a person"
    assert len(parked_items(site)) - items == len(nameless)
    for row in nameless:
        site.sends_back(reference, row)
    rows = [row for row in all_of(site, storable(reference)) if row.id not in known]
    for row in rows:
        outs = site.commands(PayHolder, correlation=row.id)
        backs = site.commands(Refund, correlation=row.id)
        paid = sum(Money.parse(str(out.payload["amount"]), CNY).minor for out in outs)
        if row.repeat or (backs and twice):
            # by an account and a name, since the reference is two payments': what is none can't be paid to
            (back,) = backs
            assert (row.status, back.status) in [("refunded", "done"), ("suspense", "refused")]
            assert (row.unapplied, outs) == (row.amount, [])
        elif aim == "receivable":
            assert (row.status, paid, [out.status for out in outs]) == ("applied", row.amount, ["done"])
        elif aim == "loan":
            assert (row.status, row.unapplied, outs) == ("applied", 0, [])
        else:
            assert [(row.status, back.status) for back in backs] == [("refunded", "done")]
            assert row.unapplied == row.amount
    assert site.bank_cash() - site.balance(ledger.CASH) == missing
    loops_go_on(site)


# the registry's numbers ---------------------------------------------------------------------------


def bad_number(site: Site, borrower: Actor, number: str, monkeypatch: pytest.MonkeyPatch) -> Applied:
    asset = site.confirmed(borrower)
    application = site.offered(borrower, LENT, asset.id)
    with monkeypatch.context() as patch:
        patch.setattr(sandbox_registry, "registry_number", lambda _pledge: number)
        applications.accept(site.ctx, borrower, application)
        site.run()
    return site.application(application)


@pytest.mark.parametrize("number", ["中登00123456789", "N" * 33, "", "SB\t长:/", "SB\u00a012", "??"])
def test_registry__number_that_no_pledge_can_carry__application_fails_and_it_is_struck_out(
    site: Site, monkeypatch: pytest.MonkeyPatch, number: str
) -> None:
    found = bad_number(site, site.borrower(), number, monkeypatch)
    assert found.row.status == "failed"
    assert found.progress[-1].detail["code"] == "registry_number_invalid"
    with site.ctx.store.read() as session:
        pledge = session.exec(select(PledgeRow).where(PledgeRow.loan_id == found.row.loan_id)).one()
    (struck,) = site.struck_out(pledge.id)
    assert (struck.status, struck.payload["registry_no"]) == ("done", number)
    assert (pledge.status, site.receivable(pledge.asset_id).reserved) == ("failed", 0)
    assert open_commands(site) == []
    loops_go_on(site)


def test_registry__number_of_another_pledge__application_fails(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    borrower = site.borrower()
    first, second = (bad_number(site, borrower, "SB 1:2/3", monkeypatch) for _ in range(2))
    assert first.row.status == "funded", "blanks, colons and slashes are a number like any other"
    assert second.row.status == "failed"
    assert second.progress[-1].detail["code"] == "registry_number_taken"
    assert open_commands(site) == []


@settings(ANY, max_examples=100)
@given(number=TEXT)
def test_registry_number__any_text__usable_or_said_why(site: Site, number: str) -> None:
    with site.ctx.store.read() as session:
        why = register.unusable(session, "0x" + "00" * 32, number)
    usable = 0 < len(number) <= 32 and number.isascii() and "\0" not in number and "?" not in number
    assert (why is None) == usable
    if usable:
        assert bytes.fromhex(register.registry_hex(number)[2:]).rstrip(b"\0").decode() == number


# codes and messages -------------------------------------------------------------------------------


@settings(ANY, max_examples=8)
@given(code=TEXT, message=TEXT)
@example(code="a:b/c \0", message="")
def test_refusal__of_any_code__kept_and_seen(site: Site, code: str, message: str) -> None:
    """Data partner, registry and bank each say no in words of their own."""
    fetched = site.borrower()
    consent = {"token": "token", "sources": ["marketplace"]}
    said: dict[str, object] = {"sources": {"marketplace": {"status": "refused", "code": code, "message": message}}}
    with answering(site, FetchData.TOPIC, Done(said)):
        general = site.apply(fetched, 10_000_00, None, product="general_310", consent=consent)
        site.run()
    assert site.application(general).row.status in ("declined", "review", "offered")
    with answering(site, FetchData.TOPIC, Refused(code, message)):
        again = site.apply(fetched, 10_000_00, None, product="general_310", consent=consent)
        site.run()
    assert site.application(again).row.status in ("declined", "review", "offered")
    ref = site.pays(next(AMOUNTS), "nobody's", bank_ref=None)
    with answering(site, Refund.TOPIC, Refused(code, message)):
        site.sends_back(ref)
    row = site.incoming(ref)
    assert (row.status, row.reason) == ("suspense", storable(code))
    assert open_commands(site) == []
    loops_go_on(site)


@contextmanager
def answering(site: Site, topic: str, outcome: Outcome[dict[str, object]]) -> Iterator[None]:
    """The partner's answer to each command of the topic."""
    handlers = site.inst.worker._handlers
    kept = handlers[topic]
    handlers[topic] = lambda _task: outcome
    try:
        yield
    finally:
        handlers[topic] = kept


def open_commands(site: Site) -> list[tuple[str, str | None]]:
    """Commands that have not come to an end: one that can't be taken in is asked about for ever."""
    with site.ctx.store.read() as session:
        waiting = col(OutboxRow.status).in_(("due", "claimed", "unknown"))
        return list(session.exec(select(OutboxRow.key, OutboxRow.error).where(waiting)).all())
