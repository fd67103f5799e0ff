"""Blockchain-backed supply-chain finance."""

import os

# eth-hash would take its slowest backend where several are installed; the choice is made before its first use
os.environ.setdefault("ETH_HASH_BACKEND", "pysha3")
