"""Start and stop a sandbox inside this process, on the loopback address only."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chainfin.connectors.sandbox.app import create_app
from chainfin.connectors.sandbox.context import Context
from chainfin.connectors.sandbox.faults import FaultRules
from chainfin.connectors.sandbox.store import SandboxStore
from chainfin.errors import Unavailable

START_LIMIT_S = 20.0


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Sandbox:
    """A running sandbox. ``public_key`` (hex) is to be trusted for all three partners."""

    url: str
    public_key: str
    faults: FaultRules
    _server: uvicorn.Server = field(repr=False)
    _thread: threading.Thread = field(repr=False)
    _store: SandboxStore = field(repr=False)

    @property
    def rail_url(self) -> str:
        return f"{self.url}/rail"

    @property
    def registry_url(self) -> str:
        return f"{self.url}/registry"

    @property
    def partner_url(self) -> str:
        return f"{self.url}/data"

    def payments(self) -> list[str]:
        """The instruction ids that have been paid, in the order they were (for tests and the demo's summary)."""
        sql = "SELECT instruction_id FROM payment WHERE status = 'done' ORDER BY rowid"
        return self._store.read(lambda db: [str(row["instruction_id"]) for row in db.execute(sql)])

    def wait(self) -> None:
        """Until it is stopped from elsewhere."""
        self._thread.join()

    def stop(self) -> None:
        """Answer what is being asked, close the port and the file. A second time does nothing."""
        if self._thread.is_alive():
            self._server.should_exit = True
            self._thread.join()
            self._store.close()


def start_sandbox(
    home: Path, port: int = 0, *, now: Callable[[], datetime] = _utc_now, faults: bool = False
) -> Sandbox:
    """Start on 127.0.0.1 (``port`` 0: any free one); state and key in ``home``/sandbox, which outlives it.

    ``now`` is the business clock that dates its answers. With ``faults`` it misbehaves on demand (see `faults`).
    Raises Unavailable sandbox_port_taken, sandbox_not_started.
    """
    folder = home / "sandbox"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    # The protocol is named because asyncio sets TCP_NODELAY only where it is: without, every answer waits 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise Unavailable("sandbox_port_taken", f"port {port} of 127.0.0.1 can't be had: {error.strerror}") from error
    key = _key(folder / "key")
    store = SandboxStore(folder / "sandbox.db")
    rules = FaultRules()
    app = create_app(Context(store, key, now), rules if faults else None)
    config = uvicorn.Config(app, log_level="critical", access_log=False, lifespan="off", timeout_keep_alive=30)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), name="sandbox", daemon=True)
    thread.start()
    _await_start(server, thread)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    return Sandbox(url, key.public_key().public_bytes_raw().hex(), rules, server, thread, store)


def _await_start(server: uvicorn.Server, thread: threading.Thread) -> None:
    pause = threading.Event()
    for _ in range(int(START_LIMIT_S / 0.005)):
        if server.started:
            return
        if not thread.is_alive():
            break
        pause.wait(0.005)
    server.should_exit = True
    raise Unavailable("sandbox_not_started", "the sandbox's server did not come up")


def _key(path: Path) -> Ed25519PrivateKey:
    """The key of this home, made on first use; written whole before it bears its name."""
    if not path.exists():
        fresh = path.with_suffix(f".{os.getpid()}")
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(Ed25519PrivateKey.generate().private_bytes_raw())
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    return Ed25519PrivateKey.from_private_bytes(path.read_bytes())
