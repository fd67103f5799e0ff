"""What secures a loan, by the proven facts: each pledge, its asset, and what the asset was split off from."""

from __future__ import annotations

from dataclasses import dataclass

from chainfin.audit.facts import Fact, ProvenFacts
from chainfin.audit.report import Findings
from chainfin.errors import Refused

PARTS = ("Receivables.Split", "Receivables.Taken", "WarehouseReceipts.Taken")
"""Events by which a part comes to be."""


@dataclass(frozen=True, slots=True)
class Security:
    """A pledge of the loan. ``number`` counts from 1, in the order of the chain.

    ``lent_on``: the decision was made on it. ``instead``: the event by which it took the place of sold goods.
    """

    number: int
    pledged: Fact
    lent_on: bool
    instead: Fact | None

    @property
    def id(self) -> str:
        return self.pledged.text("pledgeId")

    @property
    def asset(self) -> str:
        return self.pledged.text("assetId")

    @property
    def kind(self) -> str:
        """As the registry calls it: receivable | warehouse_receipt."""
        return "receivable" if self.pledged.count("assetKind") == 1 else "warehouse_receipt"

    @property
    def added(self) -> bool:
        """More collateral than was asked for, pledged without the service: the deal doesn't depend on it."""
        return not self.lent_on and self.instead is None

    @property
    def reply(self) -> str:
        """For a reader."""
        why = "lent on" if self.lent_on else "added" if self.added else "in the place of sold goods"
        return f"{self.kind} {self.asset}, {why}, pledge {self.id}"

    def among(self, findings: Findings) -> Findings:
        """Where what is found about it goes: of what was lent on under the plain names, of others under a heading."""
        return findings if self.lent_on else findings.under(f"security {self.number}")


def securities(proven: ProvenFacts, *, unsecured: bool) -> list[Security]:
    """Every pledge in the file, in the order of the chain: the first is what was lent on, unless the loan was granted
    ``unsecured``."""
    pledged = proven.all("Pledges.Pledged")
    return [
        Security(number, fact, number == 1 and not unsecured, substitution(fact, proven))
        for number, fact in enumerate(pledged, 1)
    ]


def substitution(fact: Fact, proven: ProvenFacts) -> Fact | None:
    """The substitution of which this pledge, or this release, is one half; None for any other event."""
    if fact.event == "Pledges.Pledged":
        names = {"pledgeId": fact.args["pledgeId"], "receivableId": fact.args["assetId"]}
    elif fact.event == "Pledges.Released":
        names = {"soldPledgeId": fact.args["pledgeId"], "goodsId": fact.args["assetId"]}
    else:
        return None
    by = proven.all("Pledges.Substituted", **names)
    return next((each for each in by if each.place[:2] == fact.place[:2]), None)


def lineage(asset: str, proven: ProvenFacts) -> list[str]:
    """An asset, what it was split off or taken out of, and so on to what was issued. Raises Refused fact_missing,
    fact_ambiguous (of what comes from itself, too)."""
    found = [asset]
    while any(proven.all(event, childId=found[-1]) for event in PARTS):
        parent = came(found[-1], proven).text("id")
        if parent in found:
            raise Refused("fact_ambiguous", f"{parent} is a part of itself")
        found.append(parent)
    return found


def came(part: str, proven: ProvenFacts) -> Fact:
    """The event by which the part was made. Raises Refused fact_ambiguous."""
    found = [fact for event in PARTS for fact in proven.all(event, childId=part)]
    if len(found) != 1:
        raise Refused("fact_ambiguous", f"{part} came to be {len(found)} times")
    return found[0]


def holder(line: list[str], issued: Fact, pledged: Fact, proven: ProvenFacts) -> int:
    """Who held it when it was pledged: passed on as a whole, then as the part that it became, and so on."""
    contract = issued.event.partition(".")[0]
    found = issued.count("seller" if contract == "Receivables" else "owner")
    ends = [came(part, proven) for part in line[:-1]]
    for place, asset in reversed(list(enumerate(line))):
        until = ends[place - 1].place if place else pledged.place
        moves = [f for f in proven.all(f"{contract}.Transferred", id=asset) if f.place < until]
        found = moves[-1].count("to") if moves else found
        if place and ends[place - 1].event.endswith(".Taken"):
            found = ends[place - 1].count("lender")
    return found
