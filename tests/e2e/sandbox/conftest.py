"""A sandbox with faults, the adapters connected to it, and the world outside."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chainfin.connectors.partners import Partners, connect_sandbox
from chainfin.connectors.sandbox import Sandbox, World, start_sandbox

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    running = start_sandbox(tmp_path, now=lambda: NOW, faults=True)
    yield running
    running.stop()


@pytest.fixture
def partners(sandbox: Sandbox) -> Iterator[Partners]:
    connected = connect_sandbox(sandbox)
    yield connected
    connected.close()


@pytest.fixture
def world(sandbox: Sandbox) -> Iterator[World]:
    outside = World(sandbox)
    yield outside
    outside.close()
