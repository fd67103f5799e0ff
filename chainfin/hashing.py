"""Keccak-256 by the fastest backend, named outright: eth-hash would choose among what happens to be installed."""

from __future__ import annotations

from eth_hash.backends.pysha3 import backend
from eth_hash.main import Keccak256

keccak = Keccak256(backend)
