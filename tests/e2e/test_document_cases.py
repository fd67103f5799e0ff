"""Cases of trade documents that nobody here wrote, where the optional data folder has them: played over HTTP, each of
them by the parties whose papers they are. Their companies are invented."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chainfin.client.problem import ApiProblem
from chainfin.demo.member import Member
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

    def plays(self, case: Path) -> tuple[list[str], list[dict[str, Any]]]:
        """For each file what it led to: the kind if it was taken, else the code; and the claims in the end."""
        orders: dict[str, str] = {}
        claims: dict[str, str] = {}
        led_to = []
        for file in sorted(case.iterdir()):
            kind = re.sub(r"^\d+-|\.xml$", "", file.name)
            try:
                self._play(kind, file.read_bytes(), orders, claims)
                led_to.append(kind)
            except ApiProblem as problem:
                led_to.append(problem.code)
        return led_to, [self.supplier.get(f"/v1/receivables/{each}") for each in claims.values()]

    def _play(self, kind: str, data: bytes, orders: dict[str, str], claims: dict[str, str]) -> None:
        document, text = {"document": as_text(data)}, data.decode()
        if kind == "order":
            made = self.core.act("/v1/orders", document)["order"]
            orders[made["number"]] = made["id"]
            return
        named = [id for number, id in orders.items() if f">{number}<" in text] or list(orders.values())
        if kind in ("invoice", "credit"):
            self._bill(kind, text, document, named, claims)
            return
        step = {"ack": "acknowledgement", "despatch": "despatches", "receipt": "receipts", "amend": "amendments"}[kind]
        who: Member = self.supplier if kind in ("ack", "despatch") else self.core
        for order in named:
            who.act(f"/v1/orders/{order}/{step}", document)

    def _bill(
        self, kind: str, text: str, document: dict[str, str], orders: list[str], claims: dict[str, str]
    ) -> None:
        if kind == "credit":
            (number,) = re.findall(r"InvoiceDocumentReference>\s*<cbc:ID>([^<]+)<", text)
            self.supplier.act(f"/v1/receivables/{claims[number]}/credit-notes", document)
            return
        for order in orders:
            issued = self.supplier.act("/v1/receivables", {"order_id": order, "accept_matched": True, **document})
            claim = self.core.get(f"/v1/receivables/{issued['receivable']['id']}")
            claims[claim["number"]] = claim["id"]
            if claim["status"] == "issued":
                undertaking = {
                    "document_root": claim["document_root"],
                    "face": {"amount": claim["face"], "currency": claim["currency"]},
                    "due_date": claim["due_date"],
                }
                self.core.act(f"/v1/receivables/{claim['id']}/confirmation", undertaking)


@pytest.fixture
def town() -> Iterator[Town]:
    with Stage(start_at=datetime(2026, 3, 20, 9, tzinfo=UTC)) as stage:
        yield Town(stage)


@needs_cases
@pytest.mark.parametrize("case", sorted(CASES.iterdir()) if CASES.is_dir() else [], ids=lambda case: case.name)
def test_case(town: Town, case: Path) -> None:
    led_to, claims = town.plays(case)
    print("CASE", case.name, led_to, [(c["face"], c["status"], c["diluted"], c["uncarried"]) for c in claims])
