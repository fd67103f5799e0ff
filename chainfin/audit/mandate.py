"""The lender's mandate in the file: signed by the lender, the loan is one that it allows, and was paid out while it
held."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from decimal import Decimal

from chainfin.audit.bundle import Bundle, RevocationPart, record_of
from chainfin.audit.deal import Known, mandated_document
from chainfin.audit.money_trail import paid_out_at
from chainfin.audit.report import Findings
from chainfin.audit.signatures import Keys
from chainfin.errors import Refused
from chainfin.eth import mandate_message
from chainfin.eth.abi import from_hex
from chainfin.risk.grades import payer_grade
from chainfin.rules.loan import LoanTerms
from chainfin.rules.mandate import Mandate, MandateState, Use, permits
from chainfin.values.calendar import OFFICIAL
from chainfin.values.money import Money
from chainfin.values.product import Product


def check_mandate(bundle: Bundle, keys: Keys, known: Mapping[str, Known], findings: Findings) -> None:
    """What the rule asked when the offer was made is asked again, of the signed text.

    What can't be seen: a revocation that was left out of the file. A mandate says until when it holds, and nothing that
    is signed says that it wasn't taken back. An auditor finds out by asking the lender, which keeps its signed
    revocation, or from the bundle of another loan under the same mandate, which has it in it.
    """
    part, loan = bundle.mandate, bundle.loan
    message = part.typed_data["message"]
    lender = known.get(loan.lender)
    if lender is None:
        raise Refused("mandate_lender_unknown", "the lender isn't among the opened parties")
    signer = mandate_message.recover(part.typed_data, from_hex(part.signature))
    spoken = keys.ever(lender.number)
    findings.check(
        "mandate: signature", signer in spoken, f"signed by {signer}; the lender's keys: {', '.join(spoken)}"
    )
    domain = mandate_message.domain(bundle.chain.chain_id, part.platform)
    findings.equal("mandate: domain", part.typed_data["domain"], domain)
    findings.equal("mandate: lender", message["lender"].partition(":")[2], lender.legal)
    findings.equal("mandate: named by the terms", loan.terms.get("mandate_id"), part.id)
    content = record_of(bundle).as_dict()
    terms = LoanTerms.from_json(loan.terms, OFFICIAL)
    mandate = Mandate(
        id=part.id,
        lender=loan.lender,
        amount=Money(int(message["amount"]), str(message["currency"])),
        policies=mandate_message.hashes(part.typed_data, "policies"),
        grades=tuple(message["grades"]),
        rate_floor=Decimal(message["rateFloor"]).scaleb(-6),
        not_before=mandate_message.moment(part.typed_data, "notBefore"),
        expires_at=mandate_message.moment(part.typed_data, "expiresAt"),
        state=MandateState.ACTIVE,
        documents=mandate_message.hashes(part.typed_data, "documents"),
    )
    document = mandated_document(bundle)
    use = Use(
        Product(loan.product),
        str(content["policy"]["hash"]),
        None if document is None else document.hash,
        payer_grade(content),
        terms.annual_rate,
        terms.principal,
    )
    refusal = permits(mandate, use, dt.datetime.fromisoformat(content["decided_at"]))
    findings.check("mandate: allows the loan", refusal is None, "" if refusal is None else refusal.message)
    paid = paid_out_at(bundle)
    findings.check(
        "mandate: holds when the money goes",
        all(mandate.not_before <= at < mandate.expires_at for at in paid),
        f"from {mandate.not_before} until {mandate.expires_at}, paid out at {_times(paid)}",
    )
    allowed = f"{mandate.amount} {mandate.amount.currency} on {part.platform}, until {mandate.expires_at}"
    if part.revocation is None:
        findings.facts["mandate"] = f"{allowed}; the file knows of no revocation: ask the lender"
    else:
        at = _check_revocation(bundle, part.revocation, spoken, findings)
        findings.facts["mandate"] = f"{allowed}; the lender revoked it at {at}"


def _check_revocation(bundle: Bundle, part: RevocationPart, spoken: Collection[str], findings: Findings) -> dt.datetime:
    """The lender's signed word on when it took this mandate back: the money had gone before, or was on its way as the
    lender's word itself says. Returns the time.

    One that isn't signed is held against the payout all the same: what the service says against itself counts.
    """
    at = dt.datetime.fromtimestamp(part.at, dt.UTC)
    on_their_way: list[str] = []
    if part.typed_data is None or part.signature is None:
        findings.check("revocation: text", part.typed_data is None and part.signature is None, "neither is there")
        findings.not_compared("revocation: signature", "the lender hasn't signed it: its time is the service's word")
    else:
        signer = mandate_message.recover(part.typed_data, from_hex(part.signature), mandate_message.REVOCATION)
        keys = f"signed by {signer}; the lender's keys: {', '.join(spoken)}"
        findings.check("revocation: signature", signer in spoken, keys)
        message, mandate = part.typed_data["message"], bundle.mandate.typed_data
        findings.equal("revocation: domain", part.typed_data["domain"], mandate["domain"])
        findings.equal("revocation: lender", message["lender"], mandate["message"]["lender"])
        findings.equal("revocation: of this mandate", message["mandate"], mandate_message.digest(mandate))
        findings.equal("revocation: time", at, mandate_message.moment(part.typed_data, "revokedAt"))
        on_their_way = message["onTheirWay"]
    late = [paid for paid in paid_out_at(bundle) if paid > at]
    findings.check(
        "revocation: after the payout",
        not late or bundle.loan.id in on_their_way,
        f"revoked at {at}, paid out at {_times(paid_out_at(bundle))}",
    )
    return at


def _times(moments: Collection[dt.datetime]) -> str:
    return ", ".join(map(str, moments)) or "no time yet"
