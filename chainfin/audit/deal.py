"""Does the deal hang together: trade → receivable or goods → decision → pledge → registry → money."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from eth_hash.auto import keccak

from chainfin import acts
from chainfin.abi import from_hex
from chainfin.audit.bundle import ActPart, Bundle, record_of
from chainfin.audit.facts import Fact, Story
from chainfin.audit.papers import Paper, check_invoice, check_parties, check_receipts
from chainfin.audit.report import Findings
from chainfin.audit.signatures import LAST, Keys
from chainfin.errors import Refused
from chainfin.loan import LoanTerms, Method, check_all_in_cap, cost_to_borrower, schedule
from chainfin.money import Money
from chainfin.party import legal_commitment, legal_id
from chainfin.risk.record import GENERAL, INVENTORY, RECEIVABLE, REVIEW, Outcome
from chainfin.risk.replay import replay
from chainfin.risk.review import Review

PRODUCTS = {"receivable": RECEIVABLE, "inventory": INVENTORY, "general": GENERAL}
PENALTY_SHARE = Decimal("0.3")
"""Penalty on top of the contract rate, as a share of it (PBoC, 银发〔2003〕251号: 30–50 %; the lower end)."""


@dataclass(frozen=True, slots=True)
class Known:
    """A party whose commitment was opened."""

    number: int
    legal: str


def check_parties_opened(bundle: Bundle, story: Story, findings: Findings) -> dict[str, Known]:
    """Each legal id and salt give the commitment under which the chain admitted the party of that number."""
    known: dict[str, Known] = {}
    for part in bundle.parties:
        name = f"party {part.party}"
        with findings.attempt(name):
            admitted = story.one("Participants.Admitted", party=part.number)
            opened = "0x" + legal_commitment(legal_id(part.scheme, part.value), from_hex(part.salt)).hex()
            what = f"{part.scheme} {part.value} is party {part.number}"
            once = part.party not in known and part.number not in {other.number for other in known.values()}
            if findings.check(name, once and opened == admitted.text("commitment"), what):
                known[part.party] = Known(part.number, part.value)
    for party in (bundle.loan.borrower, bundle.loan.lender):
        findings.check(f"party {party}: opened", party in known, "borrower and lender are named")
    return known


def check_decision(bundle: Bundle, expected: str, story: Story, findings: Findings) -> Outcome | None:
    """The record is the one anchored (``expected``, 0x-hex) and what its own inputs and the policy lead to."""
    with findings.attempt("decision: record"):
        record = record_of(bundle)
        content = record.as_dict()
        findings.equal("decision: hash", record.hash(), expected)
        result = replay(content, expected_hash=expected)
        policy = content["policy"]
        named = f"policy {policy['id']} {policy['hash']}"
        differs = "" if result.ok else f"{result.where} differs in replay: {result.replayed} is not {result.recorded}"
        place = (result.where or "").strip("/").replace("/", ".")
        findings.check("decision: replay" + (f" {place}" if place else ""), result.ok, differs or named)
        findings.facts["policy"] = named
        asked, loan = content["inputs"]["application"], bundle.loan
        findings.equal("decision: product", content["product"], PRODUCTS[loan.product])
        findings.equal("decision: borrower", asked["borrower"], loan.borrower)
        findings.equal("decision: lender", asked["lender"], loan.lender)
        findings.equal("decision: outcome", record.outcome.decision, "approved")
        if REVIEW in content:
            review = Review.from_json(content[REVIEW])
            findings.equal("decision: reviewed by the lender", review.by, loan.lender)
            findings.facts["review"] = f"{review.decision} by {review.by} at {review.at.isoformat()}"
        block = content["chain"]
        if block is not None and block["number"] in story.blocks:
            findings.equal("decision: block", block["hash"], story.blocks[block["number"]])
        elif block is not None:
            findings.not_compared("decision: block", f"block {block['number']} is not among the headers")
        return record.outcome
    return None


def check_terms(bundle: Bundle, outcome: Outcome, decided: dt.date, anchored: str, findings: Findings) -> None:
    """The terms are those of the decision, lawful, and cost what was said."""
    loan, body = bundle.loan, bundle.loan.terms
    with findings.attempt("terms"):
        terms = LoanTerms.from_json(loan.terms)
        stated = {
            "principal": (terms.principal.minor, outcome.amount_minor),
            "principal of the loan": (int(loan.principal), outcome.amount_minor),
            "currency": (terms.currency, outcome.currency),
            "currency of the loan": (loan.currency, outcome.currency),
            "annual rate": (terms.annual_rate, outcome.annual_rate),
            "fee": (terms.fee_or_zero.minor, outcome.fee_minor),
            "maturity": (terms.maturity, outcome.maturity_on),
            "interest": (str(body["interest"]), str(Money(outcome.interest_minor, outcome.currency))),
            "binding": (body["binding"], outcome.binding),
            "advance rate": (body["advance_rate"], None if outcome.advance_rate is None else str(outcome.advance_rate)),
            "loan id": (body["loan_id"], loan.id),
            "decision": (body["decision_hash"], anchored),
            "penalty": (terms.penalty_rate, (terms.annual_rate * PENALTY_SHARE).quantize(Decimal("0.000001"))),
            "schedule": (schedule(terms).interest.minor, outcome.interest_minor),
            "method": ((terms.method, terms.period_months), (Method.BULLET, 1)),
            "yearly cost": (body["yearly_cost"], str(cost_to_borrower(terms))),
        }
        for what, (found, expected) in stated.items():
            findings.equal(f"terms: {what}", found, expected)
        # the offer is made in the moments after the decision: at most over one midnight
        findings.check("terms: start", 0 <= (terms.start - decided).days <= 1, f"{terms.start}, decided {decided}")
        refusal = check_all_in_cap(terms)
        findings.check("terms: all-in cost", refusal is None, "within the cap" if refusal is None else refusal.message)


def check_pledge(
    bundle: Bundle, outcome: Outcome, story: Story, known: Mapping[str, Known], findings: Findings
) -> Fact:
    """The pledge is this loan's, of this borrower, for this lender, as much as the decision asked for.

    Raises Refused fact_missing.
    """
    pledged = story.one("Pledges.Pledged")
    loan = bundle.loan
    findings.equal("pledge: loan", pledged.text("loanRef"), "0x" + keccak(loan.id.encode()).hex())
    findings.equal("pledge: asset", pledged.text("assetId"), str(loan.asset))
    findings.equal("pledge: kind", pledged.count("assetKind"), 1 if loan.product == "receivable" else 2)
    for side, party, argument in (("pledgor", loan.borrower, "pledgor"), ("lender", loan.lender, "lender")):
        if party in known:
            findings.equal(f"pledge: {side}", pledged.count(argument), known[party].number)
    wanted = outcome.pledge_minor if loan.product == "receivable" else outcome.pledge_thousandths
    findings.equal("pledge: amount", pledged.count("amount"), wanted)
    if loan.product == "receivable" and outcome.advance_rate is not None:
        lent = Decimal(pledged.count("amount")) * outcome.advance_rate
        what = f"{loan.principal} is at most {outcome.advance_rate} of the {pledged.count('amount')} pledged"
        findings.check("pledge: covers the principal", int(loan.principal) <= lent, what)
    freed = sum(f.count("amount") for f in story.all("Pledges.Released", pledgeId=pledged.args["pledgeId"]))
    paid = sum(f.count("amount") for f in story.all("Receivables.Settled", pledgeId=pledged.args["pledgeId"]))
    lost = sum(f.count("by") for f in story.all("Pledges.Shrunk", pledgeId=pledged.args["pledgeId"]))
    ends = ("Pledges.Enforced", "Pledges.BoughtBack")
    taken = sum(f.count("amount") for end in ends for f in story.all(end, pledgeId=pledged.args["pledgeId"]))
    locked = pledged.count("amount") - freed - paid - lost - taken
    what = f"{freed} set free, {paid} paid, {lost} lost in a count, {taken} taken, {locked} still locked"
    findings.check("pledge: conserved", locked >= 0, what)
    for ended in story.all("Pledges.Discharged"):
        findings.check(
            "pledge: discharged", locked == 0 and ended.args["pledgeId"] == pledged.args["pledgeId"], "paid up"
        )
    return pledged


def check_receivable(
    bundle: Bundle, pledged: Fact, story: Story, papers: list[Paper], known: Mapping[str, Known], findings: Findings
) -> None:
    """Ordered, received, invoiced, confirmed – in this order and of the same thing – before it was pledged.

    Raises Refused fact_missing.
    """
    line = lineage(pledged.text("assetId"), story)
    confirmed = story.one("Receivables.Confirmed", id=line[-1])
    issued = story.latest("Receivables.Issued", confirmed.place, id=confirmed.args["id"])
    posted = story.one("Orders.Posted", orderId=issued.args["orderId"])
    received = [f for f in story.all("Orders.GoodsReceived", orderId=issued.args["orderId"]) if f.place < issued.place]
    for member in ("documentRoot", "debtor"):
        findings.equal(f"receivable: confirmed {member}", confirmed.args[member], issued.args[member])
    findings.equal("receivable: debtor", issued.args["debtor"], posted.args["buyer"])
    findings.equal("receivable: seller", issued.args["seller"], posted.args["seller"])
    findings.equal("receivable: holder", pledged.args["pledgor"], _holder(line, issued, pledged, story))
    in_order = posted.place < issued.place < confirmed.place < pledged.place
    findings.check("receivable: order of events", in_order, "posted, issued, confirmed, pledged")
    most = max((f.count("received") for f in received), default=0)
    what = f"face {issued.count('face')}, received {most}"
    findings.check("receivable: received before issued", issued.count("face") <= most, what)
    face = _came(line[0], story).count("amount") if len(line) > 1 else issued.count("face")
    findings.check("pledge: within the face", pledged.count("amount") <= face, f"{pledged.count('amount')} of {face}")
    currency = from_hex(posted.text("currency")).decode("ascii", errors="replace")
    findings.equal("receivable: currency", currency, bundle.loan.currency)
    orders = [p for p in papers if p.kind == "order" and p.fact.args["orderId"] == posted.args["orderId"]]
    invoices = [p for p in papers if p.kind == "invoice" and p.fact.number == issued.number]
    receipts = [p for p in papers if p.kind == "receipt_advice"]
    if not orders or not invoices or not receipts:
        findings.check("documents: complete", False, "order, receipt and invoice are in the file")
        return
    latest = max(orders, key=lambda paper: paper.fact.place)
    check_invoice(invoices[0], latest, bundle.loan.currency, findings)
    check_receipts(latest, receipts, findings)
    legal = {party.number: party.legal for party in known.values()}
    sides = {side: legal[posted.count(side)] for side in ("seller", "buyer") if posted.count(side) in legal}
    for paper in (latest, invoices[0]):
        check_parties(paper, sides, findings)
    debtor = _id_of(issued.count("debtor"), known)
    inputs = {"id": line[0], "face_minor": face, "debtor": debtor}
    _same_inputs(bundle, "receivable", inputs, findings)


def check_goods(
    bundle: Bundle, pledged: Fact, story: Story, papers: list[Paper], known: Mapping[str, Known], findings: Findings
) -> None:
    """The keeper issued the receipt to the borrower before it was pledged. Raises Refused fact_missing."""
    line = lineage(pledged.text("assetId"), story)
    issued = story.one("WarehouseReceipts.Issued", id=line[-1])
    findings.equal("goods: owner", _holder(line, issued, pledged, story), pledged.args["pledgor"])
    findings.check("goods: order of events", issued.place < pledged.place, "issued, pledged")
    there = (_came(line[0], story) if len(line) > 1 else issued).count("quantity")
    what = f"{pledged.count('amount')} of {there} thousandths"
    findings.check("pledge: within the goods", pledged.count("amount") <= there, what)
    keeper = _id_of(issued.count("keeper"), known)
    inputs = {"id": line[0], "quantity_thousandths": there, "keeper": keeper}
    _same_inputs(bundle, "receipt", inputs, findings)
    paper = next((p for p in papers if p.kind == "warehouse_receipt" and p.fact.number == issued.number), None)
    if paper is None:
        findings.not_compared("document warehouse_receipt", "no field of the receipt is disclosed")
        return
    with findings.attempt("document warehouse_receipt: quantity"):
        stated = int(Decimal(paper.text("/quantity")).scaleb(3))
        findings.equal("document warehouse_receipt: quantity", stated, issued.count("quantity"))


def check_acceptance(bundle: Bundle, story: Story, keys: Keys, known: Mapping[str, Known], findings: Findings) -> str:
    """Where nothing is pledged: the borrower's signature under the offer. Gives the decision hash that it accepts.

    Raises Refused acceptance_missing.
    """
    accepted = [act for act in bundle.acts if act.fact is None]
    if len(accepted) != 1:
        raise Refused("acceptance_missing", f"{len(accepted)} acceptances of the offer are in the file, not one")
    act: ActPart = accepted[0]
    message: dict[str, Any] = act.typed_data["message"]
    loan = bundle.loan
    findings.equal("acceptance: loan", message["loanRef"], "0x" + keccak(loan.id.encode()).hex())
    findings.equal("acceptance: amount", message["amount"], loan.principal)
    signer = acts.recover(act.typed_data, from_hex(act.signature))
    if loan.lender in known:
        findings.equal("acceptance: lender", message["lender"], str(known[loan.lender].number))
    if loan.borrower in known:
        key = keys.at(known[loan.borrower].number, LAST)
        findings.check("signature of AcceptOffer", signer == key, f"signed by {signer}; the borrower's key is {key}")
    return str(message["decisionHash"])


def lineage(asset: str, story: Story) -> list[str]:
    """An asset, what it was split off or taken out of, and so on to what was issued. Raises Refused fact_missing,
    fact_ambiguous (of what comes from itself, too)."""
    found = [asset]
    while any(story.all(event, childId=found[-1]) for event in PARTS):
        parent = _came(found[-1], story).text("id")
        if parent in found:
            raise Refused("fact_ambiguous", f"{parent} is a part of itself")
        found.append(parent)
    return found


PARTS = ("Receivables.Split", "Receivables.Taken", "WarehouseReceipts.Taken")
"""Events by which a part comes to be."""


def _came(part: str, story: Story) -> Fact:
    """How the part came to be. Raises Refused fact_ambiguous."""
    found = [fact for event in PARTS for fact in story.all(event, childId=part)]
    if len(found) != 1:
        raise Refused("fact_ambiguous", f"{part} came to be {len(found)} times")
    return found[0]


def _holder(line: list[str], issued: Fact, pledged: Fact, story: Story) -> int:
    """Who held it when it was pledged: passed on as a whole, then as the part that it became, and so on."""
    contract = issued.event.partition(".")[0]
    holder = issued.count("seller" if contract == "Receivables" else "owner")
    ends = [_came(part, story) for part in line[:-1]]
    for place, asset in reversed(list(enumerate(line))):
        until = ends[place - 1].place if place else pledged.place
        moves = [f for f in story.all(f"{contract}.Transferred", id=asset) if f.place < until]
        holder = moves[-1].count("to") if moves else holder
        if place and ends[place - 1].event.endswith(".Taken"):
            holder = ends[place - 1].count("lender")
    return holder


def _id_of(number: int, known: Mapping[str, Known]) -> str:
    return next((party for party, opened in known.items() if opened.number == number), "")


def _same_inputs(bundle: Bundle, part: str, expected: Mapping[str, object], findings: Findings) -> None:
    with findings.attempt(f"decision: inputs of the {part}"):
        given = record_of(bundle).as_dict()["inputs"][part]
        for name, value in expected.items():
            findings.equal(f"decision: {part}.{name}", str(given[name]), str(value))
