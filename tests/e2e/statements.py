"""A bank that writes statements of one account of a `Site`, and what a test asks after one was taken in."""

from __future__ import annotations

from typing import Any

from sqlmodel import col, select

from chainfin.connectors import bank_files
from chainfin.connectors.bank_files import Report
from chainfin.services.kernel.context import OPERATOR, Actor
from chainfin.services.oversight import parked, reconcile_bank
from chainfin.services.oversight.findings import Findings
from chainfin.services.views.oversight import ParkedView
from chainfin.storage.bank_tables import VirtualAccountRow
from chainfin.storage.lending_tables import IncomingRow
from chainfin.storage.trade_tables import ReceivableRow
from chainfin.values.money import Money
from tests.e2e.site import Site
from tests.unit import bank_samples as bank

CNY = "CNY"
LENT = 500_000_00
PLACED = 900_000_000_00
BACK = "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>"
"""What an entry says of a payout that came back: the account is closed."""

HOSTILE = {
    "external entity": b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><Document>&x;</Document>',
    "billion laughs": b'<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><Document>&b;&b;</Document>',
    "no XML": b"MT940",
    "nothing": b"",
    "another message": b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.052.001.08"/>',
}
"""Files that are no statements."""


def money(minor: int) -> str:
    return str(Money(abs(minor), CNY))


class Bank:
    """The bank of one account: it writes statements that follow each other. The first one tells of what came in there
    and the rail told before (``tells_of_before``), or else has it in its opening balance."""

    def __init__(self, site: Site, account: str, opening: int = 0, *, tells_of_before: bool = True) -> None:
        self.site, self.account, self.balance, self.number = site, account, opening, 0
        self.lines = 0
        placed = self._placed() if tells_of_before else []
        if placed:
            self.number = -1
            entries = [self._told_before(row) for row in placed]
            take(site, self.statement(*entries, moved=sum(row.amount for row in placed)))

    def _placed(self) -> list[IncomingRow]:
        under = select(VirtualAccountRow.account).where(col(VirtualAccountRow.account).startswith(f"{self.account}-"))
        with self.site.ctx.store.read() as session:
            return list(session.exec(select(IncomingRow).where(col(IncomingRow.account).in_(under))).all())

    def _told_before(self, row: IncomingRow) -> str:
        valued = f"<ValDt><Dt>{row.received_on}</Dt></ValDt>"
        made = self.entry(row.amount, row.remittance, to=row.account, valued=valued, bank_reference=row.bank_ref)
        self.lines = 0
        return made.replace("6222021001", row.payer_account)

    def entry(self, minor: int, text: str = "", **more: Any) -> str:
        """A booked entry of one payment, signed minor units."""
        self.lines += 1
        day = self.site.today.isoformat()
        details = more.pop("details", None)
        if details is None:
            to, back = more.pop("to", None), more.pop("returned", "")
            ours = more.pop("order", None)
            refs = "" if ours is None else f"<EndToEndId>{ours}</EndToEndId>"
            words = f"<Ustrd>{text}</Ustrd>" if text else ""
            details = bank.transaction(refs=refs, remittance=more.pop("remittance", words), returned=back)
            if to is not None:
                details = details.replace(
                    "</RltdPties>", f"<CdtrAcct><Id><Othr><Id>{to}</Id></Othr></Id></CdtrAcct></RltdPties>"
                )
        made = {
            "sign": "CRDT" if minor > 0 else "DBIT",
            "booked": f"<BookgDt><Dt>{day}</Dt></BookgDt>",
            "valued": f"<ValDt><Dt>{day}</Dt></ValDt>",
            "bank_reference": f"{self.account[-8:]}-{self.lines}",
        }
        return bank.entry(money(minor), details=details, **{**made, **more})

    def statement(self, *entries: str, moved: int, **more: Any) -> bytes:
        """The next one, which moves the balance by ``moved``."""
        self.number += 1
        day = self.site.today.isoformat()
        opening, self.balance = self.balance, self.balance + moved
        balances = "".join(
            bank.balance(code, money(minor), day=day, sign="CRDT" if minor >= 0 else "DBIT")
            for code, minor in (("OPBD", opening), ("CLBD", self.balance))
        )
        told = {
            "number": f"<ElctrncSeqNb>{self.number}</ElctrncSeqNb>",
            "name": f"ST-{self.number}",
            "account": f"<Acct><Id><Othr><Id>{self.account}</Id></Othr></Id><Ccy>CNY</Ccy></Acct>",
            "balances": balances,
        }
        return bank.camt053(bank.statement(*entries, **{**told, **more}))


def take(site: Site, data: bytes, name: str = "file.xml") -> Report:
    report = bank_files.take_in(site.ctx, data, name)
    site.run()
    return report


def lender_account(site: Site) -> str:
    return site.party(site.cast["lender"].party_id).account


def differences(site: Site) -> list[tuple[str, str, str, str]]:
    findings = Findings()
    with site.ctx.store.read() as session:
        reconcile_bank.check(session, findings)
    return [(each.name, each.subject, each.found, each.expected) for each in findings.mismatches]


def odd(site: Site) -> list[ParkedView]:
    """What is parked of bank files, in order."""
    rows = parked.list_(site.ctx, OPERATOR, status="open", after="", limit=500)
    return [row for row in rows if row.source in ("bank_lines", "bank_statements")]


def lent(site: Site) -> tuple[Actor, ReceivableRow, str]:
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    return borrower, asset, site.funded(borrower, LENT, asset.id)
