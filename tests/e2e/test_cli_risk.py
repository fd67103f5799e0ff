"""`chainfin risk train` and `chainfin risk evaluate` as a risk officer uses them. All samples are invented."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chainfin.cli import main
from tests.unit.train_samples import cases, csv_of

Run = Callable[..., tuple[int, str, str]]
EXCLUDE = ("--exclude", "leak,opened")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `chainfin risk …` in this process: (exit code, stdout, stderr)."""

    def once(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["chainfin", "risk", *(str(word) for word in words)])
        with pytest.raises(SystemExit) as left:
            main.main()
        reply = capsys.readouterr()
        return int(left.value.code or 0), reply.out, reply.err

    return once


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("data") / "cases.csv"
    file.write_bytes(cases())
    return file


@pytest.fixture
def card(run: Run, data: Path, tmp_path: Path) -> Path:
    file = tmp_path / "card.json"
    code, _, reply = run("train", data, "--target", "late", *EXCLUDE, "-o", file)
    assert (code, reply) == (0, "")
    return file


def _json(run: Run, *words: object) -> Any:
    code, out, reply = run(*words, "--json")
    assert (code, reply) == (0, "")
    return json.loads(out)


def test_train__twice__same_bytes_and_nothing_beside_them(run: Run, data: Path, card: Path) -> None:
    first = card.read_bytes()
    facts = _json(run, "train", data, "--target", "late", *EXCLUDE, "-o", card)
    assert card.read_bytes() == first
    assert facts["hash"] == "0x" + hashlib.sha256(first).hexdigest()
    assert [file.name for file in card.parent.iterdir()] == ["card.json"]


def test_train__for_a_person__features_and_warnings(run: Run, data: Path, tmp_path: Path) -> None:
    code, out, _ = run("train", data, "--target", "late", "--exclude", "opened", "-o", tmp_path / "card.json")
    assert code == 0
    assert "debt" in out
    assert "warning: leak_suspected: 'leak' alone has an AUC of" in out


def test_evaluate__file_of_the_fit__card_beside_baselines(run: Run, data: Path, card: Path) -> None:
    report = _json(run, "evaluate", card, data)
    assert set(report["comparison"]["models"]) == {"scorecard", "logistic", "lightgbm"}
    assert report["judged_on"]["rows"] == 360
    code, out, _ = run("evaluate", card, data, "--target", "late")
    assert code == 0
    for word in ("scorecard", "logistic", "lightgbm", "Gini", "KS", "Brier", "Bands", "Tenths", "Stability"):
        assert word in out


@pytest.mark.parametrize(
    ("limit", "code"),
    [
        (("--min-auc", "0.6"), 0),
        (("--min-auc", "0.99"), 1),
        (("--min-ks", "0.99"), 1),
        (("--max-psi", "0.25"), 0),
        (("--max-psi", "0.0001"), 1),
    ],
)
def test_evaluate__limit__exit_code_says_whether_it_is_met(
    run: Run, data: Path, card: Path, limit: tuple[str, str], code: int
) -> None:
    found, out, _ = run("evaluate", card, data, *limit)
    assert found == code
    assert ("NOT MET" in out) == (code == 1)


def test_evaluate__another_years_file__baselines_from_the_training_file(
    run: Run, data: Path, card: Path, tmp_path: Path
) -> None:
    later = tmp_path / "later.csv"
    later.write_bytes(cases(500, seed=8))
    report = _json(run, "evaluate", card, later, "--training-data", data, "--date", "opened")
    assert (report["judged_on"]["rows"], report["comparison"]["baselines_fitted_on"]) == (500, 840)
    assert len(report["by_month"]) == 12


REFUSED: dict[str, tuple[bytes | None, tuple[str, ...], str]] = {
    "no file": (None, ("--target", "y"), "file_unreadable"),
    "empty": (b"", ("--target", "y"), "data_empty"),
    "no such target": (csv_of(50, lambda row: row % 2), ("--target", "z"), "column_unknown"),
    "no such exclusion": (csv_of(50, lambda row: row % 2), ("--target", "y", "--exclude", "z"), "column_unknown"),
    "no such feature": (csv_of(50, lambda row: row % 2), ("--target", "y", "--features", "x,z"), "column_unknown"),
    "target excluded": (csv_of(50, lambda row: row % 2), ("--target", "y", "--features", "y"), "feature_excluded"),
    "not binary": (csv_of(50, lambda row: row % 3), ("--target", "y"), "target_not_binary"),
    "constant": (csv_of(50, lambda _: 0), ("--target", "y"), "target_constant"),
    "no bads": (csv_of(50, lambda row: row % 2), ("--target", "y", "--bad", "9"), "no_bads"),
    "few bads": (csv_of(50, lambda row: int(row < 5)), ("--target", "y"), "too_few_bads"),
    "hostile": (b"\x00" * 1000, ("--target", "y"), "data_malformed"),
    "seed": (csv_of(50, lambda row: row % 2), ("--target", "y", "--seed", "-1"), "seed_invalid"),
    "nothing predicts": (csv_of(200, lambda row: row % 2), ("--target", "y"), "nothing_predicts"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_train__what_can_not_be_fitted__one_line_and_exit_code_2(run: Run, tmp_path: Path, name: str) -> None:
    content, words, code = REFUSED[name]
    file = tmp_path / "cases.csv"
    if content is not None:
        file.write_bytes(content)
    found, out, reply = run("train", file, *words, "-o", tmp_path / "card.json")
    assert (found, out) == (2, "")
    assert reply.startswith(f"chainfin: {code}: ")
    assert reply.count("\n") == 1
    assert not (tmp_path / "card.json").exists()


def test_train__device_or_folder_or_no_place_to_write__refused(run: Run, data: Path, tmp_path: Path) -> None:
    for file in (Path("/dev/zero"), tmp_path):
        found, _, reply = run("train", file, "--target", "y", "-o", tmp_path / "card.json")
        assert (found, reply.split(":")[1].strip()) == (2, "file_unreadable")
    found, _, reply = run("train", data, "--target", "late", *EXCLUDE, "-o", tmp_path / "nowhere" / "card.json")
    assert (found, reply.split(":")[1].strip()) == (2, "file_unwritable")


def test_evaluate__what_can_not_be_judged__one_line_and_exit_code_2(run: Run, data: Path, card: Path) -> None:
    lacking = card.with_name("lacking.csv")
    lacking.write_bytes(cases().replace(b"debt,", b"other,"))
    for words, code in (
        ((card, lacking), "features_absent"),
        ((data, data), "scorecard_invalid"),
        ((card, lacking.with_name("none.csv")), "file_unreadable"),
        ((card.with_name("none.json"), data), "file_unreadable"),
        ((card, data, "--seed", "-1"), "seed_invalid"),
    ):
        found, _, reply = run("evaluate", *words)
        assert (found, reply.count("\n")) == (2, 1)
        assert reply.startswith(f"chainfin: {code}: ")


def test_train__extra_not_installed__says_how_to_get_it(
    run: Run, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    for words in (("train", data, "--target", "late", "-o", tmp_path / "card.json"), ("evaluate", data, data)):
        found, _, reply = run(*words)
        assert found == 2
        assert (
            reply
            == "chainfin: train_extra_missing: scikit-learn and LightGBM are needed: pip install 'chainfin[train]'\n"
        )


def test_help__both_commands__examples(run: Run) -> None:
    for command in ("train", "evaluate"):
        code, out, _ = run(command, "--help")
        assert code == 0
        assert f"chainfin risk {command}" in out
        assert "Examples" in out


def test_serving_and_the_command_line__never_load_what_trains() -> None:
    code = (
        "import sys, api.serve, chainfin.cli, chainfin.risk, chainfin.risk.scorecard\n"
        "chainfin.risk.load_scorecard('credit-debtor-v1')\n"
        "print([name for name in ('sklearn', 'lightgbm', 'scipy', 'chainfin.risk.train') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
