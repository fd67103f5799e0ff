"""Chapter g: the auditor takes the evidence of the supplier's loan home and checks it offline; forged copies fail."""

from __future__ import annotations

import json

from chainfin.audit.bundle import seal
from chainfin.audit.replay import replay_bundle
from chainfin.audit.report import Check
from chainfin.audit.verify import verify
from chainfin.demo.story import Story


def audit(story: Story) -> None:
    """Fetch the bundle, verify it against a header of the auditor's own node, replay the decision, forge copies."""
    report, auditor, stage = story.report, story.who.auditor, story.stage
    report.chapter("g", "The auditor verifies, trusting nobody", "审计方离线验证")
    bundle = auditor.download(f"/v1/audit/loans/{story.loans['supplier']}/bundle")
    path = None if stage.kept is None else stage.kept / "evidence.json"
    if path is not None:
        path.write_bytes(bundle)
    where = "--home DIR would keep it" if path is None else str(path)
    report.did(auditor.name, f"took the evidence home: {len(bundle) // 1024} KiB", where)
    # On a real network the auditor asks a node of its own; here there is one node.
    trusted = "0x" + stage.installation.node.head().hash.hex()
    assert stage.installation.sandbox is not None, "the demo plays with the sandbox"
    keys = [stage.installation.sandbox.public_key]
    found = verify(bundle, [trusted], keys)
    if not found.ok:
        raise AssertionError(f"the evidence does not hold: {[(c.name, c.what) for c in found.failures]}")
    kept = sum(1 for check in found.checks if check.state.value == "ok")
    report.did("verifier", f"{kept} checks hold, offline", f"header {trusted[:14]}…")
    replayed = replay_bundle(bundle)
    if not replayed.ok:
        raise AssertionError(f"the decision does not replay: {replayed.message}")
    report.did(
        "verifier", "the decision follows from its inputs and its policy, to the byte", str(replayed.hash)[:14] + "…"
    )
    flipped = bytearray(bundle)
    flipped[len(bundle) // 2] ^= 1
    first = _refused(bytes(flipped), trusted, keys)
    report.refused("a copy with one byte changed", first.name, first.what)
    clever = _refused(_resealed(bundle), trusted, keys)
    report.refused("a lower rate in the decision, seals made anew", clever.name, clever.what)
    report.facts["evidence"] = {
        "verdict": f"{kept} checks hold",
        "forged": f"refused: {first.name}; {clever.name}",
        "file": None if path is None else str(path),
        "trusted_header": trusted,
        "partner_key": keys[0],
    }


def _refused(forged: bytes, trusted: str, keys: list[str]) -> Check:
    """The first thing that the verifier finds wrong; a forged copy that passes stops the demo."""
    found = verify(forged, [trusted], keys)
    if found.ok:
        raise AssertionError("a forged copy was taken for true")
    return found.failures[0]


def _resealed(bundle: bytes) -> bytes:
    """What a forger who knows the format does: changes the decision and makes the bundle's own seals anew."""
    parts = {name: part for name, part in json.loads(bundle).items() if name not in ("schema", "seal")}
    record = str(parts["decision"]["record"])
    rate = record.index('"annual_rate":"') + len('"annual_rate":"')
    parts["decision"]["record"] = record[:rate] + "0.010000" + record[rate + 8 :]
    return seal(parts)
