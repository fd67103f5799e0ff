"""`chainfin demo --documents DIR`: the trade and the loan on a folder of real documents.

The parties that the documents name are admitted under invented identifiers (their LEI begins with 9999, an issuer
that doesn't exist) and with keys of their own; business time begins on the day of the order.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from rich.console import Console
from stdnum.iso7064 import mod_97_10

from chainfin import samples
from chainfin.client.problem import ApiProblem
from chainfin.demo.member import Member
from chainfin.demo.report import Report
from chainfin.demo.stage import Stage
from chainfin.demo.story import Cast, Story
from chainfin.documents import Document, Party, as_text, read
from chainfin.documents.trades import Trade, assemble
from chainfin.errors import BadInput, ChainfinError, Refused
from chainfin.progress import shown

SUFFIXES = (".xml", ".pdf", ".ofd", ".p7m")
"""Of files that may be trade documents; whether they are is said by what is in them."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a folder holds: readable documents with their bytes, and why the others were refused."""

    documents: tuple[Document, ...]
    raw: dict[int, bytes]
    refused: tuple[tuple[str, str], ...]

    def text(self, document: Document) -> str:
        return as_text(self.raw[id(document)])


def invented_lei(number: int) -> str:
    """A LEI with right check digits and an issuer prefix (9999) that no issuer has."""
    stem = f"999900CHAINFIN{number:04d}"
    return stem + mod_97_10.calc_check_digits(stem)


def read_folder(folder: Path, *, quiet: bool = False) -> Contents:
    """Read every file that is called like a document, in subfolders too; ``quiet``: without a bar.

    Raises BadInput folder_unreadable, folder_without_documents.
    """
    if not folder.is_dir():
        raise BadInput("folder_unreadable", "there is no such folder", where=str(folder))
    documents: list[Document] = []
    raw: dict[int, bytes] = {}
    refused: list[tuple[str, str]] = []
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    with shown("reading documents", quiet=quiet) as step:
        for place, path in enumerate(files):
            step(place, len(files))
            data = path.read_bytes()
            try:
                document = read(data, source=path.name)
            except BadInput as error:
                refused.append((path.name, str(error)))
            else:
                documents.append(document)
                raw[id(document)] = data
    if not documents:
        raise BadInput("folder_without_documents", f"none of {len(files)} files is a trade document", where=str(folder))
    return Contents(tuple(documents), raw, tuple(refused))


def play_documents(console: Console, folder: Path, *, home: Path | None = None, quiet: bool = False) -> dict[str, Any]:
    """Play b and c on every trade of the folder that has all it needs. Returns what was found and financed.

    Raises BadInput folder_…; Refused no_trade_to_finance (what is missing is in the message).
    """
    report = Report(console)
    contents = read_folder(folder, quiet=quiet)
    heap = assemble(contents.documents)
    report.chapter("0", f"{folder.name}: {len(contents.documents)} documents read", "读取单据")
    for name, why in contents.refused:
        report.refused(name, why.split(":", 1)[0], why.split(":", 1)[1].strip())
    ready = [trade for trade in heap.trades if trade.can_be_financed]
    for trade in heap.trades:
        how = "can be financed" if trade in ready else "lacks an acceptance, a receipt or an invoice"
        report.note(f"order {trade.order.id}: {trade.order.buyer.label} buys from {trade.order.seller.label}: {how}")
    for document, why in heap.left_over:
        report.note(f"[dim]{document.kind.value} {document.id}: left over ({why.replace('_', ' ')})[/]")
    if not ready:
        raise Refused("no_trade_to_finance", f"{folder}: no order is accepted, received and invoiced")
    begin = min(trade.order.issue_date for trade in ready)
    with Stage(home, start_at=datetime.combine(begin, time(9), UTC)) as stage:
        found = [_Play(stage, report, contents, trade, number).run() for number, trade in enumerate(ready)]
    report.facts |= {
        "read": len(contents.documents),
        "refused_files": dict(contents.refused),
        "trades": found,
    }
    for each in found:
        rows = [(name.replace("_", " "), str(value)) for name, value in each.items() if not isinstance(value, list)]
        report.summary(rows)
    return report.facts


class _Play:
    """One real trade, played."""

    def __init__(self, stage: Stage, report: Report, contents: Contents, trade: Trade, number: int) -> None:
        self.stage, self.report, self.contents, self.trade, self.number = stage, report, contents, trade, number
        self.found: dict[str, Any] = {"order": trade.order.id}
        self.seller = ""

    def run(self) -> dict[str, Any]:
        trade = self.trade
        self.report.chapter("b", f"Order {trade.order.id} becomes a confirmed receivable", "贸易形成应收账款")
        core, supplier, lender = self._admit()
        story = Story(self.stage, self.report)
        story.cast = Cast(core, supplier, supplier, core, lender, core, lender, supplier)
        story.order = self._send(core, "/v1/orders", trade.order)["order"]
        path = f"/v1/orders/{story.order['id']}"
        self._send(supplier, f"{path}/acknowledgement", next(r for r in trade.responses if r.accepted))
        for advice in trade.despatches:
            self._send(supplier, f"{path}/despatches", advice)
        for receipt in trade.receipts:
            self._send(core, f"{path}/receipts", receipt)
        for invoice in trade.invoices:
            self._finance(story, invoice)
        return self.found

    def _admit(self) -> tuple[Member, Member, Member]:
        base = self.number * 10

        def admit(party: Party, role: str, number: int) -> Member:
            aliases = tuple(dict.fromkeys(item.value for item in party.legal_ids))
            lei = invented_lei(base + number)
            member = self.stage.admit(party.label, ("LEI", lei), [role], aliases=aliases)
            self.report.did("operator", f"admitted {party.label} as {role} under an invented LEI", lei)
            return member

        core = admit(self.trade.order.buyer, "core", 1)
        supplier = admit(self.trade.order.seller, "supplier", 2)
        self.seller = invented_lei(base + 2)
        lender = self.stage.admit(samples.LENDER.english, ("LEI", invented_lei(base + 3)), ["lender"], custody=True)
        currency = str(self.trade.order.currency)
        self.stage.limit(lender, "debtor", core, "1000000.00", currency, "A")
        self.stage.limit(lender, "borrower", supplier, "1000000.00", currency, "B")
        self.stage.mandate(lender, "1000000.00", currency)
        self.stage.fund(lender, "1000000.00", currency)
        return core, supplier, lender

    def _send(self, member: Member, path: str, document: Document, **more: Any) -> dict[str, Any]:
        self._reach(document.issue_date)
        answer: dict[str, Any] = member.act(path, {"document": self.contents.text(document), **more})
        quantities = ", ".join(
            f"{line.quantity} {line.unit_code}" for line in document.lines if line.quantity is not None
        )
        self.report.did(member.name, f"{document.kind.value.replace('_', ' ')} {document.id}", quantities)
        return answer

    def _reach(self, day: date) -> None:
        """Business time comes to the day of the document, if it hasn't yet."""
        if day > self.stage.today:
            self.stage.move_to(day)

    def _finance(self, story: Story, invoice: Document) -> None:
        self._reach(invoice.issue_date)
        supplier, core = story.who.supplier, story.who.core
        body = {"order_id": story.order["id"], "document": self.contents.text(invoice)}
        assert invoice.totals is not None, "an invoice has totals"
        self.found |= {
            "invoice": invoice.id,
            "invoiced": f"{invoice.totals.payable} {invoice.currency}",
            "shortfalls": [],
        }
        try:
            story.receivable = supplier.act("/v1/receivables", body)["receivable"]
        except ApiProblem as problem:
            if problem.code != "invoice_above_received":
                raise
            self._explain(invoice, problem)
            story.receivable = supplier.act("/v1/receivables", {**body, "accept_matched": True})["receivable"]
        known = story.receivable
        self.report.did(
            supplier.name, f"issued the receivable: face {known['face']} {known['currency']}", known["id"][:14]
        )
        story.receivable = core.get(f"/v1/receivables/{known['id']}")
        # Where a document names no day, the debtor of this play agrees to the one that it is shown.
        agreed = date.fromisoformat(known["due_date"])
        core.confirm(story.receivable, self.contents.text(invoice).encode(), seller=self.seller, due=agreed)
        self.report.did(core.name, f"confirmed it: will pay on {known['due_date']}")
        self.found["receivable"] = f"{known['face']} {known['currency']}"
        story.supplier_borrows(known["face"])
        loan = supplier.get(f"/v1/loans/{story.loans['supplier']}")
        self.found["financed"] = f"{loan['principal']} {loan['currency']}"
        for note in self.trade.credit_notes:
            if note.references.invoices == (invoice.id,):
                self._credit(story, note)

    def _explain(self, invoice: Document, problem: ApiProblem) -> None:
        match = problem.body["details"]["match"]
        self.report.refused(f"invoice {invoice.id} in full", problem.code, problem.message)
        for line in match["shortfalls"]:
            missing = line["missing"]
            text = (
                f"line {line['order_line']}: {line['ordered']} {line['unit']} ordered, {line['received']} received, "
                f"{line['invoiced']} invoiced: [bold]{missing} {line['unit']} never came[/], "
                f"worth {line['amount_withheld']} {invoice.currency} of the invoice; not financed"
            )
            self.report.note(text)
            self.found["shortfalls"].append(line)
            self.found["never_came"] = f"{missing} {line['unit']}, worth {line['amount_withheld']} {invoice.currency}"

    def _credit(self, story: Story, note: Document) -> None:
        self._reach(note.issue_date)
        assert note.totals is not None, "a credit note has totals"
        path = f"/v1/receivables/{story.receivable['id']}/credit-notes"
        try:
            done = story.who.supplier.post(path, {"document": self.contents.text(note)})
        except ChainfinError as error:
            self.report.refused(f"credit note {note.id}", error.code, error.message)
            self.found["credit_note"] = f"{note.id} refused: {error.code}"
            return
        if done["act"] is not None:
            story.who.supplier.finish(done["act"])
        text = (
            f"credit note {note.id} over {note.totals.payable} {note.currency}: {done['diluted']} off the free part, "
            f"{done['top_up']} called as a top-up"
        )
        self.report.did(story.who.supplier.name, text)
        self.found["credit_note"] = text
