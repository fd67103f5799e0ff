"""What comes of every trade document of a folder (CHAINFIN_DATA/documents, or the folders given), and how fast.

Counted by format and outcome; "read" means that there is a canonical form, "flagged" that it makes no claim or breaks a
rule of EN 16931. Reasons are told by code and rule, most frequent first. The last line of output is one JSON object:
`{format: {"files": n, "read": n, "flagged": n, "per_s": files a second, "refused": {reason: n}, "why": {kind: n}}}`.
``why`` puts the refused in kinds: a file that carries no trade document, or contradicts itself, is rightly refused.

``"matching"`` is what the three-way match of so many lines takes, in seconds of the processor.

With ``--judge FOLDER`` (the official style sheets; the Python that ``--judge-python`` names has saxonche) the official
rules say what is right: how many of the files that they accept are read, and how many of those that break a
calculation rule are refused, or flagged by just that rule (`"official"` in the JSON).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from chainfin import samples
from chainfin.cli.documents_check import Checked, check_all
from chainfin.documents import Document, read
from chainfin.documents.matching import Match, match
from chainfin.progress import shown
from chainfin.values.money import Money

CALCULATION = re.compile(r"BR-CO-1[0-7]|BR-(S|Z|E|AE|IC|G|O|AF|AG)-08")

WHY = {
    "document_kind_unknown": "carries no document that is read here",
    "document_inconsistent": "contradicts itself",
    "document_incomplete": "leaves out what a bill needs",
}
"""Other reasons are of values that their format doesn't allow."""


@dataclass(slots=True)
class Tally:
    """The files of one format."""

    files: int = 0
    read: int = 0
    flagged: int = 0
    seconds: float = 0.0
    refused: Counter[str] = field(default_factory=Counter)
    why: Counter[str] = field(default_factory=Counter)

    def add(self, checked: Checked, seconds: float) -> None:
        self.files += 1
        self.read += checked.read
        self.flagged += bool(checked.flags or checked.breaches)
        self.seconds += seconds
        if not checked.read:
            first = checked.faults[0]
            self.refused[f"{first['code']} {first.get('rule', '')}".strip()] += 1
            self.why[WHY.get(str(first["code"]), "has values that its format doesn't allow")] += 1

    def to_json(self) -> dict[str, object]:
        speed = round(self.files / self.seconds) if self.seconds else 0
        refused, why = dict(self.refused.most_common()), dict(self.why.most_common())
        counts = {"files": self.files, "read": self.read, "flagged": self.flagged, "per_s": speed}
        return {**counts, "refused": refused, "why": why}


def measured(folders: list[Path]) -> tuple[dict[str, Tally], list[Checked]]:
    found: defaultdict[str, Tally] = defaultdict(Tally)
    every = []
    with shown("reading documents") as step:
        began = time.perf_counter()
        for done, checked in enumerate(check_all(folders, step), 1):
            name = "unreadable" if checked.format is None else checked.format.value
            found[name].add(checked, time.perf_counter() - began)
            every.append(checked)
            step(done, None)
            began = time.perf_counter()
    return dict(sorted(found.items())), every


def judged(checked: Sequence[Checked], python: str, folder: Path) -> Mapping[str, Sequence[str] | None]:
    """By file: the official rules that it breaks."""
    script = Path(__file__).with_name("official_rules.py")
    files = "\n".join(each.file for each in checked)
    done = subprocess.run([python, str(script), str(folder)], input=files, capture_output=True, text=True, check=True)
    answer: Mapping[str, Sequence[str] | None] = json.loads(done.stdout)
    return answer


def against_official(checked: Sequence[Checked], broken: Mapping[str, Sequence[str] | None]) -> dict[str, int]:
    counts = Counter(dict.fromkeys(("accepted", "accepted_read", "miscalculated", "told", "flagged_without_cause"), 0))
    for each in checked:
        rules = broken.get(each.file)
        if rules is None:
            continue
        wrong = {rule for rule in rules if CALCULATION.fullmatch(rule)}
        ours = {breach.rule for breach in each.breaches}
        counts["accepted"] += not rules
        counts["accepted_read"] += not rules and each.read
        counts["miscalculated"] += bool(wrong)
        counts["told"] += bool(wrong) and (not each.read or wrong <= ours)
        counts["flagged_without_cause"] += bool(ours - wrong)
    return dict(counts)


def matching(lines: int) -> float:
    """Seconds of the processor for one match of an order, its receipt and its invoice of so many lines each."""
    papers = samples.trade(date(2026, 11, 21), "1")
    order, receipt, invoice = (read(papers[name], source=name) for name in ("order", "receipt", "invoice"))
    long = [_of_lines(each, lines, orders=each is order) for each in (order, receipt, invoice)]
    began = time.process_time()
    found = match(long[0], [long[1]], long[2])
    took = time.process_time() - began
    assert isinstance(found, Match), found
    assert found.complete, found
    return round(took, 3)


def _of_lines(document: Document, lines: int, *, orders: bool) -> Document:
    """The document with its first line so many times over, each of an item of its own."""
    first = document.lines[0]
    made = tuple(
        replace(first, id=str(n), order_line_ref=None if orders else str(n), buyers_item_id=f"B-{n}")
        for n in range(1, lines + 1)
    )
    if document.totals is None or first.line_amount is None or first.tax is None:
        return replace(document, lines=made)
    net, tax = (Money(each.minor * lines, each.currency) for each in (first.line_amount, first.tax))
    totals = replace(document.totals, line_total=net, tax=tax, payable=net + tax)
    return replace(document, lines=made, totals=totals)


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    words.add_argument("folders", nargs="*", type=Path)
    words.add_argument("--judge", type=Path, help="the folder of the official EN16931-…-validation.xslt")
    words.add_argument("--judge-python", default=sys.executable, help="a Python that has saxonche")
    given = words.parse_args()
    data = os.environ.get("CHAINFIN_DATA")
    folders = given.folders or ([Path(data) / "documents"] if data else [])
    if not folders:
        print("CHAINFIN_DATA names no folder of documents, and none is given", file=sys.stderr)
    tallies, checked = measured(folders)
    found: dict[str, object] = {}
    for name, tally in tallies.items():
        told = found[name] = tally.to_json()
        rest = "".join(f"; {count} {why}" for why, count in tally.why.most_common())
        print(f"{name:10} {told['read']} of {told['files']} read, {told['per_s']} a second{rest}", file=sys.stderr)
    if given.judge:
        official = found["official"] = against_official(checked, judged(checked, given.judge_python, given.judge))
        print(
            "official rules: {accepted_read} of {accepted} that they accept are read; {told} of {miscalculated} that"
            " break a calculation rule are told, {flagged_without_cause} flagged that break none".format(**official),
            file=sys.stderr,
        )
    found["matching"] = {str(lines): matching(lines) for lines in (1_000, 4_000, 10_000)}
    print(f"matching   {found['matching']} (lines: seconds)", file=sys.stderr)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
