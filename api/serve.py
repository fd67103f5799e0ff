"""The HTTP server around an installation: for `chainfin serve` in the foreground, for demo and tests in a thread."""

from __future__ import annotations

import gc
import ipaddress
import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from api.app import create_app
from chainfin.chain.prover import ChainProver
from chainfin.chain.views import ContractViews
from chainfin.connectors.registry_view import RegistryLookup
from chainfin.errors import Unavailable
from chainfin.runtime.installation import Installation
from chainfin.services.parties.signin import NewClient, SignIn

START_LIMIT_S = 20.0
GRACE_S = 5
"""Seconds that open answers (event streams have no end of their own) are given when the server stops."""


def listen(host: str = "127.0.0.1", port: int = 0) -> socket.socket:
    """The address, taken before anything else is begun: whoever can't have it has then changed nothing.

    Raises Unavailable port_taken, with what to do.
    """
    # TCP_NODELAY is only set by asyncio where the protocol is named; without it every answer waits 40 ms.
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
    except OSError as error:
        made.close()
        why = f"{host}:{port} can't be had ({error.strerror}): stop what runs there, or name another with --port"
        raise Unavailable("port_taken", why, where=f"{host}:{port}") from error
    return made


def _sign_in(installation: Installation, host: str, port: int) -> SignIn:
    """By the domain that is set; without one people come to this address, so that is what they sign."""
    if installation.settings.domain:
        return SignIn(installation.ctx, domain=installation.settings.domain)
    # who listens everywhere is reached by many names, on this machine by this one
    here = "127.0.0.1" if ipaddress.ip_address(host).is_unspecified else host
    return SignIn(installation.ctx, address=f"{here}:{port}")


class Server:
    """One running HTTP server on the loopback address or where the settings say. ``url`` once started."""

    def __init__(self, installation: Installation, listening: socket.socket | None = None) -> None:
        """``listening``: made by `listen`; without one a free port of the loopback address."""
        self.installation = installation
        self._socket = listen() if listening is None else listening
        self.url = "http://{}:{}".format(*self._socket.getsockname())
        self.signin = _sign_in(installation, *self._socket.getsockname())
        prover = ChainProver(installation.node, installation.deployment)
        app = create_app(
            installation.ctx,
            signin=self.signin,
            ready=installation.ready(),
            prover=prover,
            chain_view=ContractViews(installation.node, installation.ctx.contracts),
            registry_view=RegistryLookup(installation.partners.registry),
            loops=list(installation.loops.values()),
            retries=installation.retries(),
            metrics=installation.metrics,
            metrics_token=installation.settings.metrics_token,
            tracing=installation.tracing,
            played=installation.played,
        )
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, timeout_keep_alive=30, timeout_graceful_shutdown=GRACE_S
        )
        self._server = uvicorn.Server(config)
        self._thread: threading.Thread | None = None

    def run(self) -> None:
        """Serve until interrupted."""
        with _memory_at_rest():
            self._server.run([self._socket])

    def start(self) -> Server:
        """Serve in a thread. Raises Unavailable server_not_started."""
        self._thread = threading.Thread(target=self.run, name="http", daemon=True)
        self._thread.start()
        pause = threading.Event()
        for _ in range(int(START_LIMIT_S / 0.01)):
            if self._server.started:
                return self
            pause.wait(0.01)
        raise Unavailable("server_not_started", "the HTTP server did not come up")

    def stop(self) -> None:
        if self._thread is not None:
            self._server.should_exit = True
            self._thread.join(10)
            self._thread = None
        self._socket.close()


@contextmanager
def _memory_at_rest() -> Iterator[None]:
    """What stands when the service begins (some 300,000 objects of libraries, tables and contracts) is left out of the
    collector's rounds: a full one held up every thread for 0.1–0.25 s, now and then."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def operator_credentials(home: Path, signin: SignIn) -> Path:
    """The operator's client credentials in ``home``/operator.json (mode 0600), made on first use."""
    path = home / "operator.json"
    if not path.exists():
        write_credentials(path, signin.bootstrap_client())
    return path


def write_credentials(path: Path, made: NewClient) -> None:
    """Client credentials as a file that its owner alone reads."""
    body = json.dumps({"client_id": made.client.client_id, "client_secret": made.secret}, indent=1)
    draft = path.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(body + "\n")
    draft.replace(path)
