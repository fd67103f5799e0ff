"""The command line's demo, as a newcomer runs it: on the samples, and on a folder of real documents."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
DATA = os.environ.get("CHAINFIN_DATA")
needs_data = pytest.mark.skipif(not DATA, reason="CHAINFIN_DATA names no folder of real documents")


def chainfin(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, in an empty home, with no proxy or network settings."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(home), "CHAINFIN_HOME": str(home / ".chainfin")}
    return subprocess.run(
        [sys.executable, "-m", "chainfin.cli", *words],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def played(done: subprocess.CompletedProcess[str]) -> Mapping[str, Any]:
    assert done.returncode == 0, done.stderr[-2000:]
    facts: Mapping[str, Any] = json.loads(done.stdout)
    return facts


def test_demo__samples__exit_code_zero_and_a_true_summary(tmp_path: Path) -> None:
    facts = played(chainfin(tmp_path, "demo", "--json"))
    limit = facts["shop_limit"]
    assert sum(Decimal(part) for part in limit["parts"]) == Decimal(limit["total"]) > 0
    assert sorted(facts["refusals"].values()) == [
        "chain_exceeds_free",
        "invoice_above_received",
        "invoice_already_registered",
        "not_debtor",
        "signature_replayed",
    ]
    assert facts["trial_balance_difference"] == {"CNY": "0.00"}
    assert facts["evidence"]["forged"].startswith("refused: ")
    assert set(facts["seconds_by_node"]) == {"receivable_pledge", "inventory_pledge", "general_310"}


def test_demo__home_in_use__refused_with_exit_code_two(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").write_text("x")
    done = chainfin(tmp_path, "demo", "--home", str(tmp_path / "kept"))
    assert done.returncode == 2
    assert done.stderr.strip().startswith("chainfin: home_not_empty: ")
    assert "Traceback" not in done.stderr


@pytest.fixture(scope="module")
def oasis(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    folder = Path(str(DATA)) / "documents" / "ubl_oasis"
    return chainfin(tmp_path_factory.mktemp("oasis"), "demo", "--documents", str(folder), "--json")


@needs_data
def test_oasis__real_trade__ten_kilos_never_came(oasis: subprocess.CompletedProcess[str]) -> None:
    found = played(oasis)["trades"]
    assert len(found) == 1
    assert [(line["unit"], Decimal(line["missing"])) for line in found[0]["shortfalls"]] == [("KGM", Decimal(10))]
    line = found[0]["shortfalls"][0]
    assert [Decimal(line[name]) for name in ("ordered", "received", "invoiced")] == [100, 90, 100]
    assert found[0]["never_came"].startswith("10 KGM")
    assert "never came" in oasis.stderr, "and it says so to the person who looks on"


@needs_data
def test_oasis__real_trade__no_more_financed_than_was_received(oasis: subprocess.CompletedProcess[str]) -> None:
    found = played(oasis)["trades"][0]
    assert found["invoiced"] == "107.50 GBP"
    assert found["receivable"] == "96.75 GBP"
    financed, currency = found["financed"].split()
    assert currency == "GBP"
    assert Decimal(0) < Decimal(financed) <= Decimal("96.75")


@needs_data
def test_oasis__files_that_are_no_trade_documents__each_refused_by_a_code(
    oasis: subprocess.CompletedProcess[str],
) -> None:
    facts = played(oasis)
    folder = Path(str(DATA)) / "documents" / "ubl_oasis"
    assert facts["read"] + len(facts["refused_files"]) == len(list(folder.glob("*.xml")))
    known = {"document_kind_unknown", "document_incomplete", "quantity_not_positive"}
    assert {why.split(":")[0] for why in facts["refused_files"].values()} <= known
    assert all(len(why.splitlines()) == 1 for why in facts["refused_files"].values())


def test_documents__no_such_folder__exit_code_two(tmp_path: Path) -> None:
    done = chainfin(tmp_path, "demo", "--documents", str(tmp_path / "nowhere"))
    assert done.returncode == 2
    assert done.stderr.strip().startswith("chainfin: folder_unreadable: ")


def test_documents__nothing_but_hostile_and_broken_files__exit_code_two(tmp_path: Path) -> None:
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "broken.xml").write_text("<Order><unfinished")
    (folder / "bomb.xml").write_text('<!DOCTYPE o [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><Order>&b;</Order>')
    done = chainfin(tmp_path, "demo", "--documents", str(folder))
    assert done.returncode == 2
    assert done.stderr.strip().splitlines()[-1].startswith("chainfin: folder_without_documents: ")
