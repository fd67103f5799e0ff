"""Published policies and scorecards never change: old decisions must replay. A new version is a new file."""

from __future__ import annotations

from importlib.resources import files

from chainfin.risk import decide_receivable, load_policy, load_scorecard, policy_ids
from tests.unit.risk_samples import receivable_inputs

POLICIES = {
    "general310-v1": "0xe5a6d92dde47b9d44e736bd0ad468f7a93a921342b118138eab7840310d858ef",
    "general310-v2": "0xbe951d1afa4612346700df5bf83ce682cbf29d66440af696dd68236cd893babd",
    "inventory-v1": "0xdc71035275f1d1606d2b63f0d3b8b874ae9240db3b02d9024c5e1caaccad6cd4",
    "inventory-v2": "0x5e6c869b73b919969b7cd88cff2d9358dac59c84e94016462d00e0eea385c2e6",
    "inventory-v3": "0xc21bb17466b204ab7418c65970eb86973b6f559e7ee9ce96a741591a8f5c5e87",
    "inventory-v4": "0xdfd41204bd1fc31c1a21a4674a786c8a6345d13727c1c2fb03972a2a035a57dc",
    "receivable-v1": "0xbd367cf962effaa4f6e1853e77cd7367f82adead81e2556b50fe7190d2639960",
    "receivable-v2": "0x10c8f4a964fbbe9fe1ea004e9f5d0e5608726d768cfec9e69b215876c22c287e",
}
SCORECARDS = {
    "credit-borrower-v1": "0xce5502084ede4ee47af68b2959efbd4aba2521dd35d5cc1c84449d2412dd9362",
    "credit-debtor-v1": "0xfa13c321f3b6f2694b70337d71202a476163d3cdb3311b8d96e67796e0255ed7",
    "credit-general-v1": "0xb4445d1c12077f745b837d82d3c8644d3e2653feae68234bdcca597ea6b07883",
    "fraud-general-v1": "0xdecd121d87d3388327cc8aa05af1ee466085761cee5d687e86b8595921efa68b",
    "fraud-trade-v1": "0x0dd74e4de97ba4d0eaa53b780e3c537e43adf6478821a5db4ccb51befb8a1eef",
}
DECISIONS = {
    "receivable-v1": "0x02fa3a52f586fc952101f6c9bb86cd68bd36e665abba4074c7f6bdb59c777c7c",
    "receivable-v2": "0x023ecca3b57b224827128d9ed66b9b0359a3db42b59063a85b095052790d9966",
}


def test_policies__published__unchanged() -> None:
    assert {name: load_policy(name).hash for name in policy_ids()} == POLICIES


def test_scorecards__published__unchanged() -> None:
    folder = files("chainfin.risk") / "scorecards"
    names = [entry.name.removesuffix(".json") for entry in folder.iterdir() if entry.name.endswith(".json")]
    assert {name: load_scorecard(name).hash for name in names} == SCORECARDS


def test_decision__same_inputs_as_ever__same_hash() -> None:
    """If this fails, records made before the change no longer replay: give the schema a new version instead."""
    assert {name: decide_receivable(receivable_inputs(), name).hash() for name in DECISIONS} == DECISIONS
