"""Versioned credit policies: zen-engine decision tables as JSON files, evaluated on named facts.

A policy file holds its tables (``decision``), the facts that they look at, the scale of every number that comes out,
the scorecards that go with it and the sentence for every reason. A new version is a new file; old ones stay, so that
old decisions can be replayed. zen reckons in decimals and answers in floats: what comes out is brought to the declared
scale here, before anything is reckoned with it.

Amounts that the tables speak of are named in ``amounts``, each in every currency that the policy lends in: a number
alone would be ten times as much money in one currency as in another. A currency that isn't listed gets no loan.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, TypeAlias

import zen

from chainfin.canon import content_hash
from chainfin.errors import BadInput, NotFound, Refusal
from chainfin.risk.tables import build_engine
from chainfin.values.money import EXPONENTS, Money
from chainfin.values.product import Product

Fact: TypeAlias = int | str | bool | None

RECEIVABLE_POLICY = "receivable-v2"
INVENTORY_POLICY = "inventory-v4"
GENERAL_POLICY = "general310-v2"
DECIDING: Mapping[Product, str] = MappingProxyType(
    {
        Product.RECEIVABLE_PLEDGE: RECEIVABLE_POLICY,
        Product.INVENTORY_PLEDGE: INVENTORY_POLICY,
        Product.GENERAL_310: GENERAL_POLICY,
    }
)
"""Product → the policy that decides on it in this version."""

LISTED = "currency_listed"
"""The fact that the policy makes of the currency."""

_REASON_KINDS = ("refusals", "reviews", "notes")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why not, or why a person has to look: a stable code, both sentences, and the numbers that prove it."""

    code: str
    en: str
    zh: str
    proof: Mapping[str, Fact]

    def refusal(self) -> Refusal:
        return Refusal(self.code, self.en, dict(self.proof))

    def json_dict(self) -> dict[str, object]:
        proof = {name: plain_fact(name, value) for name, value in self.proof.items()}
        return {"code": self.code, "en": self.en, "zh": self.zh, "proof": proof}


@dataclass(frozen=True, slots=True)
class PolicyOutcome:
    """What the tables say. ``terms``: decimals at their declared scale, whole numbers as int."""

    refusals: tuple[Reason, ...]
    reviews: tuple[Reason, ...]
    notes: tuple[Reason, ...]
    terms: Mapping[str, Decimal | int]

    def rate(self, name: str) -> Decimal:
        return Decimal(self.terms[name])

    def whole(self, name: str) -> int:
        return int(self.terms[name])


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of one policy. ``id`` is the file's name (``receivable-v1``), ``hash`` the SHA-256 of its canonical
    JSON: white space doesn't change it, anything else does."""

    id: str
    version: str
    product: str
    hash: str
    facts: frozenset[str]
    nullable: frozenset[str]
    scales: Mapping[str, int]
    scorecards: Mapping[str, str]
    reasons: Mapping[str, Mapping[str, Any]]
    parts: Mapping[str, Mapping[str, str]]
    amounts: Mapping[str, Mapping[str, int]]
    """Name → currency → minor units; empty in versions from before amounts named their currency."""
    engine: zen.ZenEngine

    def lends_in(self, currency: str) -> bool:
        """Whether its amounts are known in the currency."""
        return all(currency in each for each in self.amounts.values())

    def amounts_in(self, currency: str) -> dict[str, Fact]:
        """What the tables know beside the facts. Of a currency that isn't listed nothing can be known: they get ones to
        reckon with, and refuse."""
        if not self.amounts:
            return {}
        known: dict[str, Fact] = {name: each.get(currency, 1) for name, each in self.amounts.items()}
        return {**known, LISTED: self.lends_in(currency)}

    def reason(self, code: str, facts: Mapping[str, Fact], **more: Fact) -> Reason:
        """The reason ``code`` with its sentences filled in. ``facts`` must hold what the policy names for it."""
        entry = self.reasons[code]
        proof: dict[str, Fact] = {name: facts[name] for name in entry["facts"]} | more
        currency = str(facts.get("currency", ""))
        shown = {name: shown_fact(name, value, currency) for name, value in proof.items()}
        return Reason(code, str(entry["en"]).format(**shown), str(entry["zh"]).format(**shown), MappingProxyType(proof))


def plain_fact(name: str, value: Fact) -> Fact:
    """Amounts are strings in JSON, other whole numbers are numbers."""
    return str(value) if name.endswith("_minor") and isinstance(value, int) else value


def shown_fact(name: str, value: Fact, currency: str) -> str:
    """A fact as a person reads it: amounts in major units with their currency, bps as a percentage."""
    if value is None:
        return "–"
    if isinstance(value, int) and not isinstance(value, bool):
        if name.endswith("_minor") and currency:
            return f"{Money(value, currency)} {currency}"
        if name.endswith("_bps"):
            sign = "-" if value < 0 else ""
            return f"{sign}{abs(value) // 100}.{abs(value) % 100:02d}%"
    return str(value)


def parse_policy(document: Mapping[str, Any]) -> Policy:
    """Build a policy from its JSON. Raises BadInput policy_invalid when a part is missing or zen can't read it."""
    try:
        key = str(document["id"])
        facts, amounts = frozenset(document["facts"]), _amounts(document)
        own = frozenset([*amounts, LISTED]) if amounts else frozenset[str]()
        if clash := sorted(facts & own):
            raise BadInput("policy_invalid", f"{clash[0]} is a fact and an amount", where=key)
        return Policy(
            id=key,
            version=str(document["version"]),
            product=str(document["product"]),
            hash=content_hash(document),
            facts=facts,
            nullable=frozenset(document["nullable"]),
            scales=MappingProxyType(dict(document["scales"])),
            scorecards=MappingProxyType(dict(document["scorecards"])),
            reasons=MappingProxyType(dict(document["reasons"])),
            parts=MappingProxyType(dict(document.get("parts", {}))),
            amounts=amounts,
            engine=build_engine(key, document["decision"], facts | own),
        )
    except KeyError as error:
        raise BadInput("policy_invalid", f"the policy has no {error.args[0]!r}") from None


def _amounts(document: Mapping[str, Any]) -> Mapping[str, Mapping[str, int]]:
    """Every amount in the same currencies, whole minor units above zero. Raises BadInput policy_invalid."""
    found: dict[str, Mapping[str, int]] = {}
    for name, by_currency in document.get("amounts", {}).items():
        for currency, minor in by_currency.items():
            if currency not in EXPONENTS or isinstance(minor, bool) or not isinstance(minor, int) or minor <= 0:
                raise BadInput("policy_invalid", f"{name} in {currency} is not an amount", where=str(document["id"]))
        found[name] = MappingProxyType(dict(by_currency))
    if len({frozenset(each) for each in found.values()}) > 1:
        raise BadInput("policy_invalid", "amounts are named in different currencies", where=str(document["id"]))
    return MappingProxyType(found)


@lru_cache(maxsize=64)
def load_policy(policy_id: str) -> Policy:
    """A policy of the package by id. Raises NotFound decision_policy_unknown."""
    return parse_policy(policy_document(policy_id))


def policy_for(product: Product) -> Policy:
    """The policy that decides on a product today."""
    return load_policy(DECIDING[product])


def policy_ids() -> tuple[str, ...]:
    """Ids of all policies in the package, sorted."""
    folder = files("chainfin.risk") / "policies"
    return tuple(sorted(e.name.removesuffix(".json") for e in folder.iterdir() if e.name.endswith(".json")))


def policy_document(policy_id: str) -> dict[str, Any]:
    """The policy file itself (for an evidence bundle or an API). Raises NotFound decision_policy_unknown."""
    if policy_id not in policy_ids():
        raise NotFound("decision_policy_unknown", f"there is no policy {policy_id!r}")
    text = (files("chainfin.risk") / "policies" / f"{policy_id}.json").read_text(encoding="utf-8")
    document = json.loads(text)
    if not isinstance(document, dict) or document.get("id") != policy_id:
        raise BadInput("policy_invalid", "the policy's id is not its file's name", where=policy_id)
    return document


def evaluate(policy: Policy, inputs: Mapping[str, Fact]) -> PolicyOutcome:
    """Run the tables over exactly the facts that the policy declares.

    Raises BadInput policy_facts_mismatch (a table would take a missing fact for null and go on quietly) and
    policy_output_invalid (a term without scale, not a number, or a reason without its text).
    """
    if policy.facts != inputs.keys():
        odd = ", ".join(sorted(policy.facts ^ inputs.keys()))
        raise BadInput("policy_facts_mismatch", f"policy {policy.id} and the caller disagree on the facts: {odd}")
    if empty := [name for name, value in inputs.items() if value is None and name not in policy.nullable]:
        raise BadInput("policy_facts_mismatch", f"policy {policy.id} can't do without {', '.join(sorted(empty))}")
    currency = str(inputs.get("currency"))
    try:
        result = policy.engine.evaluate(policy.id, {**inputs, **policy.amounts_in(currency)})["result"]
    except Exception as error:  # zen raises nothing narrower
        message = f"the decision tables don't work on these facts: {str(error)[:300]}"
        raise BadInput("policy_output_invalid", message, where=policy.id) from None
    found = {kind: _reasons(policy, result.get(kind) or [], inputs) for kind in _REASON_KINDS}
    terms = {name: _term(policy, name, value) for name, value in sorted(result.get("terms", {}).items())}
    if terms.keys() != policy.scales.keys():
        odd = ", ".join(sorted(terms.keys() ^ policy.scales.keys()))
        raise BadInput("policy_output_invalid", f"the tables and the declared scales disagree: {odd}", where=policy.id)
    reviews = found["reviews"] if policy.lends_in(currency) else ()
    return PolicyOutcome(found["refusals"], reviews, found["notes"], MappingProxyType(terms))


def _reasons(policy: Policy, rows: list[dict[str, Any]], facts: Mapping[str, Fact]) -> tuple[Reason, ...]:
    reasons = []
    for row in rows:
        if row["code"] not in policy.reasons:
            raise BadInput("policy_output_invalid", f"no text for the reason {row['code']}", where=policy.id)
        more = {name: value for name, value in row.items() if name != "code" and value is not None}
        reasons.append(policy.reason(row["code"], facts, **more))
    return tuple(reasons)


def _term(policy: Policy, name: str, value: object) -> Decimal | int:
    if name not in policy.scales or isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadInput("policy_output_invalid", f"the term {name} is not a number with a scale", where=policy.id)
    scale = policy.scales[name]
    exact = Decimal(repr(value)).quantize(Decimal(1).scaleb(-scale), rounding=ROUND_HALF_EVEN)
    return int(exact) if scale == 0 else exact
