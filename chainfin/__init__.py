"""Blockchain-backed supply-chain finance."""
