"""What generated calls are filled with, so that they come past the first look: ids and values that mean something."""

from __future__ import annotations

import copy
from typing import Any

from chainfin import samples
from tests.api.world import World


def ids_in(world: World, path: str) -> dict[str, str]:
    """For each parameter of the path the id of a thing that exists."""
    known = {
        "order_id": world.ids["order"],
        "receivable_id": world.ids["receivable"],
        "receipt_id": world.ids["receipt"],
        "application_id": world.ids["application"],
        "offer_id": world.ids["offer"],
        "loan_id": world.ids["loan"],
        "pledge_id": world.ids["pledge"],
        "act_id": world.ids["act"],
        "participant_id": world.supplier.id,
        "policy_id": "receivable-v2",
        "document_id": "receivable-pledge-v1",
        "code": "copper-cathode",
        "price_id": "1",
        "debtor_id": world.core.id,
        "buyer_id": world.stranger.id,
        "sale_id": world.ids["pledge"],
        "promise_id": world.ids["pledge"],
        "substitution_id": world.ids["pledge"],
        "person_id": f"per_{world.supplier.id}",
        "proposal_id": world.ids["proposal"],
        "parked_id": world.ids["pledge"],
        "mandate_id": world.ids["pledge"],
        "webhook_id": world.ids["pledge"],
        "file_id": world.ids["pledge"],
        "period": "2026-01",
        "day": "2026-03-03",
        "number": "loan-unknown",
    }
    return {name: value for name, value in known.items() if f"{{{name}}}" in path}


def signed_in(document: Any) -> Any:
    """Without its security: else schemathesis makes up tokens, and all it ever sees is 401."""
    known = copy.deepcopy(document)
    known["components"].pop("securitySchemes")
    for operations in known["paths"].values():
        for operation in operations.values():
            operation.pop("security", None)
    return known


def plausible(world: World, body: Any) -> Any:
    """Generated input with some members that mean something, so that it gets past the first look."""
    means = {
        "currency": "CNY",
        "amount": "12.50",
        "quantity": "1.5",
        "unit": "TNE",
        "owner_id": world.stranger.id,
        "lender_id": world.lender.id,
        "key": world.core.id,
        "order_id": world.ids["order"],
        "asset_id": world.ids["receivable"],
        "receivable_id": world.ids["receivable"],
        "sold_pledge_id": world.ids["pledge"],
        "debtor_id": world.core.id,
        "document": world.documents["invoice"],
        "legal_value": samples.SHOP.uscc,
        "goods": {"commodity": "nickel-cathode", "insured": "true"},
        "lot": {"site": "Yard 3", "number": "L-1", "seal": "S-1"},
    }
    if not isinstance(body, dict):
        return body
    filled = {}
    for name, value in body.items():
        keep = value is None or isinstance(value, dict) != isinstance(means.get(name), dict)
        filled[name] = plausible(world, value) if keep or name not in means else means[name]
    return filled
