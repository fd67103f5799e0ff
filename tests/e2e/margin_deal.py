"""A loan on copper that its lender may call: for the tests of margin calls and of the goods that are added."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from chainfin.services.kernel.context import OPERATOR, Actor
from chainfin.services.lending import end_of_day, margin_calls
from chainfin.services.views.lending import MarginCallView
from chainfin.storage.pledge_tables import PledgeRow
from tests.e2e.ending import pledges_on
from tests.e2e.site import Site

LENT = 200_000_00

CALLED, SOLD = 62_00, 56_00
"""Lent at 70.00, which is 70 %: at these prices the loan stands at 79 % (above 78 %) and at 87.5 % (above 86 %)."""


@dataclass
class Deal:
    """A loan on copper by a lender of its own, so that its prices touch nobody else's loans."""

    site: Site
    owner: Actor
    lender: Actor
    goods_id: str
    loan_id: str

    @property
    def pledge(self) -> PledgeRow:
        return pledges_on(self.site, self.goods_id)[0]

    def price(self, minor: int) -> None:
        self.site.price(minor, self.lender)

    @property
    def calls(self) -> list[MarginCallView]:
        return margin_calls.of_loan(self.site.ctx, self.owner, self.loan_id).calls

    @property
    def call(self) -> MarginCallView:
        return self.calls[-1]

    @property
    def left(self) -> int:
        """What meets the call today, in fen."""
        left = self.call.left
        assert left is not None, self.call.status
        return left.minor

    def pays(self, minor: int) -> None:
        self.site.pays(minor, f"LOAN {self.loan_id}")

    def wish(self, **more: object) -> dict[str, object]:
        return {"product": "inventory_pledge", "lender_id": str(self.lender.party_id), **more}

    def day_ends(self, days: int) -> None:
        """So many days later, with a price of that day (the same) and the bank's word on what was paid before it."""
        self.site.move_to(self.site.today + timedelta(days=days))
        self.site.inst.incoming.run_once()
        end_of_day.run(self.site.ctx, OPERATOR, self.site.today)


def on_copper(site: Site) -> Deal:
    """Lent at 70.00, which is 70 %."""
    owner = site.borrower()
    lender = site.lender(owner)
    site.price(70_00, lender)
    goods = site.goods(owner)
    more = {"product": "inventory_pledge", "lender_id": str(lender.party_id)}
    return Deal(site, owner, lender, goods.id, site.funded(owner, LENT, goods.id, **more))
