"""The chain's part of a bundle: headers that link, receipts that are in their blocks, events read from their logs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from chainfin.audit.bundle import ChainPart
from chainfin.audit.proofs import Header, ProvenLog, ProvenReceipt, read_header, verify_ancestry, verify_receipt
from chainfin.audit.report import HOSTILE, Findings, explain
from chainfin.errors import Refused
from chainfin.eth.abi import contract_abi, from_hex, parse_address
from chainfin.hashing import keccak
from chainfin.resources import CONTRACTS

TRUSTED_HEADER: Final = "chain: trusted header"
"""The check that ties the file to a chain: everything else only holds within it."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A proven event. ``place`` orders facts: block, receipt, log. Amounts: fen or thousandths; bytes as 0x-hex."""

    number: int
    event: str
    args: Mapping[str, Any]
    place: tuple[int, int, int]
    at: datetime

    def text(self, name: str) -> str:
        return str(self.args[name])

    def count(self, name: str) -> int:
        return int(self.args[name])


@dataclass(frozen=True, slots=True)
class ProvenFacts:
    """All proven facts of a bundle in the order of the chain."""

    facts: tuple[Fact, ...]
    blocks: Mapping[int, str]
    """Number → hash of every block whose header is linked to a head."""
    beside: tuple[Fact, ...] = ()
    """Further events of the contracts in the same receipts, of which the file says nothing (numbered -1)."""

    def all(self, event: str, **args: object) -> list[Fact]:
        return [f for f in self.facts if f.event == event and all(f.args.get(k) == v for k, v in args.items())]

    def one(self, event: str, **args: object) -> Fact:
        """Raises Refused fact_missing, fact_ambiguous."""
        found = self.all(event, **args)
        if len(found) != 1:
            shown = ", ".join(f"{name} {value}" for name, value in args.items())
            code, word = ("fact_missing", "no") if not found else ("fact_ambiguous", "more than one")
            raise Refused(code, f"there is {word} proven {event}" + (f" with {shown}" if shown else ""))
        return found[0]

    def latest(self, event: str, before: tuple[int, int, int], **args: object) -> Fact:
        """The last one before this place: of what was cancelled and issued again, the last issue counts.

        Raises Refused fact_missing.
        """
        found = [fact for fact in self.all(event, **args) if fact.place < before]
        return found[-1] if found else self.one(event, **args)

    def numbered(self, number: int) -> Fact | None:
        return next((fact for fact in self.facts if fact.number == number), None)


@dataclass(frozen=True, slots=True)
class Trust:
    """What the auditor believes of the chain: block hashes (lower case), contract name → address, name → code hash."""

    headers: Collection[str] = ()
    contracts: Mapping[str, str] | None = None
    code: Mapping[str, str] | None = None


def prove(part: ChainPart, findings: Findings, trust: Trust) -> ProvenFacts:
    """Check everything that the chain part states and give back what is proven."""
    headers = _headers(part, findings, trust.headers)
    _contracts(part, findings, trust)
    receipts = _receipts(part, findings, headers)
    names = {contract.address: name for name, contract in part.contracts.items() if name in CONTRACTS}
    facts: list[Fact] = []
    for number, stated in enumerate(part.facts):
        name = f"chain: proof of {stated.event}"
        if stated.receipt >= len(part.receipts):
            findings.check(name, False, f"fact {number} names receipt {stated.receipt}, which is not in the file")
            continue
        where = part.receipts[stated.receipt]
        proven = receipts.get(stated.receipt)
        if isinstance(proven, str):
            findings.check(name, False, f"{proven} (block {where.block}, receipt {where.index})")
            continue
        with findings.attempt(name):
            assert proven is not None, "every place in the list was looked at"
            if stated.log >= len(proven.logs):
                raise Refused("proof_log_missing", f"the receipt has {len(proven.logs)} logs")
            event, args = _decode(names, proven.logs[stated.log])
            at = datetime.fromtimestamp(headers[where.block].timestamp, UTC)
            facts.append(Fact(number, event, args, (where.block, where.index, stated.log), at))
            findings.check(name, event == stated.event, f"the log of block {where.block} is {event}")
    places = [fact.place for fact in facts]
    findings.check("chain: each fact once", len(set(places)) == len(places), f"{len(places)} facts")
    beside: tuple[Fact, ...] = ()
    with findings.attempt("chain: events beside the facts"):
        beside = _beside(part, names, headers, receipts, set(places))
    blocks = {number: "0x" + header.hash.hex() for number, header in headers.items()}
    return ProvenFacts(tuple(sorted(facts, key=lambda f: f.place)), blocks, beside)


def _beside(
    part: ChainPart,
    names: Mapping[str, str],
    headers: Mapping[int, Header],
    receipts: Mapping[int, ProvenReceipt | str],
    reply: set[tuple[int, int, int]],
) -> tuple[Fact, ...]:
    found: list[Fact] = []
    for number, where in enumerate(part.receipts):
        proven = receipts.get(number)
        for log in proven.logs if isinstance(proven, ProvenReceipt) else ():
            place = (where.block, where.index, log.index)
            name = names.get(log.address)
            if place in reply or name is None or not log.topics or log.topics[0] not in contract_abi(name).events:
                continue
            event, args = _decode(names, log)
            found.append(Fact(-1, event, args, place, datetime.fromtimestamp(headers[where.block].timestamp, UTC)))
    return tuple(found)


def _headers(part: ChainPart, findings: Findings, trusted: Collection[str]) -> dict[int, Header]:
    found: dict[int, Header] = {}
    heads: list[str] = []
    for place, span in enumerate(part.headers):
        name = f"chain: headers {place + 1} of {len(part.headers)}"
        with findings.attempt(name):
            raw = [from_hex(header) for header in span]
            head = keccak(raw[-1]) if raw else b""
            linked = verify_ancestry(raw, head)
            findings.check(name, True, f"{len(linked)} headers link up to block {linked[-1].number}")
            overlap = any(header.number in found for header in linked)
            findings.check(f"{name}: each block once", not overlap, f"from block {linked[0].number}")
            found |= {header.number: header for header in linked}
            heads.append("0x" + head.hex())
            findings.facts[f"head {place + 1}"] = f"block {linked[-1].number} {heads[-1]}"
    for head_hash in heads:
        if not trusted:
            findings.not_compared(TRUSTED_HEADER, f"no header was given: {head_hash} stands alone")
        else:
            known = head_hash in trusted
            what = f"{head_hash} is {'' if known else 'not '}among the headers that you trust"
            findings.check(TRUSTED_HEADER, known, what)
    if not heads:
        findings.check(TRUSTED_HEADER, False, "there is no chain of headers in the file")
    return found


def _contracts(part: ChainPart, findings: Findings, trust: Trust) -> None:
    findings.equal("chain: contracts", ", ".join(sorted(part.contracts)), ", ".join(sorted(CONTRACTS)))
    for name, contract in part.contracts.items():
        with findings.attempt(f"chain: address of {name}"):
            findings.equal(f"chain: address of {name}", contract.address, parse_address(contract.address))
        findings.facts[f"contract {name}"] = f"{contract.address} code {contract.code_hash}"
        if trust.contracts is not None:
            given = trust.contracts.get(name, "")
            findings.check(f"chain: contract {name}", contract.address.lower() == given.lower(), f"given: {given}")
        if trust.code is not None:
            findings.equal(f"chain: code of {name}", contract.code_hash, trust.code.get(name, "").lower())
    if trust.contracts is None:
        findings.not_compared("chain: contracts are the known ones", "no addresses were given")
    if trust.code is None:
        findings.not_compared("chain: code of the contracts", "no code hashes were given: ask a node of your own")


def _receipts(part: ChainPart, findings: Findings, headers: Mapping[int, Header]) -> dict[int, ProvenReceipt | str]:
    """Each receipt proven, or why it isn't."""
    raw_headers = {}
    for span in part.headers:
        for header in span:
            raw = bytes.fromhex(header[2:])
            raw_headers[keccak(raw)] = raw
    found: dict[int, ProvenReceipt | str] = {}
    for place, receipt in enumerate(part.receipts):
        head = headers.get(receipt.block)
        if head is None:
            found[place] = f"header hash: block {receipt.block} is not among the linked headers"
            continue
        try:
            nodes = [bytes.fromhex(node[2:]) for node in receipt.nodes]
            proven = verify_receipt(raw_headers[head.hash], head.hash, receipt.index, nodes)
        except HOSTILE as error:
            found[place] = f"receipt proof: {explain(error)}"
            continue
        found[place] = proven if proven.succeeded else "receipt proof: the transaction failed"
    used = {fact.receipt for fact in part.facts}
    findings.check("chain: receipts", used == set(range(len(part.receipts))), f"{len(found)} receipts, each with facts")
    return found


def _decode(names: Mapping[str, str], log: ProvenLog) -> tuple[str, dict[str, Any]]:
    name = names.get(log.address)
    event = contract_abi(name).events.get(log.topics[0]) if name and log.topics else None
    if name is None or event is None:
        raise Refused("proof_log_foreign", f"a log of {log.address} is no event of the contracts")
    return f"{name}.{event.name}", {key: _plain(value) for key, value in event.decode(log.topics, log.data).items()}


def _plain(value: Any) -> Any:
    return "0x" + value.hex() if isinstance(value, bytes) else value


def heads(part: ChainPart) -> list[tuple[int, str]]:
    """Number and hash of the last block of every range of headers: what auditors look up at their own nodes.

    Raises BadInput proof_header_malformed.
    """
    last = [read_header(from_hex(span[-1])) for span in part.headers if span]
    return [(header.number, "0x" + header.hash.hex()) for header in last]
