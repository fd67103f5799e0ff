"""The payments of one booked entry: who paid whom how much, under which references.

A batch is one entry with several payments. They are taken only if they account for the entry to the last minor unit.
"""

from __future__ import annotations

from lxml import etree

from chainfin.connectors.iso20022.model import Account, Party, Payment, Return
from chainfin.connectors.iso20022.node import Node
from chainfin.errors import BadInput
from chainfin.values import reference
from chainfin.values.money import Money
from chainfin.values.reference import CreditorReference

NOT_PROVIDED = "NOTPROVIDED"
"""What banks write where the payer gave no end-to-end id."""


def of_entry(entry: Node, amount: Money, credit: bool, bank_reference: str | None) -> tuple[Payment, ...]:
    """The payments of an entry of ``amount`` (above zero); one without details is one payment of nobody we know.

    Raises BadInput batch_count_mismatch, batch_details_missing, batch_sum_mismatch, transaction_amount_missing, and
    those of `Node`.
    """
    details = [item for holder in entry.children("NtryDtls") for item in _details(holder)]
    if not details:
        nothing_said = etree.Element(entry.element.tag)
        details = [Node(nothing_said, entry.path, entry.source)]
    alone = len(details) == 1
    found = tuple(
        _payment(item, position, amount if alone else None, amount.currency, credit, bank_reference)
        for position, item in enumerate(details, 1)
    )
    total = sum(one.amount.minor if one.credit else -one.amount.minor for one in found)
    if total != (amount.minor if credit else -amount.minor):
        raise BadInput(
            "batch_sum_mismatch",
            f"the payments move {total}, the entry {amount.minor if credit else -amount.minor} minor units",
            where=entry.at("NtryDtls"),
        )
    return found


def _details(holder: Node) -> tuple[Node, ...]:
    found = holder.children("TxDtls")
    stated = holder.number("Btch/NbOfTxs")
    if stated is not None and stated > 1 and not found:
        raise BadInput("batch_details_missing", f"{stated} payments, none of them shown", where=holder.where)
    if stated is not None and found and stated != len(found):
        raise BadInput("batch_count_mismatch", f"{stated} payments stated, {len(found)} shown", where=holder.where)
    return found


def _payment(
    node: Node, position: int, whole: Money | None, currency: str, entry_credit: bool, entry_reference: str | None
) -> Payment:
    """``whole`` is the entry's amount where this is its only payment: that needn't repeat it."""
    credit = entry_credit
    if node.child("CdtDbtInd") is not None:
        credit = node.one_of("CdtDbtInd", "CRDT", "DBIT") == "CRDT"
    end_to_end_id = node.text("Refs/EndToEndId", 35)
    remittance = tuple(text for item in _remittance(node, "Ustrd") if (text := item.own_text(140)))
    references, others = _references(_remittance(node, "Strd"), remittance)
    return Payment(
        position=position,
        amount=_amount(node, whole, currency),
        credit=credit,
        bank_reference=node.text("Refs/AcctSvcrRef", 35) or entry_reference,
        end_to_end_id=None if end_to_end_id == NOT_PROVIDED else end_to_end_id,
        instruction_id=node.text("Refs/InstrId", 35),
        payment_info_id=node.text("Refs/PmtInfId", 35),
        debtor=_party(node, "Dbtr"),
        creditor=_party(node, "Cdtr"),
        references=references,
        other_references=others,
        remittance=remittance,
        returned=_returned(node),
        text=node.text("AddtlTxInf"),
    )


def _amount(node: Node, whole: Money | None, currency: str) -> Money:
    """The payment's amount in the account's currency; where it was made in another, the bank states the converted one
    as AmtDtls/TxAmt."""
    converted = node.child("AmtDtls/TxAmt/Amt")
    own = node.child("Amt")
    foreign = own is not None and own.element.get("Ccy") != currency
    step = "AmtDtls/TxAmt/Amt" if converted is not None and (own is None or foreign) else "Amt"
    if own is None and converted is None:
        if whole is None:
            raise BadInput("transaction_amount_missing", "a batch's payment states no amount", where=node.at("Amt"))
        return whole
    found = node.money(step, currency)
    if found.minor == 0:
        raise BadInput("amount_not_positive", "a payment moves more than nothing", where=node.at(step))
    return found


def account(holder: Node | None) -> Account | None:
    """The account at ``holder`` (…Acct), as the bank wrote it."""
    if holder is None:
        return None
    iban, other = holder.text("Id/IBAN", 34), holder.text("Id/Othr/Id", 34)
    if iban is not None and other is not None:
        raise BadInput("element_malformed", "an account is an IBAN or another number, not both", where=holder.at("Id"))
    if iban is not None:
        return Account(iban.replace(" ", "").upper(), True)
    return None if other is None else Account(other, False)


def _party(node: Node, role: str) -> Party:
    name = node.text(f"RltdPties/{role}/Pty/Nm", 140) or node.text(f"RltdPties/{role}/Agt/FinInstnId/Nm", 140)
    return Party(name, account(node.child(f"RltdPties/{role}Acct")))


def _remittance(node: Node, name: str) -> tuple[Node, ...]:
    found = node.child("RmtInf")
    return () if found is None else found.children(name)


def _references(
    structured: tuple[Node, ...], free: tuple[str, ...]
) -> tuple[tuple[CreditorReference, ...], tuple[str, ...]]:
    """RF references (structured first, then those found in free text), and structured references of other kinds."""
    found: dict[CreditorReference, None] = {}
    others: list[str] = []
    texts: list[str] = []
    for item in structured:
        stated = item.text("CdtrRefInf/Ref", 35)
        code = item.code("CdtrRefInf/Tp/CdOrPrtry")
        texts += [text for line in item.children("AddtlRmtInf") if (text := line.own_text(140))]
        if stated is None:
            continue
        parsed = _parsed(stated) if code in (None, "SCOR") else None
        if parsed is None:
            others.append(stated)
        else:
            found[parsed] = None
    # Banks break long texts into lines, a reference too: the lines are read as one text.
    found.update(dict.fromkeys(reference.find_all(" ".join(free))))
    for text in texts:
        found.update(dict.fromkeys(reference.find_all(text)))
    return tuple(found), tuple(others)


def _parsed(stated: str) -> CreditorReference | None:
    """SCOR carries national references too: those are no RF reference and no error."""
    try:
        return reference.parse(stated)
    except BadInput:
        return None


def _returned(node: Node) -> Return | None:
    found = node.child("RtrInf")
    if found is None:
        return None
    lines = [text for item in found.children("AddtlInf") if (text := item.own_text(105))]
    return Return(found.code("Rsn"), " ".join(lines) or None)
