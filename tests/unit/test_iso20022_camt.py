"""What the bank booked: each odd entry is parked by name, and everything beside it is read."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from chainfin.connectors.iso20022 import camt, follows
from chainfin.connectors.iso20022.model import Account, Entry, Kind, ParkedEntry, Return, Statement, Unbooked
from chainfin.errors import BadInput
from chainfin.values import reference
from chainfin.values.money import MAX_MINOR, Money
from tests.unit.bank_samples import (
    HEAD,
    assert_valid,
    balance,
    camt053,
    camt054,
    entry,
    statement,
    structured,
    transaction,
)

RF = "RF18539007547034"
OTHER_RF = reference.make("INV2026001")
BATCH = (
    "<Btch><NbOfTxs>2</NbOfTxs></Btch>"
    + transaction("600.00", refs="<AcctSvcrRef>B-1</AcctSvcrRef><EndToEndId>E-1</EndToEndId>")
    + transaction("400.00", refs="<AcctSvcrRef>B-2</AcctSvcrRef><EndToEndId>NOTPROVIDED</EndToEndId>")
)


def cny(text: str) -> Money:
    return Money.parse(text, "CNY")


def one(data: bytes) -> Statement:
    message = camt.read(data, source="b.xml")
    assert message.parked == ()
    (found,) = message.statements
    return found


def booked(item: str) -> Entry:
    found = one(camt053(statement(item)))
    assert found.parked == ()
    return found.entries[0]


def parked(item: str) -> ParkedEntry:
    """The parked entry; the plain one after it must have been read all the same."""
    found = one(camt053(statement(item, entry("7.00"))))
    (only,) = found.parked
    assert [other.amount for other in found.entries] == [cny("7.00")]
    assert only.where.startswith("b.xml: /Document/BkToCstmrStmt[1]/Stmt[1]/Ntry[1]")
    assert only.raw_xml.startswith("<Ntry")
    return only


def full() -> bytes:
    details = transaction(
        "1000.00",
        refs="<MsgId>M</MsgId><AcctSvcrRef>B-9</AcctSvcrRef><PmtInfId>P-1</PmtInfId><InstrId>I-1</InstrId>"
        "<EndToEndId>E-1</EndToEndId>",
        remittance=f"<Ustrd>货款</Ustrd>{structured(RF)}",
    )
    return camt053(statement(entry(details=details, text="电汇")))


def test_read__statement__everything_typed() -> None:
    found = one(full())
    assert (found.kind, found.id, found.sequence, found.page, found.last_page) == (Kind.STATEMENT, "ST-61", 61, 1, True)
    assert found.account == Account("6217000010001234567", iban=False)
    assert found.currency == "CNY"
    zone = ZoneInfo("Asia/Shanghai")
    assert found.from_at == datetime(2026, 3, 2, tzinfo=zone)
    assert found.to_at == datetime(2026, 3, 3, tzinfo=zone)
    assert found.opening is not None
    assert found.closing is not None
    assert (found.opening.amount, found.closing.amount, found.closing.on) == (cny("500"), cny("1500"), date(2026, 3, 2))
    (only,) = found.entries
    assert (only.amount, only.signed, only.credit, only.reversal) == (cny("1000"), cny("1000"), True, False)
    assert (only.booked_on, only.value_on) == (date(2026, 3, 2), date(2026, 3, 1))
    assert (only.bank_reference, only.reference, only.text) == ("B20260302-0001", "1", "电汇")
    (payment,) = only.payments
    assert (payment.amount, payment.credit, payment.position) == (cny("1000"), True, 1)
    assert (payment.bank_reference, payment.payment_info_id, payment.instruction_id) == ("B-9", "P-1", "I-1")
    assert (payment.end_to_end_id, payment.references, payment.remittance) == ("E-1", (RF,), ("货款",))
    assert (payment.debtor.name, payment.debtor.account) == ("晨光零件有限公司", Account("6222021001", iban=False))
    assert (payment.creditor.name, payment.creditor.account, payment.returned) == (None, None, None)


def test_read__samples__valid_by_the_official_schemas() -> None:
    assert_valid(full(), "camt053", "xsd/camt.053.001.08.xsd")
    assert_valid(camt053(statement(entry(details=BATCH))), "camt053", "xsd/camt.053.001.08.xsd")
    assert_valid(camt054(entry()), "camt053", "xsd/camt.054.001.08.xsd")


def test_read__notification__read_without_balances() -> None:
    found = one(camt054(entry(), entry("3.00", status="<Cd>PDNG</Cd>")))
    assert (found.kind, found.sequence, found.opening, found.closing) == (Kind.NOTIFICATION, 7, None, None)
    assert [item.amount for item in found.entries] == [cny("1000")]
    assert [item.status for item in found.unbooked] == [Unbooked.PENDING]


@pytest.mark.parametrize("status", ["PDNG", "INFO", "FUTR"])
def test_read__not_booked__kept_and_not_counted(status: str) -> None:
    found = one(
        camt053(statement(entry("9.00", status=f"<Cd>{status}</Cd>", sign="DBIT", booked="", valued=""), entry()))
    )
    assert [(item.status, item.signed) for item in found.unbooked] == [(status, cny("-9"))]
    assert [item.amount for item in found.entries] == [cny("1000")]
    assert follows(None, found) is None


def test_read__reversed_credit__is_a_debit() -> None:
    found = booked(entry(sign="DBIT", reversal="<RvslInd>true</RvslInd>"))
    assert (found.reversal, found.credit, found.signed) == (True, False, cny("-1000"))


def test_read__returned_payout__its_reason_and_our_id() -> None:
    reason = "<RtrInf><Rsn><Cd>AC04</Cd></Rsn><AddtlInf>账户</AddtlInf><AddtlInf>已销户</AddtlInf></RtrInf>"
    found = booked(entry(details=transaction(refs="<EndToEndId>PAY-1</EndToEndId>", returned=reason)))
    assert found.payments[0].returned == Return("AC04", "账户 已销户")
    assert found.payments[0].end_to_end_id == "PAY-1"


def test_read__batch__each_payment_of_its_own() -> None:
    found = booked(entry(details=BATCH))
    assert [(item.position, item.amount, item.bank_reference, item.end_to_end_id) for item in found.payments] == [
        (1, cny("600"), "B-1", "E-1"),
        (2, cny("400"), "B-2", None),
    ]


def test_read__batch_in_two_details_with_a_charge__signed_sum_holds() -> None:
    first, second = transaction("1002.00"), transaction("2.00", sign="DBIT")
    found = booked(entry(details=f"{first}</NtryDtls><NtryDtls>{second}"))
    assert [(item.amount, item.credit) for item in found.payments] == [(cny("1002"), True), (cny("2"), False)]
    assert {item.bank_reference for item in found.payments} == {"B20260302-0001"}


def test_read__paid_in_another_currency__the_converted_amount_counts() -> None:
    more = '<AmtDtls><TxAmt><Amt Ccy="CNY">1000.00</Amt></TxAmt></AmtDtls>'
    found = booked(entry(details=transaction("139.00", currency="USD", more=more)))
    assert found.payments[0].amount == cny("1000")


def test_read__entry_without_details__one_payment_of_nobody_known() -> None:
    (only,) = booked(entry(sign="DBIT", text="手续费")).payments
    assert (only.amount, only.credit, only.debtor.name, only.references) == (cny("1000"), False, None, ())


@pytest.mark.parametrize(
    ("remittance", "found", "others"),
    [
        (structured("rf18 5390 0754 7034"), (RF,), ()),
        (f"<Strd><CdtrRefInf><Ref>{RF}</Ref></CdtrRefInf></Strd>", (RF,), ()),
        ("<Ustrd>货款ＲＦ１８－５３９０－０７５４－７０３４谢谢</Ustrd>", (RF,), ()),
        ("<Ustrd>pay for rf18 5390</Ustrd><Ustrd>0754 7034</Ustrd>", (RF,), ()),
        (f"<Ustrd>Rechnung</Ustrd><Ustrd>{RF}</Ustrd><Ustrd>danke</Ustrd>", (RF,), ()),
        (f"<Strd><AddtlRmtInf>ref:{RF}</AddtlRmtInf></Strd>", (RF,), ()),
        (structured("RF17539007547034"), (), ("RF17539007547034",)),
        (structured("1234561"), (), ("1234561",)),
        (structured(RF, "PUOR"), (), (RF,)),
        (f"<Ustrd>{OTHER_RF}</Ustrd>{structured(RF)}", (RF, OTHER_RF), ()),
        ("<Ustrd>::/RF:  18 / 货款</Ustrd><Strd></Strd>", (), ()),
    ],
)
def test_read__remittance__references_structured_first(
    remittance: str, found: tuple[str, ...], others: tuple[str, ...]
) -> None:
    (payment,) = booked(entry(details=transaction(remittance=remittance))).payments
    assert payment.references == found
    assert payment.other_references == others


@pytest.mark.parametrize(
    ("item", "code", "moved"),
    [
        (entry("1.005"), "amount_too_precise", None),
        (entry("0.00"), "amount_not_positive", "0"),
        (entry("-5.00"), "amount_negative", None),
        (entry("1e3"), "amount_malformed", None),
        (entry("1,000.00"), "amount_malformed", None),
        (entry("١٢"), "amount_malformed", None),
        (entry(""), "element_missing", None),
        (entry("99999999999999999999"), "amount_too_large", None),
        (entry(f"{MAX_MINOR // 100}.{MAX_MINOR % 100 + 1:02d}"), "amount_too_large", None),
        (entry(currency="THB"), "currency_unknown", None),
        (entry(currency="BTC"), "currency_unknown", None),
        (entry(currency="USD"), "currency_mismatch", None),
        (entry().replace(' Ccy="CNY"', ""), "currency_missing", None),
        (entry(valued=""), "value_date_missing", "1000"),
        (entry(sign="DBIT", valued=""), "value_date_missing", "-1000"),
        (entry(booked=""), "booking_date_missing", "1000"),
        (entry(valued="<ValDt><Dt>2026-02-30</Dt></ValDt>"), "date_malformed", "1000"),
        (entry(valued="<ValDt><Dt>01.03.2026</Dt></ValDt>"), "date_malformed", "1000"),
        (entry(valued="<ValDt></ValDt>"), "date_malformed", "1000"),
        (entry(valued="<ValDt><DtTm>0001-01-01T00:00:00+14:00</DtTm></ValDt>"), "date_malformed", "1000"),
        (entry(valued="<ValDt><Dt>2026-03-01</Dt></ValDt>" * 2), "element_repeated", "1000"),
        (entry().replace("<CdtDbtInd>CRDT</CdtDbtInd>", ""), "element_missing", None),
        (entry(sign="credit"), "element_malformed", None),
        (entry(reversal="<RvslInd>maybe</RvslInd>"), "element_malformed", "1000"),
        (entry(status="<Cd>DONE</Cd>"), "status_unknown", None),
        (entry(status="<Prtry>BOOK</Prtry>"), "status_unknown", None),
        (entry(status=""), "status_unknown", None),
        (entry("1.005", status="<Cd>PDNG</Cd>"), "amount_too_precise", "0"),
        (entry(bank_reference="x" * 36), "text_too_long", "1000"),
        (entry(bank_reference="a<b>c</b>"), "element_malformed", "1000"),
        (entry(details=transaction(debtor="名" * 40_000)), "text_too_long", "1000"),
        (entry(details=transaction("999.99")), "batch_sum_mismatch", "1000"),
        (entry(details=transaction("1000.00", sign="DBIT")), "batch_sum_mismatch", "1000"),
        (entry(details=transaction("600.00") + transaction("400.01")), "batch_sum_mismatch", "1000"),
        (entry(details=transaction("600.00") + transaction()), "transaction_amount_missing", "1000"),
        (entry(details=transaction("1000.00") + transaction("0.00")), "amount_not_positive", "1000"),
        (
            entry(details="<Btch><NbOfTxs>3</NbOfTxs></Btch>" + BATCH[len("<Btch><NbOfTxs>2</NbOfTxs></Btch>") :]),
            "batch_count_mismatch",
            "1000",
        ),
        (entry(details="<Btch><NbOfTxs>3</NbOfTxs></Btch>"), "batch_details_missing", "1000"),
        (entry(details=transaction("139.00", currency="USD")), "currency_mismatch", "1000"),
        (
            entry(details=transaction().replace("<Id><Othr>", "<Id><IBAN>DE89370400440532013000</IBAN><Othr>")),
            "element_malformed",
            "1000",
        ),
    ],
)
def test_read__odd_entry__parked_by_name_with_what_it_moved(item: str, code: str, moved: str | None) -> None:
    found = parked(item)
    assert found.code == code
    assert found.booked == (None if moved is None else cny(moved))


@pytest.mark.parametrize("amount", ["1000", "1000.0", "1000.000", "+1000.00", " 1000.00 ", "0001000.00"])
def test_read__amount_spelt_otherwise__the_same(amount: str) -> None:
    assert booked(entry(amount)).amount == cny("1000")


def test_read__largest_amount__taken_and_summed_without_overflow() -> None:
    largest = f"{MAX_MINOR // 100}.{MAX_MINOR % 100:02d}"
    found = one(camt053(statement(entry(largest), entry(largest))))
    assert [item.amount.minor for item in found.entries] == [MAX_MINOR, MAX_MINOR]
    difference = follows(None, found)
    assert difference is not None
    assert (difference.code, difference.minor) == ("sum_differs", 2 * MAX_MINOR - 100_000)


@pytest.mark.parametrize("name", ["", "   ", "\u202eevil\u202c", "A:B / C", "x" * 140])
def test_read__odd_names__data_like_any_other(name: str) -> None:
    (payment,) = booked(entry(details=transaction(debtor=name))).payments
    assert payment.debtor.name == (name.strip() or None)


def test_read__unknown_elements__ignored() -> None:
    assert booked(entry(details=transaction(more="<Surprise><Amt>9</Amt></Surprise>"))).amount == cny("1000")


def test_read__value_time_near_midnight__day_of_the_business_zone() -> None:
    item = entry(
        valued="<ValDt><DtTm>2026-03-01T23:30:00Z</DtTm></ValDt>",
        booked="<BookgDt><DtTm>2026-03-02T01:00:00</DtTm></BookgDt>",
    )
    found = booked(item)
    assert (found.value_on, found.booked_on) == (date(2026, 3, 2), date(2026, 3, 2))
    other = camt.read(camt053(statement(item)), source="b", zone=ZoneInfo("UTC")).statements[0].entries[0]
    assert other.value_on == date(2026, 3, 1)


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        (statement(entry(), account="<Acct><Ccy>CNY</Ccy></Acct>"), "element_missing"),
        (statement(entry(), account=""), "element_missing"),
        (
            statement(entry(currency="THB"), account="<Acct><Id><IBAN>X</IBAN></Id><Ccy>THB</Ccy></Acct>"),
            "currency_unknown",
        ),
        (statement(entry(currency="USD"), account="<Acct><Id><IBAN>X</IBAN></Id></Acct>"), "currency_missing"),
        (statement(entry(), name=""), "element_missing"),
        (statement(entry(), number="<ElctrncSeqNb>1.5</ElctrncSeqNb>"), "element_malformed"),
        (statement(entry(), balances=balance("OPBD", "1") * 2), "balance_repeated"),
        (statement(entry(), balances=balance("OPBD", "1", currency="USD")), "currency_mismatch"),
        (statement(entry(), balances=balance("OPBD", "-1")), "amount_negative"),
        (
            statement(entry(), balances=balance("OPBD", "1").replace("<Dt><Dt>2026-03-02</Dt></Dt>", "")),
            "balance_date_missing",
        ),
    ],
)
def test_read__head_of_a_statement_unreadable__parked_whole_and_the_next_is_read(broken: str, code: str) -> None:
    message = camt.read(camt053(broken, statement(entry())), source="b.xml")
    assert [part.code for part in message.parked] == [code]
    assert message.parked[0].raw_xml.startswith("<Stmt")
    assert [len(found.entries) for found in message.statements] == [1]


def test_read__no_statement__parked_not_silent() -> None:
    message = camt.read(camt053(), source="b.xml")
    assert message.statements == ()
    assert [part.code for part in message.parked] == ["element_missing"]


def test_read__currency_only_in_the_amounts__taken_from_there() -> None:
    account = "<Acct><Id><IBAN>de89 3704 0044 0532 0130 00</IBAN></Id></Acct>"
    found = one(camt053(statement(entry(), account=account)))
    assert (found.currency, found.account) == ("CNY", Account("DE89370400440532013000", iban=True))


@pytest.mark.parametrize(
    "data",
    [
        full().replace(b"camt.053.001.08", b"camt.053.001.02"),
        full().replace(b"Document", b"Dokument"),
        full().replace(b"BkToCstmrStmt", b"BkToCstmrDbtCdtNtfctn"),
        full().replace(b"<BkToCstmrStmt>", b"<Other><Stmt/></Other><BkToCstmrStmt>"),
        b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"/>',
        b"<Document/>",
    ],
)
def test_read__another_message__message_kind_unknown(data: bytes) -> None:
    with pytest.raises(BadInput) as caught:
        camt.read(data, source="b.xml")
    assert caught.value.code == "message_kind_unknown"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "document_malformed"),
        (full()[:-20], "document_malformed"),
        (full().replace("货款".encode(), b"\xff\xfe"), "document_malformed"),
        (full().replace("货款".encode(), b"\x00"), "document_malformed"),
        (full().replace("货款".encode(), b"&#0;"), "document_malformed"),
        (full().replace("货款".encode(), b"&#xD800;"), "document_malformed"),
        (full().replace("货款".encode(), b"\xed\xa0\x80"), "document_malformed"),
        (full().replace("货款".encode(), b"&file;"), "document_malformed"),
        (
            full().replace(b"<Document", b'<!DOCTYPE D [<!ENTITY f SYSTEM "file:///etc/hostname">]><Document', 1),
            "document_hostile",
        ),
        (b" " * 5_000_001, "document_too_large"),
    ],
)
def test_read__no_safe_xml__refused_by_name(data: bytes, code: str) -> None:
    with pytest.raises(BadInput) as caught:
        camt.read(data, source="b.xml")
    assert (caught.value.code, caught.value.where) == (code, "b.xml")


def test_read__faulty_delivery_head__parks_nothing() -> None:
    message = camt.read(camt053(statement(entry()), head=HEAD + HEAD), source="b.xml")
    assert message.id is None
    assert len(message.statements[0].entries) == 1
