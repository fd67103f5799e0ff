"""Decide again from a bundle's decision record: `chainfin audit replay FILE`."""

from __future__ import annotations

from chainfin.audit.bundle import read, record_of
from chainfin.risk.replay import ReplayResult, replay


def replay_bundle(data: bytes) -> ReplayResult:
    """The decision of a bundle, replayed and held against the hash that its borrower signed.

    Raises BadInput bundle_…, decision_record_malformed.
    """
    bundle, _ = read(data)
    record = record_of(bundle)
    messages = [act.typed_data.get("message") for act in bundle.acts]
    signed = {str(m["decisionHash"]) for m in messages if isinstance(m, dict) and "decisionHash" in m}
    return replay(record.as_dict(), expected_hash=signed.pop() if len(signed) == 1 else None)
