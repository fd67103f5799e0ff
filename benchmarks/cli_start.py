"""How long `chainfin` takes to start: each command as a process of its own, 20 times, from start to end.

`call` signs in with a plain key at an address where nobody answers, so that what is timed is all that this machine does
before the first answer. The last line of output is one JSON object: `{command: {"cpu_s": median of user and system
time, "wall_s": median}}`. The bound that we hold ourselves to is 0.3 s.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from chainfin.client import key_file
from chainfin.eth.signer import KeySigner

RUNS = 20
CHAINFIN = [sys.executable, "-m", "chainfin.cli"]


def one(words: list[str]) -> tuple[float, float]:
    """Seconds of the processor and of the clock that one run takes."""
    began = time.monotonic()
    process = subprocess.Popen(
        [*CHAINFIN, *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, _, used = os.wait4(process.pid, 0)
    process.returncode = 0  # it was waited for
    return used.ru_utime + used.ru_stime, time.monotonic() - began


def main() -> None:
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        key = Path(folder) / "my.key"
        key_file.write(key, KeySigner.new(), None)
        calls = {
            "--help": ["--help"],
            "call": ["call", str(key), "/v1/orders", "--url", "http://127.0.0.1:9"],
            "documents show": ["documents", "show", "none"],
        }
        for name, words in calls.items():
            one(words)  # what is compiled at the first run is there for the others
            runs = [one(words) for _ in range(RUNS)]
            cpu, wall = (statistics.median(each) for each in zip(*runs, strict=True))
            found[name] = {"cpu_s": round(cpu, 3), "wall_s": round(wall, 3)}
            print(f"{name:16} {cpu:.3f} s of the processor, {wall:.3f} s", file=sys.stderr)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
