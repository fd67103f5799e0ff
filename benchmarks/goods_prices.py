"""Loans on goods through real price series (folder CHAINFIN_DATA): daily oil with its −36.98, and monthly gold.

For each series 1,000 loans of 90 days at the policy's rates less the good's haircut, begun on days spread over it; the
rules call, cure and escalate day by day (`rules.margin`), interest runs (`rules.loan`), and goods are taken and sold
as nobody meets a call. Of four borrowers one pays the call, one brings goods, one pays late, one does nothing. Asserts
at each day that a loan above its call rate has a call. Prints calls, cures, sales and losses; the last line is one
JSON object: `{series: {"loans", "days", "not_lent",
"worthless_days", "calls", "cured", "escalated", "sold", "repaid", "lost_loans",
"loss_share"}}`, empty where there is no data.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
import warnings
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a script too

from chainfin.errors import unless_refused
from chainfin.rules import catalogue, inventory, margin
from chainfin.rules.inventory import FULL, UnitPrice
from chainfin.rules.loan import Loan, LoanTerms, Method, Payer, accrue, approve, disburse, pay, payoff
from chainfin.rules.margin import Cover, Event, Standing, State, Terms
from chainfin.values.calendar import OFFICIAL, NoticeUnknown
from chainfin.values.money import BasisPoints, Money

SERIES = {
    "oil, daily": ("oil-prices/wti-daily.csv", "crude-oil"),
    "gold, monthly": ("gold-prices/monthly.csv", "gold-bar"),
}
LOANS, DAYS, QUANTITY = 1000, 90, 10_000_000
GRANTED, CURED, CALLED, SOLD = 7_000, 7_400, 7_800, 8_600
"""Basis points: `inventory-v4` for standard goods."""
BRINGS = 9_500
"""Of the day's value, basis points: what a sale of taken goods is reckoned to bring, net of costs."""
CUR = "USD"
SINCE = date(1971, 9, 1)
"""Since then gold has had a price that moves."""
HABITS = ("pays", "brings goods", "pays late", "does nothing")


@dataclass
class Deal:
    """One loan as it runs. ``quantity``: thousandths pledged; ``paid``: since the call was made."""

    loan: Loan
    terms: Terms
    quantity: int
    habit: str
    call: margin.Opened | None = None
    state: State = State.OPEN
    paid: int = 0
    over: bool = False
    seen: Counter[str] = field(default_factory=Counter)
    lost: int = 0

    def cover(self, price: UnitPrice | None) -> Cover:
        return Cover(((self.quantity, price),), self.loan.dues.total)

    def day(self, price: UnitPrice | None, today: date) -> None:
        """What the service does on a day with a price (None: one that isn't above zero)."""
        self.loan = accrue(self.loan, max(today, self.loan.accrued_to)).loan
        self._judge(price, today, fell=True)
        if self.call is not None and self.state is State.OPEN and today >= self.call.due_on:
            self._answer(price, today)
        self._judge(price, today)
        if self.call is not None and self.state is State.ESCALATED and price is not None:
            self._sell(price, today)
        if not self.over:
            above = self.cover(price).is_above(self.terms.trigger)
            assert not above or self.call is not None, f"a loan fell below its threshold on {today} without a call"
            if today >= self.loan.terms.maturity:
                self.over, self.seen["repaid"] = True, 1

    def _judge(self, price: UnitPrice | None, today: date, *, fell: bool = False) -> None:
        standing = None
        if self.call is not None:
            left = Money(max(0, self.call.amount.minor - self.paid), CUR)
            standing = Standing(self.state, left, self.call.due_on)
        found = margin.judge(self.cover(price), standing, self.terms, today, OFFICIAL, fell=fell)
        if found.event is not None:
            self.seen[found.event.value] += 1
            self.state = margin.transition(self.state, found.event)
            if found.event is not Event.ESCALATE:
                self.call = None
        if found.opened is not None:
            self.call, self.state, self.paid = found.opened, found.opened.state, 0
            self.seen["call"] += 1
            self.seen["escalate"] += found.opened.state is State.ESCALATED

    def _answer(self, price: UnitPrice | None, today: date) -> None:
        """On the last day of the call the borrower does what it is wont to."""
        if (
            self.call is None
            or self.habit == "does nothing"
            or (self.habit == "pays late" and today == self.call.due_on)
        ):
            return
        cover = self.cover(price)
        more = 0 if price is None else cover.goods_short_of(self.terms.cure)
        if self.habit == "brings goods" and more:
            self.quantity += more
            return
        left = margin.left_today(cover, Money(max(0, self.call.amount.minor - self.paid), CUR), self.terms)
        left = min(left, payoff(self.loan, self.loan.accrued_to))
        if left.minor:
            self.loan = unless_refused(
                pay(self.loan, left, self.loan.accrued_to, payer=Payer.BORROWER, payment=f"p{today}")
            ).loan
            self.paid += left.minor

    def _sell(self, price: UnitPrice, today: date) -> None:
        """All is sold at `BRINGS` of its value; what is owed above that is lost."""
        brings = inventory.value(self.quantity, price).minor * BRINGS // FULL
        self.lost = max(0, self.loan.dues.total.minor - brings)
        self.over, self.seen["sold"] = True, 1


def read(path: Path) -> list[tuple[date, Decimal]]:
    """Day and price; of a month its first day."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [(row["Date"], Decimal(row["Price"])) for row in csv.DictReader(file) if row["Price"]]
    told = [(date.fromisoformat(day if len(day) > 7 else f"{day}-01"), price) for day, price in rows]
    return [(day, price) for day, price in told if day >= SINCE]


def lend(price: UnitPrice, on: date, haircut: int, habit: str) -> Deal:
    rates = [BasisPoints(rate - max(0, haircut - (FULL - GRANTED))) for rate in (GRANTED, CURED, CALLED, SOLD)]
    principal = inventory.loan_limit(QUANTITY, price, rates[0])
    terms = LoanTerms(
        principal=principal,
        annual_rate=Decimal("0.06"),
        fee=Money(0, CUR),
        start=on,
        maturity=on + timedelta(days=DAYS),
        method=Method.BULLET,
    )
    return Deal(
        disburse(approve("loan", "lender", "borrower", terms), on).loan,
        Terms(rates[1], rates[2], rates[3]),
        QUANTITY,
        habit,
    )


def run(series: list[tuple[date, Decimal]], good: catalogue.Good) -> dict[str, object]:
    days = [day for day, _ in series]
    prices = [UnitPrice(price, CUR) if price > 0 else None for _, price in series]
    last = max(index for index, day in enumerate(days) if day + timedelta(days=DAYS) <= days[-1])
    deals, counts, loss, lent, walked, not_lent = [], Counter[str](), 0, 0, 0, 0
    for number in range(LOANS):
        first = number * last // (LOANS - 1)
        price = prices[first]
        if price is None:
            not_lent += 1
            continue
        deal = lend(price, days[first], int(good.haircut), HABITS[number % len(HABITS)])
        index = first
        while not deal.over:
            index += 1
            deal.day(prices[index], days[index])
            counts["worthless"] += prices[index] is None
            walked += 1
        deals.append(deal)
        counts += deal.seen
        loss, lent = loss + deal.lost, lent + deal.loan.terms.principal.minor
    return {
        "loans": len(deals),
        "days": walked,
        "not_lent": not_lent,
        "worthless_days": counts["worthless"],
        "calls": counts["call"],
        "cured": counts["cure"],
        "escalated": counts["escalate"],
        "sold": counts["sold"],
        "repaid": counts["repaid"],
        "lost_loans": sum(deal.lost > 0 for deal in deals),
        "loss_share": round(loss / lent, 6) if lent else 0,
    }


def main() -> int:
    """Entry point; returns the exit code."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter).parse_args()
    warnings.simplefilter("ignore", NoticeUnknown)  # the holidays of those years
    folder, found = os.environ.get("CHAINFIN_DATA"), {}
    for name, (file, code) in SERIES.items():
        path = Path(folder or ".") / "prices" / file
        if folder is None or not path.is_file():
            print(f"{name}: CHAINFIN_DATA names no folder with prices/{file}")
            continue
        found[name] = run(read(path), catalogue.good(code))
        print(f"{name}: {', '.join(f'{value} {key}' for key, value in found[name].items())}")
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
