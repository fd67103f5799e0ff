"""Invented files of an invented bank, and the official schemas that test packages carry."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path

import pytest
from lxml import etree

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:"
ACCOUNT = "<Acct><Id><Othr><Id>6217000010001234567</Id></Othr></Id><Ccy>CNY</Ccy></Acct>"
HEAD = "<GrpHdr><MsgId>BANK-20260302-1</MsgId><CreDtTm>2026-03-02T23:10:00+08:00</CreDtTm></GrpHdr>"


@cache
def schema(package: str, place: str) -> etree.XMLSchema:
    """The XSD at ``place`` in an installed package, which isn't imported; skips where there is none."""
    found = importlib.util.find_spec(package)
    file = None if found is None or found.origin is None else Path(found.origin).parent / place
    if file is None or not file.is_file():
        pytest.skip(f"the official schema {place} isn't here: the package {package} carries it")
    return etree.XMLSchema(etree.parse(str(file)))


def assert_valid(data: bytes, package: str, place: str) -> None:
    official = schema(package, place)
    assert official.validate(etree.fromstring(data)), str(official.error_log)


def balance(code: str, amount: str, *, day: str = "2026-03-02", sign: str = "CRDT", currency: str = "CNY") -> str:
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="{currency}">{amount}</Amt>'
        f"<CdtDbtInd>{sign}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def entry(
    amount: str = "1000.00",
    *,
    sign: str = "CRDT",
    status: str = "<Cd>BOOK</Cd>",
    currency: str = "CNY",
    booked: str = "<BookgDt><Dt>2026-03-02</Dt></BookgDt>",
    valued: str = "<ValDt><Dt>2026-03-01</Dt></ValDt>",
    bank_reference: str = "B20260302-0001",
    reversal: str = "",
    details: str = "",
    text: str = "",
) -> str:
    return (
        f'<Ntry><NtryRef>1</NtryRef><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{sign}</CdtDbtInd>{reversal}'
        f"<Sts>{status}</Sts>{booked}{valued}<AcctSvcrRef>{bank_reference}</AcctSvcrRef>"
        f"<BkTxCd><Prtry><Cd>NTRF</Cd></Prtry></BkTxCd>"
        + (f"<NtryDtls>{details}</NtryDtls>" if details else "")
        + (f"<AddtlNtryInf>{text}</AddtlNtryInf>" if text else "")
        + "</Ntry>"
    )


def transaction(
    amount: str | None = None,
    *,
    refs: str = "",
    sign: str = "",
    more: str = "",
    debtor: str = "晨光零件有限公司",
    remittance: str = "",
    returned: str = "",
    currency: str = "CNY",
) -> str:
    return (
        "<TxDtls>"
        + (f"<Refs>{refs}</Refs>" if refs else "")
        + ("" if amount is None else f'<Amt Ccy="{currency}">{amount}</Amt>')
        + (f"<CdtDbtInd>{sign}</CdtDbtInd>" if sign else "")
        + more
        + f"<RltdPties><Dbtr><Pty><Nm>{debtor}</Nm></Pty></Dbtr><DbtrAcct><Id><Othr><Id>6222021001</Id></Othr></Id>"
        "</DbtrAcct></RltdPties>" + (f"<RmtInf>{remittance}</RmtInf>" if remittance else "") + returned + "</TxDtls>"
    )


def structured(reference: str, code: str = "SCOR") -> str:
    return (
        f"<Strd><CdtrRefInf><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Ref>{reference}</Ref></CdtrRefInf></Strd>"
    )


def statement(
    *entries: str,
    opening: str | None = "500.00",
    closing: str | None = "1500.00",
    number: str = "<ElctrncSeqNb>61</ElctrncSeqNb>",
    name: str = "ST-61",
    page: str = "",
    account: str = ACCOUNT,
    created: str = "2026-03-02T23:10:00+08:00",
    balances: str | None = None,
) -> str:
    """A statement of the 2nd of March 2026 from 500.00 to 1500.00 unless said otherwise."""
    if balances is None:
        balances = ("" if opening is None else balance("OPBD", opening)) + (
            "" if closing is None else balance("CLBD", closing)
        )
    return (
        f"<Stmt><Id>{name}</Id>{page}{number}<CreDtTm>{created}</CreDtTm>"
        "<FrToDt><FrDtTm>2026-03-02T00:00:00</FrDtTm><ToDtTm>2026-03-02T24:00:00</ToDtTm></FrToDt>"
        f"{account}{balances}{''.join(entries)}</Stmt>"
    )


def camt053(*statements: str, head: str = HEAD) -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{NAMESPACE}camt.053.001.08">'
        f"<BkToCstmrStmt>{head}{''.join(statements)}</BkToCstmrStmt></Document>"
    ).encode()


def camt054(*entries: str) -> bytes:
    return (
        f'<n:Document xmlns:n="{NAMESPACE}camt.054.001.08" xmlns="{NAMESPACE}camt.054.001.08">'
        f"<BkToCstmrDbtCdtNtfctn>{HEAD}"
        f"<Ntfctn><Id>NT-1</Id><ElctrncSeqNb>7</ElctrncSeqNb><CreDtTm>2026-03-02T10:00:00+08:00</CreDtTm>{ACCOUNT}"
        f"{''.join(entries)}</Ntfctn></BkToCstmrDbtCdtNtfctn></n:Document>"
    ).encode()
