"""Chapter g: the auditor takes the evidence of the supplier's loan home and checks it offline; forged copies fail."""

from __future__ import annotations

import tempfile
from pathlib import Path

from chainfin.audit.replay import replay_bundle
from chainfin.audit.verify import verify
from chainfin.demo.story import Story


def audit(story: Story) -> None:
    """Fetch the bundle, verify it against a header hash of the auditor's own node, replay the decision, forge a copy."""
    report, auditor, stage = story.report, story.who.auditor, story.stage
    report.chapter("g", "The auditor verifies, trusting nobody", "审计方离线验证")
    bundle = auditor.download(f"/v1/audit/loans/{story.loans['supplier']}/bundle")
    path = Path(tempfile.mkdtemp(prefix="chainfin-evidence-")) / "loan.json"
    path.write_bytes(bundle)
    report.did(auditor.name, f"took the evidence home: {len(bundle) // 1024} KiB", str(path))
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
    report.did("verifier", "the decision follows from its inputs and its policy, to the byte", str(replayed.hash)[:14] + "…")
    place = bundle.index(b'"face"') if b'"face"' in bundle else len(bundle) // 2
    forged = bytearray(bundle)
    forged[place + 9] ^= 1
    refused = verify(bytes(forged), [trusted], keys)
    if refused.ok:
        raise AssertionError("a forged copy was taken for true")
    first = refused.failures[0]
    report.refused("a copy with one byte changed", first.name, first.what)
    report.facts["evidence"] = {
        "verdict": f"{kept} checks hold",
        "forged": f"refused: {first.name}",
        "file": str(path),
        "trusted_header": trusted,
        "partner_key": keys[0],
    }
