"""Who signed what: each act's typed data is rebuilt from the ABI and compared with the event that it caused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from chainfin.audit.bundle import ActPart, ChainPart
from chainfin.audit.facts import Fact, ProvenFacts
from chainfin.audit.report import Findings
from chainfin.audit.securities import Security, substitution
from chainfin.documents.goods_trail import EVENTS, START, extended
from chainfin.errors import BadInput, Refused
from chainfin.eth import eip712
from chainfin.eth.abi import from_hex, parse_address
from chainfin.eth.bindings.registry import ACTS, RIDERS
from chainfin.risk.valuation import NO_VALUATION, Valuation
from chainfin.rules.inventory import FULL, UnitPrice, quantity_to_cover
from chainfin.values.money import BasisPoints, Money
from chainfin.values.party import Role


@dataclass(frozen=True, slots=True)
class Expected:
    """An act that an event needs: its primary type, and the event's argument that names the signing party."""

    act: str
    signer: str


NEEDED: Final[Mapping[str, tuple[Expected, ...]]] = {
    "Orders.Posted": (Expected("Post", "buyer"),),
    "Orders.Acknowledged": (Expected("Acknowledge", "@seller"),),
    "Orders.Amended": (Expected("Amend", "@buyer"),),
    "Orders.Despatched": (Expected("Despatch", "@seller"),),
    "Orders.GoodsReceived": (Expected("ReceiveGoods", "@buyer"),),
    "Receivables.Issued": (Expected("Issue", "seller"), Expected("Attest", "registrar")),
    "Receivables.Confirmed": (Expected("Confirm", "debtor"),),
    "Receivables.Settled": (Expected("Settle", "bank"),),
    "WarehouseReceipts.Issued": (Expected("Issue", "keeper"),),
    "Pledges.Pledged": (Expected("Pledge", "lender"), Expected("Grant", "pledgor")),
    "Pledges.Drawn": (Expected("Draw", "@lender"),),
    "Pledges.Released": (Expected("Release", "@lender"),),
    "Pledges.Enforced": (Expected("Enforce", "@lender"),),
    "Pledges.Substituted": (Expected("Substitute", "@lender"), Expected("Exchange", "@pledgor")),
    "Pledges.Undertaken": (Expected("Undertake", "buyer"),),
    "Pledges.BoughtBack": (Expected("BuyBack", "bank"),),
    "Pledges.PaidOff": (Expected("PayOff", "bank"),),
}
"""Events and the acts behind them. ``@``: the party stands in the event that made the thing (order, pledge)."""

ROLES: Final[Mapping[str, Role]] = {
    "Attest": Role.REGISTRAR,
    "Settle": Role.BANK,
    "BuyBack": Role.BANK,
    "PayOff": Role.BANK,
    "Pledge": Role.LENDER,
    "Substitute": Role.LENDER,
}
"""Roles that the signer of an act must have been admitted with (or given since)."""


class Keys:
    """Which key spoke for which party at which place of the chain, and its roles, as the proven facts say."""

    def __init__(self, proven: ProvenFacts) -> None:
        self._keys: dict[int, list[tuple[tuple[int, int, int], str]]] = {}
        self._roles: dict[int, list[tuple[tuple[int, int, int], int]]] = {}
        for fact in proven.facts:
            contract, _, name = fact.event.partition(".")
            if contract != "Participants":
                continue
            party = fact.count("party")
            if name in ("Admitted", "KeyRotated", "KeyRecovered"):
                key = fact.text("key" if name == "Admitted" else "newKey")
                self._keys.setdefault(party, []).append((fact.place, key))
            if name in ("Admitted", "RolesSet"):
                self._roles.setdefault(party, []).append((fact.place, fact.count("roles")))

    def at(self, party: int, place: tuple[int, int, int]) -> str:
        """Raises Refused party_not_admitted."""
        return str(self._latest(self._keys, party, place))

    def ever(self, party: int) -> tuple[str, ...]:
        """Every key that ever spoke for the party, oldest first."""
        return tuple(str(key) for _, key in self._keys.get(party, []))

    def roles_at(self, party: int, place: tuple[int, int, int]) -> Role:
        """Raises Refused party_not_admitted."""
        return Role(self._latest(self._roles, party, place))

    @staticmethod
    def _latest(table: Mapping[int, list[tuple[tuple[int, int, int], Any]]], party: int, place: Any) -> Any:
        known = [value for since, value in table.get(party, []) if since <= place]
        if not known:
            raise Refused("party_not_admitted", f"no proven fact admits party {party} before block {place[0]}")
        return known[-1]


LAST: Final = (2**63, 0, 0)
"""A place after every block."""


def check_acts(
    acts_: list[ActPart], chain: ChainPart, proven: ProvenFacts, secured: list[Security], findings: Findings
) -> Keys:
    """Every signature in the file is right, and every fact that needs one has it."""
    keys = Keys(proven)
    signed: set[tuple[int, str]] = set()
    for place, act in enumerate(acts_):
        primary = str(act.typed_data.get("primaryType"))
        name = f"signature of {primary}"
        fact = None if act.fact is None else proven.numbered(act.fact)
        if act.fact is not None and fact is None:
            findings.check(name, False, f"act {place} names fact {act.fact}, which is not proven")
            continue
        if fact is None and primary != eip712.AcceptOffer.PRIMARY_TYPE:
            findings.check(name, False, f"act {place} names no fact")
            continue
        with findings.attempt(name):
            signer = _signer(act, primary, chain, fact)
            if fact is not None:
                _belongs(name, act, primary, signer, fact, proven, keys, findings)
                signed.add((fact.number, primary))
                _valued(act, primary, findings)
    added = {security.pledged.number for security in secured if security.added}
    for fact in proven.facts:
        # both halves of a substitution were brought about by the acts over Substituted, which name what is in them
        for expected in () if substitution(fact, proven) else NEEDED.get(fact.event, ()):
            name = f"signature of {expected.act}"
            if (fact.number, expected.act) in signed:
                continue
            if fact.number in added:
                findings.not_compared(name, "a pledge was added past the service: its event alone is proven")
            else:
                findings.check(name, False, f"none in the file for {fact.event}")
    return keys


def _signer(act: ActPart, primary: str, chain: ChainPart, fact: Fact | None) -> str:
    """Who signed, after the typed data was found to be exactly what the contracts' ABI makes of its message."""
    kind = _type(primary, fact)
    message = act.typed_data["message"]
    domain = eip712.Domain(kind.contract, chain.chain_id, parse_address(chain.contracts[kind.contract].address))
    rebuilt = eip712.typed_data(kind, message, int(message["nonce"]), int(message["deadline"]), domain)
    if rebuilt != act.typed_data:
        raise Refused("typed_data_foreign", f"this is not the typed data of {kind.signature} on this chain")
    return eip712.recover(act.typed_data, from_hex(act.signature))


def _type(primary: str, fact: Fact | None) -> eip712.ActType:
    if fact is None:
        return eip712.type_of(eip712.AcceptOffer)
    contract = fact.event.partition(".")[0]
    rider = RIDERS.get(primary)
    if rider is not None and contract == rider.CONTRACT:
        return eip712.type_of(rider)
    act = next((act for act in ACTS.values() if contract == act.CONTRACT and primary == act.PRIMARY_TYPE), None)
    if act is None:
        raise BadInput("act_unknown", f"{contract} has no act {primary!r}")
    return eip712.type_of(act)


def _belongs(
    name: str, act: ActPart, primary: str, signer: str, fact: Fact, proven: ProvenFacts, keys: Keys, findings: Findings
) -> None:
    """The message agrees with the event, and the event's party signed it in time."""
    expected = next((e for e in NEEDED.get(fact.event, ()) if e.act == primary), None)
    if expected is None:
        findings.check(name, False, f"{fact.event} doesn't come from {primary}")
        return
    message = act.typed_data["message"]
    for member in fact.args.keys() & message.keys():
        found, detail = str(message[member]).lower(), str(fact.args[member]).lower()
        if found != detail:
            findings.check(name, False, f"{member} is {found} in the act and {detail} in {fact.event}")
            return
    for member, so in _beyond_the_event(primary, fact, proven).items():
        if str(message[member]).lower() != so:
            findings.check(name, False, f"{member} is {message[member]} in the act and {so} by the proven facts")
            return
    party = _party(expected.signer, fact, proven)
    key = keys.at(party, fact.place)
    findings.check(name, signer == key, f"signed by {signer}; the key of party {party} is {key}")
    if int(message["deadline"]) < int(fact.at.timestamp()):
        findings.check(name, False, f"its deadline had passed when {fact.event} came to be")
    role = ROLES.get(primary)
    if role is not None:
        findings.check(f"{name}: role", role in keys.roles_at(party, fact.place), f"party {party} is {role.name}")


def _valued(act: ActPart, primary: str, findings: Findings) -> None:
    """What was signed as a hash is shown, and of released goods as much had to stay as it says.

    Raises BadInput price_…, currency_…, ltv_invalid, amount_….
    """
    message = act.typed_data["message"]
    signed = str(message.get("valuation", NO_VALUATION)).lower()
    if act.valuation is None:
        findings.check(f"valuation of {primary}", signed == NO_VALUATION, "no price counts in it")
        return
    shown = Valuation.of(act.valuation)
    what = f"{shown.price} {shown.currency} per {shown.unit} of {shown.as_of} ({shown.source}), {shown.owed} owed"
    findings.check(f"valuation of {primary}", shown.hash == signed, what)
    if primary == "Release":
        owed, price = Money.parse(shown.owed, shown.currency), UnitPrice(Decimal(shown.price), shown.currency)
        least = quantity_to_cover(owed, price, BasisPoints(int(Decimal(shown.ltv) * FULL)))
        findings.check("valuation of Release: covers", int(message["keep"]) >= least, f"{least} thousandths at {what}")


def _beyond_the_event(primary: str, fact: Fact, proven: ProvenFacts) -> dict[str, str]:
    """Members of an act that its event doesn't contain, taken from earlier facts (lower case).

    The trail that a registrar attests, or a seller acknowledges, is made again from the goods' own events: one left out
    of the file, or another order of them, gives another trail.
    """
    if primary in ("Attest", "Acknowledge"):
        return {"trail": "0x" + goods_trail(proven, fact.text("orderId"), fact.place).hex()}
    if primary == "Confirm":
        issued = proven.latest("Receivables.Issued", fact.place, id=fact.args["id"])
        return {member: issued.text(member).lower() for member in ("orderId", "seller", "face", "dueDay")}
    if primary in ("Substitute", "Exchange"):
        freed = proven.all("Pledges.Released", pledgeId=fact.args["soldPledgeId"])
        here = [f.text("amount") for f in freed if substitution(f, proven) is fact]
        pledged = proven.one("Pledges.Pledged", pledgeId=fact.args["pledgeId"])
        terms = ["amount", "lender", "loanRef", "decisionHash", "expiresAt"]
        terms += ["registryNo"] if primary == "Substitute" else []
        return {"quantity": here[0] if len(here) == 1 else "what was set free with it"} | {
            member: pledged.text(member).lower() for member in terms
        }
    return {}


def goods_trail(proven: ProvenFacts, order_id: str, place: tuple[int, int, int]) -> bytes:
    """The trail of an order's goods before this place of the chain."""
    found = START
    for fact in proven.facts:
        contract, _, name = fact.event.partition(".")
        if contract == "Orders" and name in EVENTS and fact.args["orderId"] == order_id and fact.place < place:
            found = extended(found, EVENTS[name], from_hex(fact.text("documentRoot")), fact.count("amount"))
    return found


def _party(signer: str, fact: Fact, proven: ProvenFacts) -> int:
    if not signer.startswith("@"):
        return fact.count(signer)
    if fact.event.startswith("Orders."):
        return proven.one("Orders.Posted", orderId=fact.args["orderId"]).count(signer[1:])
    pledge_id = fact.args["soldPledgeId" if fact.event == "Pledges.Substituted" else "pledgeId"]
    return proven.one("Pledges.Pledged", pledgeId=pledge_id).count(signer[1:])
