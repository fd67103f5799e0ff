"""Cases of trade documents that nobody here wrote, where the optional data folder has them: played over HTTP, each of
them by the parties whose papers they are. Their companies are invented."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chainfin.client.problem import ApiProblem
from chainfin.demo.stage import Stage
from chainfin.documents import as_text

CASES = Path(os.environ.get("CHAINFIN_DATA") or "/nonexistent").parent / "cases" / "documents"
needs_cases = pytest.mark.skipif(
    not CASES.is_dir(), reason="beside the folder that CHAINFIN_DATA names no cases of documents lie"
)
CORE, SUPPLIER = "919900000000000192", "91990000000000027W"


class Town:
    """The two invented companies of the cases, and what became of each paper of a case."""

    def __init__(self, stage: Stage) -> None:
        self.core = stage.admit("Invented Core Works (sample)", ("USCC", CORE), ["core"])
        self.supplier = stage.admit("Invented Parts (sample)", ("USCC", SUPPLIER), ["supplier"])
        self.orders: dict[str, str] = {}
        self.claims: dict[str, str] = {}
        self.later: list[tuple[str, str, str]] = []

    def plays(self, case: Path) -> list[str]:
        """For each file "taken", or the code with which it was refused."""
        self.orders, self.claims, self.later, led_to = {}, {}, [], []
        for file in sorted(case.iterdir()):
            kind = re.sub(r"^\d+-|\.xml$", "", file.name)
            try:
                self._play(kind, file.read_bytes(), confirmed=not case.name.startswith("m18"))
                led_to.append("taken")
            except ApiProblem as problem:
                led_to.append(problem.code)
        return led_to

    def standing(self) -> list[str]:
        """What each claim is still good for, in the order of their numbers."""
        seen = [self.supplier.get(f"/v1/receivables/{id}") for _, id in sorted(self.claims.items())]
        return [each["free"] for each in seen if each["status"] not in ("cancelled", "settled")]

    def received(self) -> dict[str, str]:
        return {number: self.core.get(f"/v1/orders/{id}")["received"] for number, id in self.orders.items()}

    def _play(self, kind: str, data: bytes, *, confirmed: bool) -> None:
        document, text = {"document": as_text(data)}, data.decode()
        if kind == "order":
            made = self.core.act("/v1/orders", document)["order"]
            self.orders[made["number"]] = made["id"]
            return
        named = [id for number, id in self.orders.items() if f">{number}<" in text] or list(self.orders.values())
        if "CreditNote" in text:
            (number,) = re.findall(r"InvoiceDocumentReference>\s*<cbc:ID>([^<]+)<", text)
            who = self.core if kind == "by debtor" else self.supplier
            who.act(f"/v1/receivables/{self.claims[number.upper()]}/credit-notes", document)
            return
        if kind == "invoice":
            for order in named:
                self._bill(order, document, confirmed=confirmed)
            return
        step = {"ack": "acknowledgement", "despatch": "despatches", "receipt": "receipts", "amend": "amendment"}[kind]
        who = self.supplier if kind in ("ack", "despatch") else self.core
        for order in named:
            who.act(f"/v1/orders/{order}/{step}", document)

    def _bill(self, order: str, document: dict[str, str], *, confirmed: bool) -> None:
        issued = self.supplier.act("/v1/receivables", {"order_id": order, "accept_matched": True, **document})
        self.later += [(each["due_date"], each["amount"], each["code"]) for each in issued["later"]]
        for made in (issued, *issued["further"]):
            self._issued(made["receivable"]["id"], confirmed=confirmed)

    def _issued(self, claim_id: str, *, confirmed: bool) -> None:
        claim = self.core.get(f"/v1/receivables/{claim_id}")
        number, *same = claim["number"], *(each for each in self.claims if each.startswith(claim["number"]))
        self.claims[f"{number} {len(same)}" if same else number] = claim["id"]
        if confirmed:
            undertaking = {
                "document_root": claim["document_root"],
                "face": {"amount": claim["face"], "currency": claim["currency"]},
                "due_date": claim["due_date"],
            }
            self.core.act(f"/v1/receivables/{claim['id']}/confirmation", undertaking)


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    with Stage(start_at=datetime(2026, 3, 20, 9, tzinfo=UTC)) as stage:
        yield Town(stage)


TAKEN, AGAIN = "taken", "invoice_already_registered"
TO_THE_RECEIPT = [TAKEN] * 4
WANTED: dict[str, tuple[list[str], list[str], list[str]]] = {
    "f01": ([*TO_THE_RECEIPT, TAKEN, *[AGAIN] * 4], ["282.50"], ["1130.00"]),
    "f02": ([*TO_THE_RECEIPT, TAKEN, TAKEN], ["565.00", "565.00"], ["1130.00"]),
    "m02": (TO_THE_RECEIPT, [], ["0.00"]),
    "m04": ([*TO_THE_RECEIPT, TAKEN], ["565.00"], ["565.00"]),
    "m05": (TO_THE_RECEIPT, [], []),
    "m06": (TO_THE_RECEIPT, [], []),
    "m15": ([TAKEN, TAKEN, TAKEN], [], ["0.00"]),
    "m18": ([*TO_THE_RECEIPT, TAKEN, TAKEN, TAKEN, AGAIN], ["1130.00"], ["1130.00"]),
    "p12": ([TAKEN, TAKEN, "line_unplaced", "line_unplaced", "invoice_above_received"], [], ["0.00"]),
    "p14": ([TAKEN, TAKEN, *["line_contradicted"] * 3], [], ["0.00"]),
    "q01": ([*TO_THE_RECEIPT, TAKEN, AGAIN, TAKEN, TAKEN, AGAIN, TAKEN, AGAIN], ["565.00", "565.00"], ["1130.00"]),
    "q06": ([*TO_THE_RECEIPT, "line_amount_unexplained"], [], []),
    "r01": ([*TO_THE_RECEIPT, "payee_foreign"], [], []),
    "r02": ([*TO_THE_RECEIPT, "invoice_type_refused"], [], []),
    "r04": ([*TO_THE_RECEIPT, "invoice_type_refused"], [], []),
    "r07": ([*TO_THE_RECEIPT, TAKEN], ["930.00"], ["1130.00"]),
    "r08": ([*TO_THE_RECEIPT, "prepayment_unstated"], [], []),
    "r10": ([*TO_THE_RECEIPT, "tax_unexplained"], [], []),
    "r11": ([*TO_THE_RECEIPT, "allowance_unstated"], [], []),
    "r17": ([*TO_THE_RECEIPT, TAKEN], ["565.00"], ["1130.00"]),
    "w01": ([*TO_THE_RECEIPT, TAKEN, TAKEN], ["565.00"], ["565.00"]),
    "w02": ([*TO_THE_RECEIPT, TAKEN, TAKEN, AGAIN], ["565.00", "565.00"], ["1130.00"]),
    "w04": ([TAKEN, "order_not_accepted"], [], ["0.00"]),
    "w10": ([*TO_THE_RECEIPT, "nothing_moved", TAKEN, TAKEN], ["452.00"], ["452.00"]),
    "w11": (
        [*TO_THE_RECEIPT, TAKEN, "credit_above_invoice", TAKEN, "credit_note_already_taken", TAKEN, "not_holder"],
        ["904.00"],
        ["1130.00"],
    ),
}
"""By case: what each of its papers leads to, what its claims are good for in the end, and what is received of its order
(nothing said: whatever it is)."""

LATER = {"r17": [("2026-12-15", "565.00", "tenor_unlawful")]}
"""Parts of an invoice whose day is too far away for a claim: they make one once it is near enough."""


@needs_cases
@pytest.mark.parametrize("case", sorted(CASES.iterdir()) if CASES.is_dir() else [], ids=lambda case: case.name)
def test_case__played_over_http__comes_to_what_is_right(town: Town, case: Path) -> None:
    led_to, standing, received = WANTED[case.name[:3]]
    assert town.plays(case) == led_to
    assert town.standing() == standing
    assert not received or list(town.received().values()) == received
    assert town.later == LATER.get(case.name[:3], [])
