"""The demo's story, played once through the HTTP API; each chapter leaves what it found for the tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO
from typing import Any

from rich.console import Console
from sqlmodel import select

from chainfin.client.problem import ApiProblem
from chainfin.demo.member import Member
from chainfin.demo.report import Report
from chainfin.demo.stage import Stage
from chainfin.demo.story import Story
from chainfin.storage.pledge_tables import PledgeRow
from tests.e2e.onchain import rows, view


@dataclass
class Played:
    """``at[letter]`` holds what was seen when that chapter ended; ``events[who]`` the live events in order."""

    story: Story
    stage: Stage
    at: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: dict[str, list[tuple[str, dict[str, Any]]]] = field(default_factory=dict)
    unchanged: dict[str, bool] = field(default_factory=dict)

    def on_chain(self, contract: str, function: str, *args: object) -> Any:
        return view(self.stage.installation, contract, function, *args)

    def receivable(self) -> dict[str, Any]:
        """The receivable as its holder sees it, and as its contract says it is."""
        key = self.story.receivable["id"]
        row = self.story.who.supplier.get(f"/v1/receivables/{key}")
        return {"row": row, "chain": self.on_chain("Receivables", "receivable", key)}

    def loan(self, who: str) -> dict[str, Any]:
        """The loan as its borrower sees it, its application, its pledges' state on chain."""
        member: Member = getattr(self.story.who, who)
        loan = member.get(f"/v1/loans/{self.story.loans[who]}")
        return {
            "loan": loan,
            "application": member.get(f"/v1/applications/{loan['application_id']}"),
            "statement": member.get(f"/v1/loans/{loan['id']}/statement")["lines"],
            "pledges": [self.on_chain("Pledges", "pledgeOf", pledge["id"]) for pledge in loan["pledges"]],
        }

    def payments(self) -> list[str]:
        sandbox = self.stage.installation.sandbox
        assert sandbox is not None
        return sandbox.payments()

    def listen(self, who: str) -> None:
        """Keep every live event that this member receives."""
        member: Member = getattr(self.story.who, who)
        live, kept = member.events, self.events.setdefault(who, [])

        def events(path: str) -> Iterator[tuple[str, dict[str, Any]]]:
            for event in live(path):
                kept.append(event)
                yield event

        member.events = events  # type: ignore[method-assign] # the story listens, and so do we

    def pledge_rows(self) -> list[PledgeRow]:
        with self.stage.installation.store.read() as session:
            return list(session.exec(select(PledgeRow)).all())


@contextmanager
def playing() -> Iterator[Played]:
    """The story from a to h, then f: a stage that stays open while its tests look at it."""
    with Stage() as stage:
        played = Played(Story(stage, Report(Console(file=StringIO()))), stage)
        story = played.story
        story.admit_everyone()
        played.at["a"] = _admitted(played)
        for who in ("supplier", "distributor", "shop"):
            played.listen(who)
        story.trade()
        order = story.who.core.get(f"/v1/orders/{story.order['id']}")
        chain = played.on_chain("Orders", "order", order["id"])
        played.at["b"] = {**played.receivable(), "order": order, "order_chain": chain}
        story.supplier_borrows()
        played.at["c"] = {**played.receivable(), **played.loan("supplier"), "payments": played.payments()}
        story.distributor_borrows()
        receipt = story.who.distributor.get("/v1/warehouse-receipts")["items"][0]
        chain = played.on_chain("WarehouseReceipts", "receipt", receipt["id"])
        played.at["d"] = {**played.loan("distributor"), "receipt": receipt, "receipt_chain": chain}
        story.shop_borrows()
        played.at["e"] = played.loan("shop")
        _refuse(played)
        played.at["h"] = played.receivable()
        story.due_date()
        trial = story.who.auditor.get("/v1/audit/trial-balance")
        played.at["f"] = {
            **played.receivable(),
            **played.loan("supplier"),
            "trial_balance": trial,
            "payments": played.payments(),
        }
        yield played


def _admitted(played: Played) -> dict[str, Any]:
    installation, cast = played.stage.installation, played.story.who
    code = {
        name: installation.node.code(address, installation.node.head())
        for name, address in installation.ctx.contracts.items()
    }
    parties = {
        name: played.stage.operator.get(f"/v1/participants/{getattr(cast, name).id}")
        for name in ("core", "supplier", "distributor", "keeper", "lender", "auditor")
    }
    known = {name: played.on_chain("Participants", "party", party["chain_party"]) for name, party in parties.items()}
    return {"code": code, "parties": parties, "chain": known}


def _refuse(played: Played) -> None:
    """Chapter h, with a look at the tables before and after each attempt."""
    story, store = played.story, played.stage.installation.store
    plain: Callable[..., None] = story._must_fail

    def watched(what: str, code: str, attempt: Callable[[], object]) -> None:
        before = rows(store)

        def then_look() -> None:
            try:
                attempt()
            except ApiProblem:
                played.unchanged[what] = rows(store) == before
                raise

        plain(what, code, then_look)

    story._must_fail = watched  # type: ignore[method-assign] # to look at the tables around each attempt
    story.refused()
