"""The registry's number and the bank's word, held against pledge, terms and journals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from eth_hash.auto import keccak

from chainfin.abi import from_hex
from chainfin.audit.bundle import Bundle, EventPart
from chainfin.audit.deal import Known, lineage
from chainfin.audit.facts import Fact, Story
from chainfin.audit.partners import PartnerKeys, read_evidence
from chainfin.audit.report import Findings
from chainfin.money import Money

LEARNT_LATE_DAYS = 7
"""Interest runs from the day on which the payout became known; a bank that had to be asked again may have paid up to a
week before. Never the other way round: interest can't run before the bank paid."""


def check_registry(
    bundle: Bundle, pledged: Fact, keys: PartnerKeys, known: Mapping[str, Known], findings: Findings
) -> None:
    """The number in the Pledged event is the registry's, for this pledge, these parties, this asset and amount."""
    number = from_hex(pledged.text("registryNo")).rstrip(b"\0").decode("ascii", errors="replace")
    said = []
    for part in bundle.registry:
        with findings.attempt("registry: evidence"):
            said.append(read_evidence("registry", part, keys, findings))
    mine = [answer for answer in said if answer.get("status") == "registered"]
    findings.check("registry: entry", len(mine) == 1, f"{len(mine)} registrations in the file")
    loan = bundle.loan
    for answer in said:
        with findings.attempt("registry: answer"):
            findings.equal("registry: kind", answer["kind"], "registration")
            findings.equal("registry: number", answer["registry_no"], number)
            findings.equal("registry: pledge", answer["pledge_ref"], pledged.text("pledgeId"))
            filed = answer["filed"]
            expected = {
                "asset_hash": pledged.text("assetId").removeprefix("0x"),
                "asset_kind": "receivable" if loan.product == "receivable" else "warehouse_receipt",
                "amount": str(Money(int(loan.principal), loan.currency)),
                "currency": loan.currency,
                "ends_on": str(loan.terms["maturity"]),
            }
            for side, party in (("pledgor", loan.borrower), ("pledgee", loan.lender)):
                if party in known:
                    expected[side] = known[party].legal
            for name, value in expected.items():
                findings.equal(f"registry: {name}", filed[name], value)


def check_payments(bundle: Bundle, story: Story, pledged: Fact | None, keys: PartnerKeys, findings: Findings) -> None:
    """Every payout and payment in the loan's life is in the bank's words, of that amount."""
    paid: list[dict[str, Any]] = []
    arrived: dict[str, dict[str, Any]] = {}
    for part in bundle.payments:
        with findings.attempt("payment: evidence"):
            said = read_evidence("payment", part, keys, findings)
            if said["kind"] == "incoming":
                arrived[str(said["bank_reference"])] = said
            else:
                findings.equal("payment: kind", said["kind"], "payment")
                paid.append(said)
    with findings.attempt("payout"):
        _payout(bundle, paid, findings)
    for event in bundle.ledger.events:
        if event.kind not in ("pay_borrower", "pay_debtor"):
            continue
        name = f"payment {event.payment}"
        with findings.attempt(name):
            said = arrived[event.payment]
            amount = Money.parse(said["amount"], said["currency"])
            booked = Money(int(event.amount), bundle.loan.currency)
            findings.check(name, booked <= amount, f"{booked} of the {amount} that the bank received")
            _booked_on(name, bundle, event, said, findings)
            findings.check(
                f"{name}: remittance", said["remittance"] in _remittances(bundle, event, story), "for this loan"
            )
            if event.kind == "pay_debtor":
                _attested(bundle, story, pledged, event.payment, booked, findings)
    _both_ways(bundle, story, pledged, arrived, findings)


def _remittances(bundle: Bundle, event: EventPart, story: Story) -> set[str]:
    """What a payer may have written: the loan; or the receivable, what it was split off, what the lender took of it."""
    if event.kind == "pay_borrower":
        return {f"LOAN {bundle.loan.id}"}
    line = lineage(str(bundle.loan.asset), story)
    taken = [fact.text("childId") for fact in story.all("Pledges.Enforced")]
    bought = {f"BUYBACK {fact.text('pledgeId')}" for fact in story.all("Pledges.BoughtBack")}
    sold = [fact.text("receivableId") for fact in story.all("Pledges.Substituted")]
    return {f"RECEIVABLE {asset}" for asset in (*line, *taken, *sold)} | bought


def _securities(bundle: Bundle, pledged: Fact, story: Story) -> list[tuple[str, str]]:
    """(receivable, pledge) of which payments serve the loan: the pledged part; what its lender took is no pledge; what
    took the place of goods that were sold."""
    taken = [(fact.text("childId"), "") for fact in story.all("Pledges.Enforced", pledgeId=pledged.args["pledgeId"])]
    sold = [
        (fact.text("receivableId"), fact.text("pledgeId"))
        for fact in story.all("Pledges.Substituted", soldPledgeId=pledged.args["pledgeId"])
    ]
    return [(str(bundle.loan.asset), pledged.text("pledgeId")), *taken, *sold]


def _payout(bundle: Bundle, paid: list[dict[str, Any]], findings: Findings) -> None:
    disbursed = [event for event in bundle.ledger.events if event.kind == "disburse"]
    mine = [said for said in paid if said["instruction_id"] == bundle.loan.id]
    findings.check("payout: once", len(disbursed) == len(mine) <= 1, f"{len(mine)} paid, {len(disbursed)} booked")
    findings.check("payout: others", len(paid) == len(mine), f"{len(paid) - len(mine)} payments of other instructions")
    for said in mine:
        findings.equal("payout: status", said["status"], "done")
        findings.equal("payout: currency", said["currency"], bundle.loan.currency)
        amount = Money.parse(said["amount"], said["currency"])
        findings.equal("payout: amount is the principal", amount.minor, int(bundle.loan.principal))
        late = (_day(disbursed[0].on) - _day_of(said)).days
        what = f"paid on {_day_of(said)}, interest runs from {disbursed[0].on}"
        findings.check("payout: date", 0 <= late <= LEARNT_LATE_DAYS, what)


def _booked_on(name: str, bundle: Bundle, event: EventPart, said: Mapping[str, Any], findings: Findings) -> None:
    """A payment counts from the day on which the bank had it; later only if interest was accrued beyond that day."""
    day = _day_of(said)
    accrued = any(other.kind == "accrue" and other.on == event.on for other in bundle.ledger.events)
    holds = _day(event.on) == day or (accrued and _day(event.on) > day)
    findings.check(f"{name}: date", holds, f"received on {day}, counted from {event.on}")


def _day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def _day_of(said: Mapping[str, Any]) -> dt.date:
    """The business day (UTC) of the bank's time."""
    return dt.datetime.fromisoformat(str(said["at"])).astimezone(dt.UTC).date()


def settlement_reference(bank_reference: str, asset: str, pledge_id: str) -> str:
    """The ``bankRef`` under which a part of a payment is attested on chain; ``pledge_id`` empty for the free part."""
    return "0x" + keccak(f"{bank_reference}:{asset}:{pledge_id}".encode()).hex()


def _attested(
    bundle: Bundle, story: Story, pledged: Fact | None, payment: str, booked: Money, findings: Findings
) -> None:
    """The settlement bank's act on chain says the same payment and amount; its event may not be final yet."""
    if pledged is None:
        return
    references = {settlement_reference(payment, asset, pledge) for asset, pledge in _securities(bundle, pledged, story)}
    settled = [fact for fact in story.all("Receivables.Settled") if fact.text("bankRef") in references]
    bought = [fact for fact in story.all("Pledges.BoughtBack") if fact.text("bankRef") in references]
    if bought:
        findings.check(f"payment {payment}: on chain", len(bought) == 1, "goods were bought back for it")
        return
    if not settled:
        findings.not_compared(f"payment {payment}: on chain", "its settlement was not in a final block")
        return
    findings.equal(f"payment {payment}: on chain", sum(fact.count("amount") for fact in settled), booked.minor)
    for fact in settled:
        findings.equal(f"payment {payment}: payee", fact.count("payee"), pledged.count("lender"))


def _both_ways(
    bundle: Bundle, story: Story, pledged: Fact | None, arrived: Mapping[str, object], findings: Findings
) -> None:
    """What the chain says was paid on the pledge is among the payments in the file."""
    if pledged is None:
        return
    securities = _securities(bundle, pledged, story)
    known = {settlement_reference(ref, asset, pledge_id) for ref in arrived for asset, pledge_id in securities}
    for fact in story.all("Receivables.Settled"):
        findings.check("payment: of each settlement", fact.text("bankRef") in known, f"bankRef {fact.text('bankRef')}")
