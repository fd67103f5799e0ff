"""The registry's and the bank's signed answers, compared with pledges, terms and journals."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from chainfin.audit.bundle import Bundle, EventPart, parse_json
from chainfin.audit.deal import Known
from chainfin.audit.facts import ProvenFacts
from chainfin.audit.partners import read_evidence
from chainfin.audit.report import Findings
from chainfin.audit.securities import Security, lineage
from chainfin.eth.abi import from_hex
from chainfin.hashing import keccak
from chainfin.jws import TrustedKeys
from chainfin.values import instruction, payment_reference
from chainfin.values.money import Money
from chainfin.values.reference import CreditorReference

EPOCH = dt.date(1970, 1, 1)


def check_registry(
    bundle: Bundle,
    found: list[Security],
    proven: ProvenFacts,
    keys: TrustedKeys,
    known: Mapping[str, Known],
    findings: Findings,
) -> None:
    """Each pledge has an entry in the registry: under the number on chain, for these parties, this asset and amount."""
    detail: dict[str, list[dict[str, Any]]] = {security.id: [] for security in found}
    for part in bundle.registry:
        with findings.attempt("registry: evidence"):
            answer = read_evidence("registry", part, keys, findings)
            pledge = str(answer["pledge_ref"])
            if findings.check("registry: pledge", pledge in detail, f"filed for {pledge}"):
                detail[pledge].append(answer)
    for security in found:
        own, answers = security.among(findings), detail[security.id]
        if security.added and not answers:
            own.not_compared("registry: entry", f"{_registry_number(security)}: it was filed past the service")
            continue
        mine = [answer for answer in answers if answer.get("status") == "registered"]
        own.check("registry: entry", len(mine) == 1, f"{len(mine)} registrations in the file")
        for answer in answers:
            with own.attempt("registry: answer"):
                _check_entry(bundle, security, answer, proven, known, own)


def _registry_number(security: Security) -> str:
    return from_hex(security.pledged.text("registryNo")).rstrip(b"\0").decode("ascii", errors="replace")


def _check_entry(
    bundle: Bundle,
    security: Security,
    answer: Mapping[str, Any],
    proven: ProvenFacts,
    known: Mapping[str, Known],
    findings: Findings,
) -> None:
    loan, filed = bundle.loan, answer["filed"]
    findings.equal("registry: kind", answer["kind"], "registration")
    findings.equal("registry: number", answer["registry_no"], _registry_number(security))
    expected = {
        "asset_hash": security.asset.removeprefix("0x"),
        "asset_kind": security.kind,
        "amount": str(Money(int(loan.principal), loan.currency)),
        "currency": loan.currency,
        "ends_on": _ends_on(bundle, security, str(filed["starts_on"]), proven),
    }
    for side, party in (("pledgor", loan.borrower), ("pledgee", loan.lender)):
        if party in known:
            expected[side] = known[party].legal
    for name, value in expected.items():
        findings.equal(f"registry: {name}", filed[name], value)


def _ends_on(bundle: Bundle, security: Security, filed_on: str, proven: ProvenFacts) -> str:
    """How long a pledge is filed: until the loan is due; a substitute until its own due day, or the filing, if later.

    Raises Refused fact_missing.
    """
    maturity = str(bundle.loan.terms["maturity"])
    if security.instead is None:
        return maturity
    pledged = security.pledged
    issued = proven.latest("Receivables.Issued", pledged.place, id=lineage(security.asset, proven)[-1])
    due = EPOCH + dt.timedelta(days=issued.count("dueDay"))
    return max(maturity, due.isoformat(), min(filed_on, pledged.at.date().isoformat()))


def check_payments(
    bundle: Bundle, proven: ProvenFacts, found: list[Security], keys: TrustedKeys, findings: Findings
) -> None:
    """Every payout and payment of the loan is in a signed answer of the bank, with the same amount."""
    paid: list[dict[str, Any]] = []
    arrived: dict[str, list[dict[str, Any]]] = {}
    for part in bundle.payments:
        with findings.attempt("payment: evidence"):
            detail = read_evidence("payment", part, keys, findings)
            if detail["kind"] == "incoming":
                told = arrived.setdefault(str(detail["bank_reference"]), [])
                if detail not in told:
                    told.append(detail)
            else:
                findings.equal("payment: kind", detail["kind"], "payment")
                paid.append(detail)
    with findings.attempt("payout"):
        _payout(bundle, paid, findings)
    payments = [event for event in bundle.ledger.events if event.kind in ("pay_borrower", "pay_debtor")]
    references = [bundle.ledger.bank_reference(event.payment) for event in payments]
    once = all(number <= max(1, len(arrived.get(each, ()))) for each, number in Counter(references).items())
    findings.check("payment: each once", once, f"{len(references)} payments, each by a word of the bank's of its own")
    for event, reference in zip(payments, references, strict=True):
        name = f"payment {reference}"
        with findings.attempt(name):
            detail = _word_on(event, arrived[reference], bundle)
            amount = Money.parse(detail["amount"], detail["currency"])
            booked = Money(int(event.amount), bundle.loan.currency)
            findings.check(name, booked <= amount, f"{booked} of the {amount} that the bank received")
            _booked_on(name, bundle, event, detail, findings)
            _meant(f"{name}: remittance", bundle, event, detail, _references(bundle, event, found, proven), findings)
            if event.kind == "pay_debtor":
                _attested(proven, found, _called(bundle, event), booked, findings)
    _again(bundle, findings)
    names = [(reference, event.payment) for event, reference in zip(payments, references, strict=True)]
    there = [(each, f"{each}:{book_ref}") for each, book_ref in names if each in arrived]
    _both_ways(proven, found, [*there, *((reference,) for reference in arrived)], findings)


def _word_on(event: EventPart, told: list[dict[str, Any]], bundle: Bundle) -> dict[str, Any]:
    """Which of the bank's words under one reference is on this payment; it is on no other one then. Raises IndexError
    where there is none left."""
    booked = Money(int(event.amount), bundle.loan.currency)
    for detail in told:
        fits = Money.parse(detail["amount"], detail["currency"]) >= booked
        if fits and _day(event.on) == max(_day_of(detail, bundle), *_started(bundle)):
            told.remove(detail)
            return detail
    return told.pop(0)


def _called(bundle: Bundle, event: EventPart) -> tuple[str, ...]:
    """What a payment is called on chain: by the bank's reference; with the book's id of it, where another one had that
    before. Where the bundle says of none that one had, it may be either (bundles of before don't say)."""
    reference = bundle.ledger.bank_reference(event.payment)
    again = f"{reference}:{event.payment}"
    if not bundle.ledger.again:
        return reference, again
    return (again,) if event.payment in bundle.ledger.again else (reference,)


def _again(bundle: Bundle, findings: Findings) -> None:
    """What became of further payments under a reference of the loan's, which aren't the loan's: nobody outside has
    signed that."""
    booked = {event.payment for event in bundle.ledger.events}
    for book_ref, part in bundle.ledger.again.items():
        if book_ref not in booked:
            amount = Money(int(part.amount), part.currency)
            why = f" ({part.reason})" if part.reason else ""
            said = (
                f"{amount} {amount.currency} more came under this reference: {part.status}{why}, by the platform's word"
            )
            findings.not_compared(f"payment {part.reference}: again", said)


def _meant(
    name: str,
    bundle: Bundle,
    event: EventPart,
    detail: Mapping[str, Any],
    claims: Collection[CreditorReference],
    findings: Findings,
) -> None:
    """The payer's text names one of the loan's claims; or it named none, and two persons of the platform said which.
    Theirs is the platform's word: nobody outside has signed it."""
    if set(payment_reference.named(str(detail["remittance"]))) & set(claims):
        findings.check(name, True, "for this loan")
        return
    if event.payment not in bundle.ledger.allocated:
        findings.check(name, False, "the payer's text names no claim of this loan")
        return
    proposal = parse_json(bundle.ledger.allocated[event.payment])
    claim = payment_reference.of(proposal["payload"]["kind"], str(proposal["payload"]["target"]))
    one, other = str(proposal["proposed_by"]), str(proposal["decided_by"])
    what = f"{one} said that it is for {claim}, and {other} approved"
    words = (proposal["kind"], proposal["decision"], proposal["subject"]) == (
        "payment_allocation",
        "approved",
        event.payment,
    )
    if not words or one == other or claim not in claims:
        findings.check(name, False, f"{what}: not two persons' word on this payment and this loan")
        return
    findings.not_compared(name, f"the payer's text names no claim; {what}")


def _references(bundle: Bundle, event: EventPart, found: list[Security], proven: ProvenFacts) -> set[CreditorReference]:
    """References that a payer may have written: the loan's; a receivable's, its parents', what its lender took; a
    pledge's of which something was bought back, or what was taken is sold."""
    if event.kind == "pay_borrower":
        return {payment_reference.of("loan", bundle.loan.id)}
    lines = [asset for security in found for asset in lineage(security.asset, proven)]
    taken = [fact.text("childId") for fact in proven.all("Pledges.Enforced")]
    moved = [fact for name in ("BoughtBack", "Enforced") for fact in proven.all(f"Pledges.{name}")]
    bought = {payment_reference.of("buy_back", fact.text("pledgeId")) for fact in moved}
    return {payment_reference.of("receivable", asset) for asset in (*lines, *taken)} | bought


def _payable(found: list[Security], proven: ProvenFacts) -> list[tuple[str, str]]:
    """(asset, pledge) of which payments serve the loan: what is pledged; what its lender took is no pledge."""
    pledged = [(security.asset, security.id) for security in found]
    return pledged + [(fact.text("childId"), "") for fact in proven.all("Pledges.Enforced")]


def paid_out_at(bundle: Bundle) -> list[dt.datetime]:
    """When the bank paid the loan out: once, or not yet. That the bank says so is for `check_payments`.

    Raises BadInput bundle_not_json; TypeError, LookupError, ValueError on an answer that is none.
    """
    details = [parse_json(part.body) for part in bundle.payments]
    mine = [detail for detail in details if detail.get("instruction_id") in _numbers(bundle)]
    return [dt.datetime.fromisoformat(detail["at"]) for detail in mine]


def _numbers(bundle: Bundle) -> tuple[str, str]:
    """The bank's number of the payout; payouts of before went under the loan's id as it is."""
    return bundle.loan.id, instruction.for_loan(bundle.loan.id)


def _payout(bundle: Bundle, paid: list[dict[str, Any]], findings: Findings) -> None:
    disbursed = [event for event in bundle.ledger.events if event.kind == "disburse"]
    mine = [detail for detail in paid if detail["instruction_id"] in _numbers(bundle)]
    findings.check("payout: once", len(disbursed) == len(mine) <= 1, f"{len(mine)} paid, {len(disbursed)} booked")
    for back in (event for event in bundle.ledger.events if event.kind == "payout_returned"):
        findings.not_compared("payout: returned", f"it came back on {back.on}, by the platform's word on a bank's file")
    findings.check("payout: others", len(paid) == len(mine), f"{len(paid) - len(mine)} payments of other instructions")
    for detail in mine:
        findings.equal("payout: status", detail["status"], "done")
        findings.equal("payout: currency", detail["currency"], bundle.loan.currency)
        amount = Money.parse(detail["amount"], detail["currency"])
        findings.equal("payout: amount is the principal", amount.minor, int(bundle.loan.principal))
        on = max(_day_of(detail, bundle), _day(str(bundle.loan.terms["start"])))
        what = f"paid on {on}, interest runs from {', '.join(map(str, _started(bundle)))}"
        findings.check("payout: date", _started(bundle) == [on], what)


def _started(bundle: Bundle) -> list[dt.date]:
    """The day from which the loan runs, by the last word on its payout; empty where it wasn't paid out."""
    days = [_day(event.on) for event in bundle.ledger.events if event.kind in ("disburse", "start_moved")]
    return days[-1:]


def _booked_on(name: str, bundle: Bundle, event: EventPart, detail: Mapping[str, Any], findings: Findings) -> None:
    """A payment counts from the day on which the bank had it, whenever that was heard of."""
    day = _day_of(detail, bundle)
    holds = _day(event.on) == max(day, *_started(bundle))
    findings.check(f"{name}: date", holds, f"received on {day}, counted from {event.on}")


def _day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def _day_of(detail: Mapping[str, Any], bundle: Bundle) -> dt.date:
    """The business day of the bank's time, in the zone that the terms name. Raises LookupError, ValueError."""
    zone = ZoneInfo(str(bundle.loan.terms.get("time_zone", "UTC")))
    return dt.datetime.fromisoformat(str(detail["at"])).astimezone(zone).date()


def settlement_reference(bank_reference: str, asset: str, pledge_id: str) -> str:
    """The ``bankRef`` under which a part of a payment is attested on chain; ``pledge_id`` empty for the free part."""
    return "0x" + keccak(f"{bank_reference}:{asset}:{pledge_id}".encode()).hex()


def _settlement_references(names: Sequence[str], found: list[Security], proven: ProvenFacts) -> set[str]:
    """The ``bankRef`` that parts of a payment may have. ``names``: what it may be called."""
    return {settlement_reference(name, asset, pledge) for asset, pledge in _payable(found, proven) for name in names}


def _attested(
    proven: ProvenFacts, found: list[Security], names: tuple[str, ...], booked: Money, findings: Findings
) -> None:
    """The settlement bank's act on chain says the same payment and amount; its event may not be final yet."""
    if not found:
        return
    payment, references = names[0], _settlement_references(names, found, proven)
    settled = [fact for fact in proven.all("Receivables.Settled") if fact.text("bankRef") in references]
    bought = [fact for fact in proven.all("Pledges.BoughtBack") if fact.text("bankRef") in references]
    if bought:
        findings.check(f"payment {payment}: on chain", len(bought) == 1, "goods were bought back for it")
        return
    if not settled:
        findings.not_compared(f"payment {payment}: on chain", "its settlement was not in a final block")
        return
    findings.equal(f"payment {payment}: on chain", sum(fact.count("amount") for fact in settled), booked.minor)
    for fact in settled:
        findings.equal(f"payment {payment}: payee", fact.count("payee"), found[0].pledged.count("lender"))


def _both_ways(
    proven: ProvenFacts, found: list[Security], arrived: Sequence[tuple[str, ...]], findings: Findings
) -> None:
    """What the chain says was paid on the pledges is among the payments in the file."""
    known: set[str] = set()
    for names in arrived:
        known |= _settlement_references(names, found, proven)
    for fact in proven.all("Receivables.Settled"):
        findings.check("payment: of each settlement", fact.text("bankRef") in known, f"bankRef {fact.text('bankRef')}")
