"""What comes of every trade document of a folder (CHAINFIN_DATA/documents, or the folders given), and how fast.

Counted by format and outcome; "read" means that there is a canonical form, "flagged" that it makes no claim. Reasons
are told by code and rule, most frequent first. The last line of output is one JSON object: `{format: {"files": n,
"read": n, "flagged": n, "per_s": files a second, "refused": {reason: n}}}`.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from chainfin.cli.documents_check import Checked, check_all
from chainfin.progress import shown


@dataclass(slots=True)
class Tally:
    """The files of one format."""

    files: int = 0
    read: int = 0
    flagged: int = 0
    seconds: float = 0.0
    refused: Counter[str] = field(default_factory=Counter)

    def add(self, checked: Checked, seconds: float) -> None:
        self.files += 1
        self.read += checked.read
        self.flagged += bool(checked.flags)
        self.seconds += seconds
        if not checked.read:
            first = checked.faults[0]
            self.refused[f"{first['code']} {first.get('rule', '')}".strip()] += 1

    def to_json(self) -> dict[str, object]:
        speed = round(self.files / self.seconds) if self.seconds else 0
        told = dict(self.refused.most_common())
        return {"files": self.files, "read": self.read, "flagged": self.flagged, "per_s": speed, "refused": told}


def measured(folders: list[Path]) -> dict[str, Tally]:
    found: defaultdict[str, Tally] = defaultdict(Tally)
    with shown("reading documents") as step:
        began = time.perf_counter()
        for done, checked in enumerate(check_all(folders, step), 1):
            name = "unreadable" if checked.format is None else checked.format.value
            found[name].add(checked, time.perf_counter() - began)
            step(done, None)
            began = time.perf_counter()
    return dict(sorted(found.items()))


def main() -> None:
    data = os.environ.get("CHAINFIN_DATA")
    folders = [Path(word) for word in sys.argv[1:]] or ([Path(data) / "documents"] if data else [])
    if not folders:
        print("CHAINFIN_DATA names no folder of documents, and none is given", file=sys.stderr)
    found = {name: tally.to_json() for name, tally in measured(folders).items()}
    for name, tally in found.items():
        print(f"{name:10} {tally['read']} of {tally['files']} read, {tally['per_s']} a second", file=sys.stderr)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
