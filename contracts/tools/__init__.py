"""Helpers of contracts/compile.py."""
