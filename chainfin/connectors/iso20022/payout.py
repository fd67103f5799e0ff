"""Writing payment instructions to the bank (pain.001.001.09): pay out of one account, each payment exactly once.

Ids are ours and never changed; names and texts are cleaned to what banks take. Errors (BadInput):
payout_missing, payout_repeated, payment_id_malformed, name_missing, text_too_long, account_malformed,
agent_malformed, reference_malformed, reference_check_digits, currency_mismatch, amount_not_positive, amount_too_large,
time_zone_missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from lxml import etree
from stdnum import iban

from chainfin.connectors.iso20022 import text
from chainfin.connectors.iso20022.model import Account
from chainfin.connectors.iso20022.node import PREFIX
from chainfin.errors import BadInput
from chainfin.values import reference
from chainfin.values.money import EXPONENTS, Money

MESSAGE: Final = "pain.001.001.09"
_MAX_DIGITS: Final = 18
"""Digits of an amount or a control sum in ISO 20022."""

_BIC = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?")
_CNAPS = re.compile(r"[0-9]{12}")
_OTHER_ACCOUNT = re.compile(r"[A-Za-z0-9/\-?:().,'+]([A-Za-z0-9/\-?:().,'+ ]{0,32}[A-Za-z0-9/\-?:().,'+])?")


@dataclass(frozen=True, slots=True)
class Agent:
    """A bank: by its BIC, or by its number in China's payment system (CNAPS, 12 digits)."""

    bic: str | None = None
    cnaps: str | None = None


@dataclass(frozen=True, slots=True)
class Payout:
    """One payment. ``instruction_id`` and ``end_to_end_id`` are ours, unique for ever (up to 35 characters)."""

    instruction_id: str
    end_to_end_id: str
    amount: Money
    creditor_name: str
    creditor_account: Account
    creditor_agent: Agent | None = None
    reference: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class PaymentOrder:
    """Payments out of one account on one day. ``created_at`` has a time zone."""

    message_id: str
    payment_info_id: str
    created_at: datetime
    execute_on: date
    debtor_name: str
    debtor_account: Account
    debtor_agent: Agent
    currency: str
    payouts: tuple[Payout, ...]


def write(order: PaymentOrder) -> bytes:
    """The message as UTF-8 XML, the same bytes for the same order."""
    _check(order)
    root = etree.fromstring(f'<Document xmlns="{PREFIX}{MESSAGE}"/>')
    body = _add(root, "CstmrCdtTrfInitn")
    debtor = text.name(order.debtor_name, "debtor_name")
    head = _add(body, "GrpHdr")
    _add(head, "MsgId", text.identifier(order.message_id, "message_id"))
    _add(head, "CreDtTm", order.created_at.isoformat(timespec="seconds"))
    _totals(head, order)
    _add(_add(head, "InitgPty"), "Nm", debtor)
    info = _add(body, "PmtInf")
    _add(info, "PmtInfId", text.identifier(order.payment_info_id, "payment_info_id"))
    _add(info, "PmtMtd", "TRF")
    # One debit for each payment: a sum of several couldn't be told apart in the statement.
    _add(info, "BtchBookg", "false")
    _totals(info, order)
    _add(_add(info, "ReqdExctnDt"), "Dt", order.execute_on.isoformat())
    _add(_add(info, "Dbtr"), "Nm", debtor)
    _add(_account(info, "DbtrAcct", order.debtor_account, "debtor_account"), "Ccy", order.currency)
    _agent(info, "DbtrAgt", order.debtor_agent, "debtor_agent")
    for number, payout in enumerate(order.payouts):
        _payout(info, payout, f"payouts[{number}]")
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _check(order: PaymentOrder) -> None:
    if order.created_at.tzinfo is None:
        raise BadInput(
            "time_zone_missing", "a bank in another zone would take the time for its own", where="created_at"
        )
    if not order.payouts:
        raise BadInput("payout_missing", "an order pays somebody", where="payouts")
    for name, ids in (
        ("instruction_id", [payout.instruction_id for payout in order.payouts]),
        ("end_to_end_id", [payout.end_to_end_id for payout in order.payouts]),
    ):
        if len(set(ids)) < len(ids):
            raise BadInput("payout_repeated", f"two payouts have one {name}", where="payouts")
    for number, payout in enumerate(order.payouts):
        where = f"payouts[{number}].amount"
        if payout.amount.currency != order.currency:
            raise BadInput("currency_mismatch", f"the account pays in {order.currency}", where=where)
        if payout.amount.minor <= 0:
            raise BadInput("amount_not_positive", "a payout is of more than nothing", where=where)
    # The sum is at least each of its parts, so this bounds the amounts too.
    if len(str(_total(order.payouts))) > _MAX_DIGITS:
        raise BadInput("amount_too_large", f"the sum has more than {_MAX_DIGITS} digits", where="payouts")


def _total(payouts: Iterable[Payout]) -> int:
    return sum(payout.amount.minor for payout in payouts)


def _totals(parent: etree._Element, order: PaymentOrder) -> None:
    exponent = EXPONENTS[order.currency]
    _add(parent, "NbOfTxs", str(len(order.payouts)))
    _add(parent, "CtrlSum", f"{Decimal(_total(order.payouts)).scaleb(-exponent):.{exponent}f}")


def _payout(parent: etree._Element, payout: Payout, where: str) -> None:
    node = _add(parent, "CdtTrfTxInf")
    ids = _add(node, "PmtId")
    _add(ids, "InstrId", text.identifier(payout.instruction_id, f"{where}.instruction_id"))
    _add(ids, "EndToEndId", text.identifier(payout.end_to_end_id, f"{where}.end_to_end_id"))
    amount = _add(_add(node, "Amt"), "InstdAmt", str(payout.amount))
    amount.set("Ccy", payout.amount.currency)
    if payout.creditor_agent is not None:
        _agent(node, "CdtrAgt", payout.creditor_agent, f"{where}.creditor_agent")
    _add(_add(node, "Cdtr"), "Nm", text.name(payout.creditor_name, f"{where}.creditor_name"))
    _account(node, "CdtrAcct", payout.creditor_account, f"{where}.creditor_account")
    words = text.clean(payout.text or "")[: text.MAX_REMITTANCE].strip()
    if not words and payout.reference is None:
        return
    remittance = _add(node, "RmtInf")
    if words:
        _add(remittance, "Ustrd", words)
    if payout.reference is not None:
        kept = reference.parse(payout.reference, where=f"{where}.reference")
        information = _add(_add(remittance, "Strd"), "CdtrRefInf")
        _add(_add(_add(information, "Tp"), "CdOrPrtry"), "Cd", "SCOR")
        _add(information, "Ref", kept)


def _account(parent: etree._Element, name: str, account: Account, where: str) -> etree._Element:
    node = _add(parent, name)
    holder = _add(node, "Id")
    if account.iban:
        if account.id != iban.compact(account.id) or not iban.is_valid(account.id, check_country=False):
            raise BadInput("account_malformed", "this is no IBAN in upper case without blanks", where=where)
        _add(holder, "IBAN", account.id)
    else:
        if not _OTHER_ACCOUNT.fullmatch(account.id):
            raise BadInput("account_malformed", "an account's number is 1 to 34 plain characters", where=where)
        _add(_add(holder, "Othr"), "Id", account.id)
    return node


def _agent(parent: etree._Element, name: str, agent: Agent, where: str) -> None:
    holder = _add(_add(parent, name), "FinInstnId")
    if (agent.bic is None) == (agent.cnaps is None):
        raise BadInput("agent_malformed", "a bank is named by its BIC or its CNAPS number", where=where)
    if agent.bic is not None:
        if not _BIC.fullmatch(agent.bic):
            raise BadInput("agent_malformed", "this is no BIC", where=where)
        _add(holder, "BICFI", agent.bic)
    elif agent.cnaps is not None:
        if not _CNAPS.fullmatch(agent.cnaps):
            raise BadInput("agent_malformed", "a CNAPS number has 12 digits", where=where)
        member = _add(holder, "ClrSysMmbId")
        _add(_add(member, "ClrSysId"), "Cd", "CNAPS")
        _add(member, "MmbId", agent.cnaps)


def _add(parent: etree._Element, name: str, content: str | None = None) -> etree._Element:
    node = etree.SubElement(parent, f"{{{PREFIX}{MESSAGE}}}{name}")
    node.text = content
    return node
