"""For all tests: nothing leaves this machine."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from typing import Any

import pytest


def _stays_here(address: object) -> bool:
    """Whether a socket address is a file's, or the loopback's."""
    if not isinstance(address, tuple):
        return True
    try:
        return ipaddress.ip_address(str(address[0])).is_loopback
    except ValueError:
        return address[0] == "localhost"


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """A test that asks a machine elsewhere fails, wherever it runs."""
    plain = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        if not _stays_here(address):
            raise AssertionError(f"a test wants to talk to {address}")
        plain(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect)
        yield
