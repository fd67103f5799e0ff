"""The lender's mandate in the file: signed by the lender, and the loan is one that it allows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

from chainfin.audit.bundle import Bundle, record_of
from chainfin.audit.deal import Known
from chainfin.audit.report import Findings
from chainfin.audit.signatures import Keys
from chainfin.errors import Refused
from chainfin.eth import mandate_message
from chainfin.eth.abi import from_hex
from chainfin.risk.grades import payer_grade
from chainfin.rules.loan import LoanTerms
from chainfin.rules.mandate import Mandate, MandateState, Use, permits
from chainfin.values.money import Money
from chainfin.values.product import Product


def check_mandate(bundle: Bundle, keys: Keys, known: Mapping[str, Known], findings: Findings) -> None:
    """What the rule asked when the offer was made is asked again, of the signed text.

    That the mandate wasn't revoked before is this service's word: the message says until when it holds, not that it
    was taken back.
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
    terms = LoanTerms.from_json(loan.terms)
    mandate = Mandate(
        id=part.id,
        lender=loan.lender,
        amount=Money(int(message["amount"]), str(message["currency"])),
        policies={
            Product(name): hash_.removeprefix("0x")
            for name, hash_ in zip(message["products"], message["policies"], strict=True)
        },
        grades=tuple(message["grades"]),
        rate_floor=Decimal(message["rateFloor"]).scaleb(-6),
        not_before=mandate_message.moment(part.typed_data, "notBefore"),
        expires_at=mandate_message.moment(part.typed_data, "expiresAt"),
        state=MandateState.ACTIVE,
    )
    use = Use(
        Product(loan.product), str(content["policy"]["hash"]), payer_grade(content), terms.annual_rate, terms.principal
    )
    refusal = permits(mandate, use, dt.datetime.fromisoformat(content["decided_at"]))
    findings.check("mandate: allows the loan", refusal is None, "" if refusal is None else refusal.message)
    findings.facts["mandate"] = (
        f"{mandate.amount} {mandate.amount.currency} on {part.platform}, until {mandate.expires_at}"
    )
