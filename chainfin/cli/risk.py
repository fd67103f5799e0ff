"""Training and judging scorecards: `chainfin risk train` and `chainfin risk evaluate`.

What they compute with comes with the extra ``[train]``; it is imported when a command runs and by nothing that serves.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress as Bar

from chainfin.canon import canonical_bytes, content_hash
from chainfin.cli.output import AsJson, show
from chainfin.errors import BadInput

if TYPE_CHECKING:
    from chainfin.risk.train.table import Progress, Table

MAX_CARD_BYTES = 16 * 2**20

Data = Annotated[Path, typer.Argument(metavar="DATA.csv", help="Past cases: CSV with a header, UTF-8.")]
Delimiter = Annotated[str, typer.Option(help="What stands between cells.")]
Seed = Annotated[int, typer.Option(help="Of every random choice.")]
Date = Annotated[str | None, typer.Option("--date", help="Column of the cases' dates; no feature.")]
DateFormat = Annotated[str, typer.Option(help="Its form, as strptime has it.")]


def policies(as_json: AsJson = False) -> None:
    """The policies in this version, with the hashes that decision records name."""
    from chainfin.risk.policy import load_policy, policy_ids

    show({name: load_policy(name).hash for name in policy_ids()}, as_json)


def train(
    data: Data,
    target: Annotated[str, typer.Option(help="Column of the outcome, with two values.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Where the card is written.")],
    bad: Annotated[str | None, typer.Option(help="The value that means bad; needless where they are 0 and 1.")] = None,
    features: Annotated[list[str] | None, typer.Option(help="Fit on these columns only (repeat, or a,b,c).")] = None,
    exclude: Annotated[list[str] | None, typer.Option(help="Leave these out: what is known only later, ids.")] = None,
    words: Annotated[list[str] | None, typer.Option(help="Columns whose numbers are names, such as codes.")] = None,
    date: Date = None,
    date_format: DateFormat = "%Y-%m-%d",
    seed: Seed = 42,
    test_share: Annotated[float, typer.Option(help="Held out from the fit, 0.05 to 0.5.")] = 0.3,
    trend: Annotated[str, typer.Option(help="auto: monotone unless that costs much; monotone; free.")] = "auto",
    min_iv: Annotated[float, typer.Option(help="Information value below which a column is left out.")] = 0.02,
    base_score: Annotated[int, typer.Option(help="Points at the base odds.")] = 600,
    base_odds: Annotated[int, typer.Option(help="Goods to one bad at the base score.")] = 20,
    pdo: Annotated[int, typer.Option(help="Points that double the odds.")] = 40,
    bands: Annotated[int, typer.Option(help="Bands of about equally many cases, A the best.")] = 4,
    name: Annotated[str, typer.Option(help="The card's id.")] = "scorecard",
    card_version: Annotated[str, typer.Option(help="The card's version.")] = "1.0",
    delimiter: Delimiter = ",",
    as_json: AsJson = False,
) -> None:
    """Fit a points scorecard to past cases and write it as canonical JSON: same file and seed, same bytes.

    Examples:

    chainfin risk train loans.csv --target Default --exclude Term,ChgOffDate -o scorecard.json

    chainfin risk train german.csv --target creditability --bad bad --pdo 20 --name sme -o sme.json
    """
    _need_extra()
    from chainfin.risk.train.document import Label
    from chainfin.risk.train.fit import Scaling
    from chainfin.risk.train.table import MAX_BYTES, read_header, read_table
    from chainfin.risk.train.train import Plan
    from chainfin.risk.train.train import train as fit

    content = _read(data, MAX_BYTES)
    columns = read_header(content, data.name, delimiter)
    plan = Plan(
        target=target,
        bad=bad,
        features=_names(features, columns),
        exclude=_names(exclude, columns),
        words=_names(words, columns),
        date=date,
        date_format=date_format,
        seed=seed,
        test_share=test_share,
        trend=trend,
        min_iv=min_iv,
        scaling=Scaling(base_score, base_odds, pdo),
        label=Label(name, card_version, bands),
    )
    plan.check()
    unread = set(plan.exclude) - {target, date}
    with _progress() as progress:
        table = read_table(content, data.name, drop=unread, delimiter=delimiter, progress=progress)
        trained = fit(table, plan, progress)
    _write(output, canonical_bytes(trained.document))
    facts = _card_facts(trained.document, str(output))
    if as_json:
        typer.echo(json.dumps(facts, ensure_ascii=False, indent=1))
    else:
        from chainfin.cli.risk_view import show_trained

        show_trained(Console(soft_wrap=True), facts)


def evaluate(
    card: Annotated[Path, typer.Argument(metavar="SCORECARD.json", help="What `risk train` wrote.")],
    data: Data,
    target: Annotated[str | None, typer.Option(help="Column of the outcome; the card's own by default.")] = None,
    bad: Annotated[str | None, typer.Option(help="The value that means bad; the card's own by default.")] = None,
    training_data: Annotated[
        Path | None, typer.Option(help="The file that the card was fitted to, to fit the baselines on.")
    ] = None,
    date: Date = None,
    date_format: DateFormat = "%Y-%m-%d",
    seed: Seed = 42,
    min_auc: Annotated[float | None, typer.Option(help="Exit code 1 below this AUC.")] = None,
    min_ks: Annotated[float | None, typer.Option(help="Exit code 1 below this KS.")] = None,
    max_psi: Annotated[float | None, typer.Option(help="Exit code 1 above this stability index of the score.")] = None,
    delimiter: Delimiter = ",",
    as_json: AsJson = False,
) -> None:
    """Judge a card on cases that it hasn't seen, beside a logistic regression and boosted trees on the same rows.

    On the file that it was fitted to, only the rows held out from the fit are used. Exit code 1: a limit isn't met.

    Examples:

    chainfin risk evaluate scorecard.json loans.csv --min-auc 0.75

    chainfin risk evaluate scorecard.json this-year.csv --training-data loans.csv --max-psi 0.25 --json
    """
    _need_extra()
    from chainfin.risk.scorecard import read_scorecard
    from chainfin.risk.train.judge import Question, judge

    if not 0 <= seed < 2**32:
        raise BadInput("seed_invalid", "a seed is from 0 to 4294967295", where="--seed")
    compiled, document = read_scorecard(_read(card, MAX_CARD_BYTES), str(card))
    with _progress() as progress:
        question = Question(
            card=compiled,
            document=document,
            table=_table(data, delimiter, progress),
            training=None if training_data is None else _table(training_data, delimiter, progress),
            target=target,
            bad=bad,
            date=None if date is None else (date, date_format),
            seed=seed,
        )
        report = judge(question, progress)
    report["limits"] = _limits(report, min_auc, min_ks, max_psi)
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False, indent=1))
    else:
        from chainfin.cli.risk_view import show_report

        show_report(Console(soft_wrap=True), report)
    raise typer.Exit(0 if all(limit["met"] for limit in report["limits"]) else 1)


def _need_extra() -> None:
    """Raises BadInput train_extra_missing: one line that says how to get what is missing."""
    try:
        import lightgbm  # noqa: F401 - whether it is there
        import sklearn  # noqa: F401 - whether it is there
    except (ImportError, OSError) as error:  # OSError: LightGBM without the system's libgomp
        hint = "pip install 'chainfin[train]'" + (" (and libgomp1)" if isinstance(error, OSError) else "")
        raise BadInput("train_extra_missing", f"scikit-learn and LightGBM are needed: {hint}") from None


def _limits(
    report: dict[str, Any], min_auc: float | None, min_ks: float | None, max_psi: float | None
) -> list[dict[str, Any]]:
    """What was asked for, what was found, whether it is met. Raises BadInput limit_unmeasured."""
    found = []
    for name, limit in (("auc", min_auc), ("ks", min_ks)):
        if limit is not None:
            value = report["scorecard"][name]
            found.append({"what": f"min_{name}", "limit": limit, "found": value, "met": value >= limit})
    if max_psi is not None:
        if report["stability"] is None:
            raise BadInput("limit_unmeasured", "the card wasn't fitted to data to be stable against", where="--max-psi")
        value = report["stability"]["score_psi"]
        found.append({"what": "max_psi", "limit": max_psi, "found": value, "met": value <= max_psi})
    return found


def _names(given: Sequence[str] | None, columns: Sequence[str]) -> list[str]:
    """Column names, each an option of its own or several between commas."""
    names: list[str] = []
    for words in given or ():
        names += [words] if words in columns else [word.strip() for word in words.split(",")]
    return names


def _read(path: Path, most: int) -> bytes:
    """An ordinary file's bytes. Raises BadInput file_unreadable, data_too_large."""
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise BadInput("file_unreadable", "not an ordinary file", where=str(path))
            if found.st_size > most:
                raise BadInput("data_too_large", f"{found.st_size} bytes are more than {most}", where=str(path))
            return file.read(most)
    except OSError as error:
        raise BadInput("file_unreadable", str(error.strerror), where=str(path)) from None


def _table(path: Path, delimiter: str, progress: Progress) -> Table:
    from chainfin.risk.train.table import MAX_BYTES, read_table

    return read_table(_read(path, MAX_BYTES), path.name, delimiter=delimiter, progress=progress)


def _write(path: Path, content: bytes) -> None:
    """All of it or nothing: a card cut short must not lie there. Raises BadInput file_unwritable."""
    beside = path.with_name(f".{path.name}.part")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    except OSError as error:
        raise BadInput("file_unwritable", str(error.strerror), where=str(path)) from None


def _card_facts(document: dict[str, Any], written: str) -> dict[str, Any]:
    """What is worth telling of a card that was just fitted."""
    training = document["training"]
    return {
        "written": written,
        "hash": content_hash(document),
        "id": document["id"],
        "version": document["version"],
        "base_points": document["base_points"],
        "rows": training["data"]["rows"],
        "fitted": training["fitted"],
        "held_out": training["held_out"],
        "features": [
            {
                "feature": entry["feature"],
                "iv": entry["fitted"]["iv"],
                "trend": entry["fitted"]["trend"],
                "points": entry["points"],
                "missing": entry["missing"],
            }
            for entry in document["characteristics"]
        ],
        "dropped": training["dropped"],
        "bands": document["bands"],
        "warnings": training["warnings"],
    }


@contextmanager
def _progress() -> Iterator[Progress]:
    """A bar on stderr where somebody watches; nothing where nobody does."""
    console = Console(stderr=True)
    with Bar(console=console, transient=True, disable=not console.is_terminal) as bar:
        tasks: dict[str, Any] = {}

        def reply(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done, total=total)

        yield reply
