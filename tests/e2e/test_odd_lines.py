"""Every kind of odd line and page of a bank in one table: what each comes to – taken, held, parked or refused – and
that its neighbours are taken in."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from chainfin.connectors.outcome import Unknown
from chainfin.connectors.payment_rail import IncomingPage, Line, PaymentRail
from chainfin.connectors.sandbox import World
from chainfin.connectors.sandbox.faults import Fault, Rule
from chainfin.errors import Conflict, Unavailable
from chainfin.jws import sign
from chainfin.rules import ledger
from chainfin.runtime.installation import Installation
from chainfin.services.books import bank_statement, journals
from chainfin.services.kernel import parking
from chainfin.services.kernel.context import OPERATOR
from chainfin.services.oversight import parked, reconcile_bank
from chainfin.services.oversight.findings import Findings
from chainfin.services.payments import bank_line, incoming
from chainfin.settings import load
from chainfin.storage.lending_tables import COLLECTION_ACCOUNT, IncomingRow
from chainfin.storage.oversight_tables import ParkedItemRow
from chainfin.storage.party_tables import FactRow
from chainfin.values.money import Money
from tests.e2e.site import START, Site, open_site
from tests.unit.test_connectors_partners import Partner

GONE = object()
"""A field that is missing."""

ODD_LINES: dict[str, tuple[dict[str, Any], str]] = {
    "a currency not listed: THB": ({"currency": "THB"}, "currency_unknown"),
    "a currency not listed: KWD": ({"currency": "KWD", "amount": "1.000"}, "currency_unknown"),
    "no currency: BTC": ({"currency": "BTC"}, "currency_unknown"),
    "three decimals": ({"amount": "1.005"}, "amount_too_precise"),
    "nothing": ({"amount": "0.00"}, "amount_not_positive"),
    "less than nothing": ({"amount": "-1.00"}, "bank_line_malformed"),
    "2^63-1 fen": ({"amount": "92233720368547758.07"}, "amount_implausible"),
    "above 64 bits": ({"amount": "92233720368547758.08"}, "amount_too_large"),
    "a number, not a text": ({"amount": 1.0}, "bank_line_malformed"),
    "no amount": ({"amount": GONE}, "bank_line_malformed"),
    "an amount of 31 digits": ({"amount": "1" * 31}, "bank_line_malformed"),
    "an amount that clears a terminal": ({"amount": "1.00\x1b[2J"}, "bank_line_malformed"),
    "name null": ({"payer_name": None}, "bank_line_malformed"),
    "name empty": ({"payer_name": ""}, "taken"),
    "name of 40 kB": ({"payer_name": "名" * 13_334}, "bank_line_malformed"),
    "a field too many": ({"colour": "red"}, "bank_line_malformed"),
    "a field too few": ({"at": GONE}, "bank_line_malformed"),
    "half a surrogate pair": ({"payer_name": "\ud800"}, "bank_line_malformed"),
    "NUL in the name": ({"payer_name": "a\0b"}, "bank_line_malformed"),
    "NUL in the reference": ({"bank_reference": "a\0b"}, "bank_line_malformed"),
    "control characters": ({"payer_name": "a\x01\x1b[31mb\x7f"}, "taken"),
    "right to left": ({"payer_name": "\u202egnp.exe\u202c שלום"}, "taken"),
    "':' '/' and blanks in the reference": ({"bank_reference": f" 7:8 / {uuid4().hex} "}, "taken"),
    "Chinese in the reference": ({"bank_reference": f"回单:第一号/{uuid4().hex}"}, "taken"),
    "a reference of 140 characters": ({"bank_reference": uuid4().hex.ljust(140, "长")}, "taken"),
    "a reference of 141 characters": ({"bank_reference": "长" * 141}, "bank_line_malformed"),
    "no reference": ({"bank_reference": ""}, "bank_line_malformed"),
    "the same reference, another amount": ({"amount": "2.00"}, "held"),
    "the same reference, another payer": ({"payer_account": "6228-another"}, "held"),
    "the same reference, another day": ({"days": -1}, "held"),
    "the same line again": ({}, "known"),
    "a date in the future": ({"days": 30}, "value_date_implausible"),
    "1970": ({"at": "1970-01-01T00:00:00Z"}, "value_date_implausible"),
    "the calendar's last moment": ({"at": "9999-12-31T23:59:59Z"}, "value_date_implausible"),
    "the calendar's first moment": ({"at": "0001-01-01T00:00:00+14:00"}, "value_date_implausible"),
    "another account's": ({"payee_account": "somebody-elses"}, "payee_account_foreign"),
    "a foreign signature": ({"signature": "foreign"}, "partner_signature_invalid"),
    "no signature": ({"signature": ""}, "partner_signature_invalid"),
}
"""What the bank changed of a good line → what becomes of it: "taken" (the money is in the book), "held" (in suspense,
and a person asks the bank), "known" (nothing new), or the code with which it is parked."""


NAMED = {
    "a currency not listed: THB": "1.00 THB",
    "a currency not listed: KWD": "1.000 KWD",
    "no currency: BTC": "1.00 BTC",
    "three decimals": "1.005 CNY",
    "nothing": "0.00 CNY",
    "less than nothing": "-1.00 CNY",
    "2^63-1 fen": "92233720368547758.07 CNY",
    "above 64 bits": "92233720368547758.08 CNY",
    "a number, not a text": "unreadable",
    "no amount": "unreadable",
    "an amount of 31 digits": "unreadable",
    "an amount that clears a terminal": "unreadable",
}
"""As what the reconciliation names a parked line; all others as 1.00 CNY, to the fen."""


class Feed:
    """A site, and the bank's lines to it: each odd one between two good ones."""

    def __init__(self, site: Site) -> None:
        self.site, self.numbers = site, 0
        self.key = Ed25519PrivateKey.from_private_bytes((site.inst.settings.home / "sandbox" / "key").read_bytes())

    def line(self, **changes: Any) -> Line:
        """A good line but for ``changes``, as the bank signs it."""
        self.numbers += 1
        at = self.site.ctx.clock.now() + timedelta(days=changes.pop("days", 0))
        signature = changes.pop("signature", None)
        body = {
            "kind": "incoming",
            "sequence": self.numbers,
            "bank_reference": f"LINE{uuid4().hex}",
            "payer_account": "6228-payer",
            "payer_name": "A payer (invented)",
            "payee_account": COLLECTION_ACCOUNT,
            "amount": "1.00",
            "currency": "CNY",
            "remittance": "nobody's",
            "at": at.isoformat(),
            **changes,
        }
        text = json.dumps({name: value for name, value in body.items() if value is not GONE})
        key = Ed25519PrivateKey.generate() if signature == "foreign" else self.key
        signed = sign(key, text.encode()) if signature in (None, "foreign") else signature
        return self.site.inst.partners.rail.line({"body": text, "signature": signed})

    def page(self, *lines: Line) -> None:
        self.site.inst._on_incoming(IncomingPage(lines, incoming.cursor(self.site.ctx)))

    def rows(self, reference: str) -> list[IncomingRow]:
        with self.site.ctx.store.read() as session:
            found = session.exec(select(IncomingRow).where(IncomingRow.bank_ref == reference)).all()
        return sorted(found, key=lambda row: row.repeat)


def body_of(line: Line) -> Any:
    """What the bank signed, read."""
    assert isinstance(line.raw, dict)
    return json.loads(line.raw["body"])


@pytest.fixture(scope="module")
def feed() -> Iterator[Feed]:
    with open_site() as site:
        yield Feed(site)


@pytest.mark.parametrize("name", ODD_LINES)
def test_line__of_any_kind__comes_to_what_the_table_says(feed: Feed, name: str) -> None:
    changes, outcome = ODD_LINES[name]
    before = {item.id for item in parked.list_(feed.site.ctx, OPERATOR, status=None, after="", limit=500)}
    first, last = feed.line(), feed.line()
    if outcome in ("held", "known"):
        changes = {**changes, "bank_reference": first.reference}
        same = {"at": body_of(first)["at"]}
        changes = changes if "days" in changes else {**same, **changes}
    odd = feed.line(**changes)
    feed.page(first, odd, last)
    assert [len(feed.rows(each.reference)) for each in (first, last)] == [2 if outcome == "held" else 1, 1]
    items = parked.list_(feed.site.ctx, OPERATOR, status=None, after="", limit=500)
    new = [item for item in items if item.id not in before and item.source != incoming.UNMATCHED]
    match outcome:
        case "taken":
            reference = body_of(odd)["bank_reference"]
            assert [(row.amount, row.status) for row in feed.rows(reference)] == [(1_00, "unmatched")]
            assert new == []
        case "known":
            assert new == []
        case "held":
            held = [(row.status, row.reason) for row in feed.rows(first.reference)]
            assert held == [("unmatched", "remittance_unknown"), ("unmatched", "bank_reference_reused")]
            assert new == []
        case code:
            assert [(item.source, item.reason, item.status) for item in new] == [("incoming_payments", code, "open")]
            assert json.loads(new[0].payload) == odd.raw, "whole, as it came"
            assert new[0].payload.isascii()
            assert feed.rows(odd.reference) == []
            told = (new[0].subject, f"{NAMED.get(name, '1.00 CNY')}: {code}")
            assert told in named(feed.site), "and the reconciliation names it"


def named(site: Site) -> list[tuple[str, str]]:
    """Lines that the bank has and the book doesn't, by the reconciliation, and what it says of them."""
    findings = Findings()
    with site.ctx.store.read() as session:
        reconcile_bank.check(session, findings)
    return [(each.subject, each.found) for each in findings.mismatches if each.name == "bank.line"]


def test_pages__out_of_order_and_repeated__each_line_once(feed: Feed) -> None:
    lines = [feed.line() for _ in range(3)]
    feed.page(lines[2])
    feed.page(lines[0], lines[1])
    feed.page(*lines)
    assert [len(feed.rows(each.reference)) for each in lines] == [1, 1, 1]


MINE = st.sampled_from([COLLECTION_ACCOUNT, "CNY", "1.00", "2026-03-02T09:00:00Z"])
WORDS = MINE | st.text(max_size=140) | st.text(":/ -.%长\0", max_size=140)
TIMES = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=14))]))
SAID = TIMES.map(datetime.isoformat)
NUMBERS = st.from_regex(r"[0-9]{1,20}(\.[0-9]{1,3})?", fullmatch=True)


@settings(
    max_examples=2 * int(os.environ.get("CHAINFIN_PARTNER_TEXTS", "12")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    changes=st.fixed_dictionaries(
        {},
        optional={
            "payee_account": WORDS,
            "currency": WORDS | st.sampled_from(["USD", "JPY"]),
            "amount": WORDS | NUMBERS,
            "at": WORDS | SAID,
            "payer_account": WORDS,
            "remittance": WORDS,
        },
    ),
    through=st.none() | TIMES,
    twice=st.booleans(),
)
def test_line__of_any_text__in_the_book_or_parked_and_its_neighbours_taken(
    feed: Feed, changes: dict[str, str], through: datetime | None, twice: bool
) -> None:
    site = feed.site
    first, odd, last = feed.line(), feed.line(**changes), feed.line()
    lines = (first, odd, odd, last) if twice else (first, odd, last)
    site.inst._on_incoming(IncomingPage(lines, incoming.cursor(site.ctx), through))
    rows = feed.rows(odd.reference)
    with site.ctx.store.read() as session:
        whole = (ParkedItemRow.payload == parking.as_payload(odd.raw), ParkedItemRow.source == bank_line.SOURCE)
        aside = session.exec(select(ParkedItemRow).where(*whole)).all()
    assert sorted((len(rows), len(aside))) == [0, 1], "once, in one of the two places"
    for row in rows:
        body = body_of(odd)
        assert (str(Money(row.amount, row.currency)), row.account) == (
            str(Money.parse(body["amount"], body["currency"])),
            body["payee_account"],
        )
        assert row.received_on <= site.today + timedelta(days=1)
    for item in aside:
        assert (item.status, item.attempts) == ("open", len(lines) - 2)
    assert [len(feed.rows(each.reference)) for each in (first, last)] == [1, 1]
    told = told_through(site)
    assert told is None or told < site.today


ODD_PAGES = {
    "a cursor that went back": ('{"kind":"incoming_page","after":0,"next":5,"items":[]}', "payment_answer_mismatch"),
    "lines, no way past them": (
        '{"kind":"incoming_page","after":9,"next":9,"items":[1]}',
        "payment_answer_mismatch",
    ),
    "cut off": ('{"kind":"incoming_page","after":9,"next":10,"items":[{"body":"{', "partner_answer_malformed"),
    "no page": ('{"kind":"refund","after":9,"next":10,"items":[]}', "partner_answer_malformed"),
}


@pytest.mark.parametrize(("text", "code"), ODD_PAGES.values(), ids=ODD_PAGES.keys())
def test_page__that_cannot_be_one__refused_whole(text: str, code: str) -> None:
    outcome = PaymentRail(Partner(text).client).incoming(9)
    assert isinstance(outcome, Unknown)
    assert outcome.code == code


@pytest.mark.parametrize(
    "through", ["9999-12-31T23:59:59+00:00", "2099-06-30T00:00:00+00:00", "0001-01-01T00:00:00+14:00"]
)
def test_page__told_through_a_time_that_cannot_be__parked_once_and_the_page_is_taken(feed: Feed, through: str) -> None:
    """Else everybody could act on debts whose payments nobody has told of."""
    site = feed.site
    day, before = site.today, told_through(site)
    for _ in range(2):
        line = feed.line()
        page = IncomingPage((line,), incoming.cursor(site.ctx), datetime.fromisoformat(through))
        site.inst._on_incoming(page)
        site.inst._on_incoming(replace(page, lines=()))
        assert len(feed.rows(line.reference)) == 1
    assert told_through(site) == before
    with site.ctx.store.read() as session, pytest.raises(Conflict) as missing:
        bank_statement.unless_open(session, day)
    assert missing.value.code == "bank_statement_missing"
    items = parked.list_(site.ctx, OPERATOR, status="open", after="", limit=500)
    (item,) = (each for each in items if each.subject == through)
    assert (item.source, item.reason) == ("bank_feed", "bank_through_implausible")
    done = parked.resolve(site.ctx, OPERATOR, item.id, "the bank's clock was wrong")
    assert done.status == "resolved"


def told_through(site: Site) -> date | None:
    with site.ctx.store.read() as session:
        return bank_statement.through(session)


def test_page__told_through_a_minute_ahead_of_our_clock__is_believed(feed: Feed) -> None:
    site = feed.site
    site.inst._on_incoming(IncomingPage((), incoming.cursor(site.ctx), site.ctx.clock.now() + timedelta(minutes=1)))
    assert told_through(site) == site.today - timedelta(days=1)


def test_page__with_a_foreign_signature__refused_whole_and_read_again(feed: Feed) -> None:
    site = feed.site
    assert site.inst.sandbox is not None
    site.run()
    ref, before = site.pays(1_00, "nobody's", step=False), incoming.cursor(site.ctx)
    site.inst.sandbox.faults.add(Rule(Fault.BAD_SIGNATURE, prefix="/rail/incoming", method="GET", times=1_000))
    with pytest.raises(Unavailable) as refused:
        site.inst.incoming.run_once()
    assert refused.value.code == "partner_signature_invalid"
    assert (feed.rows(ref), incoming.cursor(site.ctx)) == ([], before)
    site.inst.sandbox.faults.clear()
    site.inst.incoming.run_once()
    assert [row.amount for row in feed.rows(ref)] == [1_00]


def test_cursor__set_back_before_a_restart__no_line_twice(tmp_path: Path) -> None:
    """As after a database that was restored: the bank tells of everything again."""
    settings = load({"CHAINFIN_HOME": str(tmp_path)})
    seen = []
    for _ in range(2):
        with Installation(settings, start_at=START, drive=False) as inst:
            assert inst.sandbox is not None
            world = World(inst.sandbox)
            for _ in range(3):
                pay = {"payer_account": "6228-payer", "payer_name": "A", "payee_account": COLLECTION_ACCOUNT}
                world.pays(uuid4().hex, Money(1_00, "CNY"), remittance="nobody's", **pay)
            world.close()
            inst.incoming.run_once()
            reached = incoming.cursor(inst.ctx)
            with inst.ctx.store.begin() as session:
                seen.append([row.bank_ref for row in session.exec(select(IncomingRow)).all()])
                held = journals.balance(session, ledger.SUSPENSE, "CNY").minor
                session.merge(FactRow(name="rail_cursor", value={"sequence": 0}))
            assert (len(seen[-1]), held, reached) == (3 * len(seen), 3_00 * len(seen), 3 * len(seen))
            assert parked.list_(inst.ctx, OPERATOR, status="open", after="", limit=500)[3 * len(seen) :] == []
    assert set(seen[0]) < set(seen[1])
