"""All tables, for the migrations and for whoever needs the whole metadata."""

from __future__ import annotations

import importlib

from sqlalchemy import MetaData
from sqlmodel import SQLModel

MODULES = (
    "approval_tables",
    "bank_tables",
    "chain_tables",
    "funding_tables",
    "goods_tables",
    "ledger_tables",
    "lending_tables",
    "oversight_tables",
    "party_tables",
    "pledge_tables",
    "price_tables",
    "trade_tables",
    "webhook_tables",
)


def metadata() -> MetaData:
    """The metadata with every table of `MODULES` in it."""
    for name in MODULES:
        importlib.import_module(f"chainfin.storage.{name}")
    return SQLModel.metadata
