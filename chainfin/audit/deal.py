"""Checks the deal: who the parties are, what was decided, and on which terms. What secures it: `collateral`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from chainfin.audit.bundle import ActPart, Bundle, record_of
from chainfin.audit.facts import ProvenFacts
from chainfin.audit.report import Findings
from chainfin.audit.signatures import LAST, Keys
from chainfin.errors import Refused
from chainfin.eth import eip712, mandate_message
from chainfin.eth.abi import from_hex
from chainfin.hashing import keccak
from chainfin.risk.record import REVIEW, Outcome
from chainfin.risk.replay import replay
from chainfin.risk.review import Review
from chainfin.rules.loan import LoanTerms, check_all_in_cap, cost_to_borrower, product, schedule
from chainfin.values.calendar import OFFICIAL, Adjustment
from chainfin.values.money import Money
from chainfin.values.party import legal_commitment, legal_id
from chainfin.values.product import Product


@dataclass(frozen=True, slots=True)
class Known:
    """A party whose commitment was opened."""

    number: int
    legal: str


def check_parties_opened(bundle: Bundle, proven: ProvenFacts, findings: Findings) -> dict[str, Known]:
    """Each legal id and salt give the commitment under which the chain admitted the party of that number."""
    known: dict[str, Known] = {}
    for part in bundle.parties:
        name = f"party {part.party}"
        with findings.attempt(name):
            admitted = proven.one("Participants.Admitted", party=part.number)
            opened = "0x" + legal_commitment(legal_id(part.scheme, part.value), from_hex(part.salt)).hex()
            what = f"{part.scheme} {part.value} is party {part.number}"
            once = part.party not in known and part.number not in {other.number for other in known.values()}
            if findings.check(name, once and opened == admitted.text("commitment"), what):
                known[part.party] = Known(part.number, part.value)
    for party in (bundle.loan.borrower, bundle.loan.lender):
        findings.check(f"party {party}: opened", party in known, "borrower and lender are named")
    return known


def check_decision(bundle: Bundle, expected: str, proven: ProvenFacts, findings: Findings) -> Outcome | None:
    """The record is the anchored one (``expected``, 0x-hex), and follows from its own inputs and the policy."""
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
        findings.equal("decision: product", content["product"], loan.product)
        findings.equal("decision: borrower", asked["borrower"], loan.borrower)
        findings.equal("decision: lender", asked["lender"], loan.lender)
        findings.equal("decision: outcome", record.outcome.decision, "approved")
        if REVIEW in content:
            review = Review.from_json(content[REVIEW])
            findings.equal("decision: reviewed by the lender", review.by, loan.lender)
            findings.facts["review"] = f"{review.decision} by {review.by} at {review.at.isoformat()}"
        block = content["chain"]
        if block is not None and block["number"] in proven.blocks:
            findings.equal("decision: block", block["hash"], proven.blocks[block["number"]])
        elif block is not None:
            findings.not_compared("decision: block", f"block {block['number']} is not among the headers")
        return record.outcome
    return None


def check_terms(bundle: Bundle, outcome: Outcome, decided: dt.date, anchored: str, findings: Findings) -> None:
    """The terms are those of the decision under the product document that the lender's mandate names, lawful, and cost
    what was said."""
    loan, body = bundle.loan, bundle.loan.terms
    with findings.attempt("terms"):
        terms = LoanTerms.from_json(loan.terms, OFFICIAL)
        named = mandated_document(bundle)
        document = named or product.first(Product(loan.product))
        assert outcome.annual_rate is not None, "an approval has its rate"
        assert outcome.maturity_on is not None, "an approval has its day"
        follows = document.loan_terms(
            principal=Money(outcome.amount_minor, outcome.currency),
            annual_rate=outcome.annual_rate,
            fee=Money(outcome.fee_minor, outcome.currency),
            start=terms.start,
            maturity=outcome.maturity_on,
            calendar=OFFICIAL,
        )
        stated = {
            "principal": (terms.principal.minor, outcome.amount_minor),
            "principal of the loan": (int(loan.principal), outcome.amount_minor),
            "currency": (terms.currency, outcome.currency),
            "currency of the loan": (loan.currency, outcome.currency),
            "annual rate": (terms.annual_rate, outcome.annual_rate),
            "fee": (terms.fee_or_zero.minor, outcome.fee_minor),
            "maturity": (terms.maturity, outcome.maturity_on),
            "interest": (str(body["interest"]), str(schedule(terms).interest)),
            "product document": (body.get("product_document"), None if named is None else named.id),
            "holidays": (terms.adjustment, follows.adjustment),
            "cost cap": (terms.cost_cap, follows.cost_cap),
            "binding": (body["binding"], outcome.binding),
            "advance rate": (body["advance_rate"], None if outcome.advance_rate is None else str(outcome.advance_rate)),
            "loan id": (body["loan_id"], loan.id),
            "decision": (body["decision_hash"], anchored),
            "penalty": (terms.penalty_rate, follows.penalty_rate),
            "schedule": (schedule(replace(terms, adjustment=Adjustment.NONE)).interest.minor, outcome.interest_minor),
            "method": ((terms.method, terms.period_months), (follows.method, follows.period_months)),
            "day count": (terms.day_count, follows.day_count),
            "yearly cost": (body["yearly_cost"], str(cost_to_borrower(terms))),
        }
        for what, (found, expected) in stated.items():
            findings.equal(f"terms: {what}", found, expected)
        # the offer is made in the moments after the decision: at most over one midnight
        findings.check("terms: start", 0 <= (terms.start - decided).days <= 1, f"{terms.start}, decided {decided}")
        refusal = check_all_in_cap(terms)
        findings.check("terms: all-in cost", refusal is None, "within the cap" if refusal is None else refusal.message)


def mandated_document(bundle: Bundle) -> product.ProductDocument | None:
    """The product document under which the lender's mandate lets its money go; None where it names none, as mandates
    did before there were any. Raises NotFound product_document_unknown, KeyError, ValueError."""
    named = mandate_message.hashes(bundle.mandate.typed_data, "documents").get(Product(bundle.loan.product))
    return None if named is None else product.of_hash(Product(bundle.loan.product), named)


def check_acceptance(
    bundle: Bundle, proven: ProvenFacts, keys: Keys, known: Mapping[str, Known], findings: Findings
) -> str:
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
    signer = eip712.recover(act.typed_data, from_hex(act.signature))
    if loan.lender in known:
        findings.equal("acceptance: lender", message["lender"], str(known[loan.lender].number))
    if loan.borrower in known:
        key = keys.at(known[loan.borrower].number, LAST)
        findings.check("signature of AcceptOffer", signer == key, f"signed by {signer}; the borrower's key is {key}")
    return str(message["decisionHash"])
