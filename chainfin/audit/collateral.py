"""Checks each security of the loan: its pledge, and the trade or the goods behind it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from chainfin.audit.bundle import Bundle, record_of
from chainfin.audit.deal import Known
from chainfin.audit.facts import Fact, ProvenFacts
from chainfin.audit.report import Findings
from chainfin.audit.securities import Security, came, holder, lineage
from chainfin.audit.trade_documents import TradeDocument, check_invoice, check_parties, check_receipts
from chainfin.eth.abi import from_hex
from chainfin.hashing import keccak
from chainfin.risk.record import Outcome
from chainfin.values.product import Product


def check_named(found: list[Security], proven: ProvenFacts, findings: Findings) -> None:
    """Every event about a pledge is about a pledge that the file shows, and no event of these pledges in the same
    transactions is left out."""
    shown = {security.id for security in found}
    names = ("pledgeId", "soldPledgeId")

    def named(fact: Fact) -> set[str]:
        return {fact.text(name) for name in names if name in fact.args} if fact.event.startswith("Pledges.") else set()

    strange = [fact.event for fact in proven.facts if named(fact) - shown]
    findings.check("securities: all shown", not strange, f"{len(found)} pledges" + "".join(f"; {e}" for e in strange))
    beside = [fact.event for fact in proven.beside if named(fact) & shown]
    findings.check("securities: nothing left out", not beside, ", ".join(beside) or "of what came with it")


def check_pledge(
    bundle: Bundle, security: Security, outcome: Outcome | None, proven: ProvenFacts, known: Mapping[str, Known],
    findings: Findings,
) -> None:  # fmt: skip
    """The pledge is for this loan, borrower and lender; on what was lent on, it is as large as the decision asked for.

    ``outcome``: None where no decision holds. Raises Refused fact_missing.
    """
    loan, pledged = bundle.loan, security.pledged
    findings.equal("pledge: loan", pledged.text("loanRef"), "0x" + keccak(loan.id.encode()).hex())
    for side, party in (("pledgor", loan.borrower), ("lender", loan.lender)):
        if party in known:
            findings.equal(f"pledge: {side}", pledged.count(side), known[party].number)
    if security.lent_on:
        findings.equal("pledge: asset", security.asset, str(loan.asset))
        findings.equal(
            "pledge: kind", pledged.count("assetKind"), 1 if loan.product == Product.RECEIVABLE_PLEDGE.value else 2
        )
        if outcome is not None:
            _as_decided(bundle, pledged, outcome, findings)
    if security.instead is not None:
        sold = proven.one("Pledges.Pledged", pledgeId=security.instead.args["soldPledgeId"])
        findings.equal("substitution: decision", pledged.text("decisionHash"), sold.text("decisionHash"))
    _conserved(security, proven, findings)
    _undertaken(security, proven, findings)


def _as_decided(bundle: Bundle, pledged: Fact, outcome: Outcome, findings: Findings) -> None:
    loan = bundle.loan
    wanted = outcome.pledge_minor if loan.product == Product.RECEIVABLE_PLEDGE.value else outcome.pledge_thousandths
    findings.equal("pledge: amount", pledged.count("amount"), wanted)
    if loan.product == Product.RECEIVABLE_PLEDGE.value and outcome.advance_rate is not None:
        lent = Decimal(pledged.count("amount")) * outcome.advance_rate
        what = f"{loan.principal} is at most {outcome.advance_rate} of the {pledged.count('amount')} pledged"
        findings.check("pledge: covers the principal", int(loan.principal) <= lent, what)


def _conserved(security: Security, proven: ProvenFacts, findings: Findings) -> None:
    """Not more was released or taken than was pledged."""
    paid_off = proven.all("Pledges.PaidOff", pledgeId=security.id)
    for fact in paid_off:
        findings.equal("pledge: paid off", fact.text("loanRef"), security.pledged.text("loanRef"))
    frees = [*proven.all("Pledges.Released", pledgeId=security.id), *paid_off]
    freed = sum(f.count("amount") for f in frees)
    paid = sum(f.count("amount") for f in proven.all("Receivables.Settled", pledgeId=security.id))
    lost = sum(f.count("by") for f in proven.all("Pledges.Shrunk", pledgeId=security.id))
    ends = ("Pledges.Enforced", "Pledges.BoughtBack")
    taken = sum(f.count("amount") for end in ends for f in proven.all(end, pledgeId=security.id))
    locked = security.pledged.count("amount") - freed - paid - lost - taken
    what = f"{freed} set free, {paid} paid, {lost} lost in a count, {taken} taken, {locked} still locked"
    findings.check("pledge: conserved", locked >= 0, what)
    if proven.all("Pledges.Discharged", pledgeId=security.id):
        findings.check("pledge: discharged", locked == 0, "paid up")


def _undertaken(security: Security, proven: ProvenFacts, findings: Findings) -> None:
    """Whoever bought it back had undertaken to buy that much. Raises Refused fact_missing."""
    bought = proven.all("Pledges.BoughtBack", pledgeId=security.id)
    kept: dict[int, int] = {}
    for fact in bought:
        # one that had lapsed or was kept in full may have been given again
        promise = proven.latest("Pledges.Undertaken", fact.place, pledgeId=security.id, buyer=fact.args["buyer"])
        kept[promise.number] = kept.get(promise.number, 0) + fact.count("amount")
        said = f"party {fact.count('buyer')}: {kept[promise.number]} of {promise.count('amount')} undertaken"
        holds = promise.place < fact.place and kept[promise.number] <= promise.count("amount")
        findings.check("pledge: bought back", holds, said)


def check_asset(
    bundle: Bundle, security: Security, proven: ProvenFacts, documents: list[TradeDocument], known: Mapping[str, Known],
    findings: Findings,
) -> None:  # fmt: skip
    """The pledged asset is what the file says it is. Raises Refused fact_missing."""
    inputs = _CHECKS[security.kind](bundle, security, proven, documents, known, findings)
    if security.lent_on:
        with findings.attempt(f"decision: inputs of the {security.part}"):
            given = record_of(bundle).as_dict()["inputs"][security.part]
            for name, value in inputs.items():
                findings.equal(f"decision: {security.part}.{name}", str(given[name]), str(value))


def _check_receivable(
    bundle: Bundle, security: Security, proven: ProvenFacts, documents: list[TradeDocument], known: Mapping[str, Known],
    findings: Findings,
) -> dict[str, object]:  # fmt: skip
    """Ordered, received, invoiced, confirmed – in this order and of the same thing – before it was pledged.

    Returns what a decision that was made on it has to name. Raises Refused fact_missing.
    """
    pledged, line = security.pledged, lineage(security.asset, proven)
    confirmed = proven.one("Receivables.Confirmed", id=line[-1])
    issued = proven.latest("Receivables.Issued", confirmed.place, id=confirmed.args["id"])
    posted = proven.one("Orders.Posted", orderId=issued.args["orderId"])
    received = [f for f in proven.all("Orders.GoodsReceived", orderId=issued.args["orderId"]) if f.place < issued.place]
    for member in ("documentRoot", "debtor"):
        findings.equal(f"receivable: confirmed {member}", confirmed.args[member], issued.args[member])
    findings.equal("receivable: debtor", issued.args["debtor"], posted.args["buyer"])
    findings.equal("receivable: seller", issued.args["seller"], posted.args["seller"])
    findings.equal("receivable: holder", pledged.args["pledgor"], holder(line, issued, pledged, proven))
    in_order = posted.place < issued.place < confirmed.place < pledged.place
    findings.check("receivable: order of events", in_order, "posted, issued, confirmed, pledged")
    most = max((f.count("received") for f in received), default=0)
    what = f"face {issued.count('face')}, received {most}"
    findings.check("receivable: received before issued", issued.count("face") <= most, what)
    face = came(line[0], proven).count("amount") if len(line) > 1 else issued.count("face")
    findings.check("pledge: within the face", pledged.count("amount") <= face, f"{pledged.count('amount')} of {face}")
    currency = from_hex(posted.text("currency")).decode("ascii", errors="replace")
    findings.equal("receivable: currency", currency, bundle.loan.currency)
    _check_trade_documents(bundle, posted, issued, [f.number for f in received], documents, known, findings)
    debtor = _opened("receivable: debtor opened", issued.count("debtor"), known, findings)
    _opened("receivable: seller opened", issued.count("seller"), known, findings)
    return {"id": line[0], "face_minor": face, "debtor": debtor}


def _check_trade_documents(
    bundle: Bundle,
    posted: Fact,
    issued: Fact,
    received: list[int],
    documents: list[TradeDocument],
    known: Mapping[str, Known],
    findings: Findings,
) -> None:
    """Order, receipts and invoice are shown, and say what the chain says. ``received``: facts of receipts."""
    mine = [p for p in documents if p.fact.args.get("orderId") == posted.args["orderId"]]
    orders = [p for p in mine if p.kind == "order"]
    invoice = next((p for p in mine if p.kind == "invoice" and p.fact.number == issued.number), None)
    receipts = [p for p in mine if p.kind == "receipt_advice"]
    missing = {posted.number, issued.number, *received} - {p.fact.number for p in mine}
    if not findings.check("documents: complete", not missing, "order, receipts and invoice are in the file"):
        return
    assert invoice is not None, "none is missing"
    latest = max(orders, key=lambda document: document.fact.place)
    check_invoice(invoice, latest, bundle.loan.currency, findings)
    check_receipts(latest, receipts, findings)
    legal = {party.number: party.legal for party in known.values()}
    sides = {side: legal[posted.count(side)] for side in ("seller", "buyer") if posted.count(side) in legal}
    for document in (latest, invoice):
        check_parties(document, sides, findings)


def _check_goods(
    bundle: Bundle, security: Security, proven: ProvenFacts, documents: list[TradeDocument], known: Mapping[str, Known],
    findings: Findings,
) -> dict[str, object]:  # fmt: skip
    """The keeper issued the receipt to the borrower before it was pledged.

    Returns what a decision that was made on it has to name. Raises Refused fact_missing.
    """
    pledged, line = security.pledged, lineage(security.asset, proven)
    issued = proven.one("WarehouseReceipts.Issued", id=line[-1])
    findings.equal("goods: owner", holder(line, issued, pledged, proven), pledged.args["pledgor"])
    findings.check("goods: order of events", issued.place < pledged.place, "issued, pledged")
    there = (came(line[0], proven) if len(line) > 1 else issued).count("quantity")
    what = f"{pledged.count('amount')} of {there} thousandths"
    findings.check("pledge: within the goods", pledged.count("amount") <= there, what)
    keeper = _opened("goods: keeper opened", issued.count("keeper"), known, findings)
    inputs: dict[str, object] = {"id": line[0], "quantity_thousandths": there, "keeper": keeper}
    document = next((p for p in documents if p.kind == "warehouse_receipt" and p.fact.number == issued.number), None)
    if document is None:
        findings.not_compared("document warehouse_receipt", "no field of the receipt is disclosed")
        return inputs
    with findings.attempt("document warehouse_receipt: quantity"):
        stated = int(Decimal(document.text("/quantity")).scaleb(3))
        findings.equal("document warehouse_receipt: quantity", stated, issued.count("quantity"))
    return inputs


def _opened(name: str, number: int, known: Mapping[str, Known], findings: Findings) -> str:
    """The party of that number, with its commitment opened."""
    party = next((party for party, opened in known.items() if opened.number == number), "")
    findings.check(name, bool(party), f"party {number} is {party or 'nobody that the file names'}")
    return party


_CHECKS = {"receivable": _check_receivable, "warehouse_receipt": _check_goods}
"""How each kind of asset is looked at."""
