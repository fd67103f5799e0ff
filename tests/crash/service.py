"""`chainfin serve` as a process of its own, to be killed at any moment, and what it leaves on disk."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from chainfin.chain.embedded import EmbeddedNode
from chainfin.services.kernel.context import Clock

ROOT = Path(__file__).resolve().parents[2]
START_LIMIT_S = 90.0


def surroundings(home: Path, **more: str) -> dict[str, str]:
    """An environment with nothing of ours in it but the home."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CHAINFIN_")}
    return {**kept, "CHAINFIN_HOME": str(home), "PYTHONPATH": str(ROOT), **more}


def command(home: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the CLI to its end."""
    return subprocess.run(
        [sys.executable, "-m", "chainfin.cli", *arguments],
        env=surroundings(home, **more),
        cwd=home,
        capture_output=True,
        text=True,
        timeout=START_LIMIT_S,
        check=False,
    )


@dataclass
class Service:
    """One life of the service. ``url`` is there once it has said where it serves."""

    home: Path
    process: subprocess.Popen[str] = field(init=False)
    url: str = ""
    detail: list[str] = field(default_factory=list)
    _spoken: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "chainfin.cli", "serve", "--port", "0"],
            env=surroundings(self.home),
            cwd=self.home,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.detail.append(line.rstrip())
            if line.startswith("chainfin serves http"):
                self.url = line.split()[2]
                self._spoken.set()
        self._spoken.set()

    def ready(self) -> str:
        """Wait until it answers; its address."""
        end = time.monotonic() + START_LIMIT_S
        self._spoken.wait(START_LIMIT_S)
        assert self.url, "\n".join(self.detail)
        while time.monotonic() < end:
            try:
                if httpx.get(f"{self.url}/healthz", timeout=5.0, trust_env=False).is_success:
                    return self.url
            except httpx.TransportError:
                time.sleep(0.02)
        raise AssertionError("\n".join(self.detail))

    def kill(self) -> None:
        """As a power cut does, as far as a process goes."""
        self.process.kill()
        self.process.wait(30)

    def stop(self) -> int:
        """As an operator does; the exit code."""
        self.process.terminate()
        return self.process.wait(60)


def chain(home: Path) -> dict[int, str]:
    """The canonical chain on disk: number → hash."""
    node = EmbeddedNode(home, Clock().now, read_only=True)
    try:
        numbers = range(node.head().number + 1)
        blocks = [node.block(number) for number in numbers]
        return {block.number: block.hash.hex() for block in blocks if block is not None}
    finally:
        node.close()


def payments(home: Path) -> list[str]:
    """The instructions that the sandbox's bank has paid."""
    with sqlite3.connect(f"file:{home}/sandbox/sandbox.db?mode=ro", uri=True) as bank:
        return [row[0] for row in bank.execute("SELECT instruction_id FROM payment WHERE status = 'done'")]
