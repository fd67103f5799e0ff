"""The demo as a newcomer plays it: one command, everything really happens, exit code 0."""

from __future__ import annotations

import json
import tempfile
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chainfin import samples
from chainfin.audit.verify import verify
from chainfin.cli.main import app


def test_demo__on_the_samples__plays_every_chapter(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["demo", "--json", "--home", str(tmp_path / "home")])
    assert done.exit_code == 0, done.output
    facts = json.loads(done.stdout)
    assert set(facts["seconds_by_node"]) == {"receivable_pledge", "inventory_pledge", "general_310"}
    assert {"registration", "pledging", "disbursing", "funded"} <= set(facts["seconds_by_node"]["receivable_pledge"])
    assert sorted(facts["refusals"].values()) == [
        "chain_exceeds_free",
        "invoice_above_received",
        "invoice_already_registered",
        "not_debtor",
        "signature_replayed",
    ]
    assert set(facts["trial_balance_difference"].values()) == {"0.00"}
    parts = [round(float(part) * 100) for part in facts["shop_limit"]["parts"]]
    assert sum(parts) == round(float(facts["shop_limit"]["total"]) * 100)
    evidence = facts["evidence"]
    kept = Path(evidence["file"]).read_bytes()
    assert verify(kept, [evidence["trusted_header"]], [evidence["partner_key"]]).ok
    assert not verify(kept, ["0x" + "11" * 32], [evidence["partner_key"]]).ok


def test_demo__folder_of_documents__finances_what_was_received(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = tmp_path_factory.mktemp("left")
    monkeypatch.setattr(tempfile, "tempdir", str(left))
    documents = samples.trade(date(2026, 3, 2), "SAMPLE-FOLDER-1", overinvoiced=True)
    for name, data in documents.items():
        if name != "credit_note":
            (tmp_path / f"{name}.xml").write_bytes(data)
    (tmp_path / "torn.xml").write_text("<Order><unfinished")
    done = CliRunner().invoke(app, ["demo", "--documents", str(tmp_path), "--json"])
    assert done.exit_code == 0, f"{done.output} {done.exception!r}"
    facts = json.loads(done.stdout)
    assert facts["refused_files"].keys() == {"torn.xml"}
    assert facts["refused_files"]["torn.xml"].startswith("document_malformed")
    (trade,) = facts["trades"]
    assert trade["never_came"].startswith("500 KGM")
    assert "500 KGM never came" in " ".join(done.stderr.split()), "and it says so to the person who looks on"
    assert trade["receivable"] == "960810.75 CNY"
    assert float(trade["financed"].split()[0]) <= 960810.75
    assert list(left.iterdir()) == [], "it leaves nothing behind"


def test_demo__folder_without_a_trade__says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "order.xml").write_bytes(samples.trade(date(2026, 3, 2), "SAMPLE-FOLDER-2")["order"])
    done = CliRunner().invoke(app, ["demo", "--documents", str(tmp_path)])
    assert done.exit_code != 0
    assert getattr(done.exception, "code", "") == "no_trade_to_finance"
