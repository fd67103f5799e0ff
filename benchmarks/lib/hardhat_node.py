"""A hardhat node as a child process, from the npm package pinned in benchmarks/hardhat."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

FOLDER = Path(__file__).resolve().parents[1] / "hardhat"
START_LIMIT_S = 60.0
INSTALL_LIMIT_S = 240.0


def installed() -> bool:
    """Whether Node and the pinned hardhat are here."""
    return shutil.which("node") is not None and (FOLDER / "node_modules" / ".bin" / "hardhat").exists()


def install() -> bool:
    """`npm ci` in benchmarks/hardhat, if Node is here. False where it can't be had."""
    if installed():
        return True
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        return False
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    try:
        done = subprocess.run(command, cwd=FOLDER, timeout=INSTALL_LIMIT_S, stdin=subprocess.DEVNULL, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0 and installed()


def ask(url: str, method: str, *params: object) -> Any:
    """One JSON-RPC call. Raises RuntimeError with the node's words."""
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
    answer = httpx.post(url, json=body, timeout=10, trust_env=False).raise_for_status().json()
    if "error" in answer:
        raise RuntimeError(f"{method}: {answer['error']}")
    return answer["result"]


def fund(url: str, address: str, ether: int = 1000) -> None:
    """Money for gas, from the node's first own account, as a transaction."""
    giver = ask(url, "eth_accounts")[0]
    ask(url, "eth_sendTransaction", {"from": giver, "to": address, "value": hex(ether * 10**18)})


@contextmanager
def running() -> Iterator[str]:
    """The URL of a fresh node, for as long as the block lasts. Raises RuntimeError if it doesn't come up."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [str(FOLDER / "node_modules" / ".bin" / "hardhat"), "node", "--hostname", "127.0.0.1", "--port", str(port)],
        cwd=FOLDER,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "HARDHAT_DISABLE_TELEMETRY_PROMPT": "true", "CI": "true"},
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _await(url, process)
        yield url
    finally:
        # npm's wrapper is the parent of the node: the session that was started here ends as a whole
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(10)


def _await(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_LIMIT_S
    while time.monotonic() < end:
        with suppress(httpx.HTTPError):
            ask(url, "eth_chainId")
            return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise RuntimeError("hardhat did not come up")
