"""The grade of who is expected to pay, as a decision record tells it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chainfin.values.product import Product


def payer_grade(content: Mapping[str, Any]) -> str:
    """The credit grade (A–D) of the debtor of a receivable, else of the borrower: the one that the lender assigned,
    or the scorecard's band. ``content``: `DecisionRecord.as_dict`."""
    payer = "debtor" if content["product"] == Product.RECEIVABLE_PLEDGE else "borrower"
    assigned = content["inputs"][payer]["assigned_grade"]
    return str(assigned or content["scores"][f"credit_{payer}"]["band"])
