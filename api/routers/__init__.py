"""One router per noun, thin: form → service → form."""

from __future__ import annotations

import importlib

from fastapi import APIRouter

NOUNS = (
    "home",
    "system",
    "auth",
    "participants",
    "persons",
    "proposals",
    "pauses",
    "acts",
    "orders",
    "receivables",
    "goods",
    "warehouse",
    "pledges",
    "substitutions",
    "limits",
    "mandates",
    "funding",
    "debtor_lines",
    "applications",
    "loans",
    "audit",
    "periods",
    "policies",
    "products",
    "webhooks",
    "parked",
    "bank",
    "sandbox",
)


def all_routers() -> list[APIRouter]:
    """Every noun's router, in the order in which the document shows them."""
    return [importlib.import_module(f"api.routers.{noun}").router for noun in NOUNS]
