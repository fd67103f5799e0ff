"""Credit policies: versioned decision tables, as they decide."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.auth import Acting
from api.paging import Page, Paged, page
from api.route import Route
from api.schemas.common import Id
from chainfin.risk.policy import load_policy, policy_document, policy_ids
from chainfin.values.product import Product

router = APIRouter(prefix="/v1/policies", tags=["policies"], route_class=Route)


class PolicyOut(BaseModel):
    id: str
    product: Product
    version: str
    hash: str = Field(description="SHA-256 of its canonical JSON; decision records name it")


class PolicyDetail(PolicyOut):
    document: dict[str, Any]


@router.get("")
def list_policies(_actor: Acting, window: Paged) -> Page[PolicyOut]:
    """The policies that decide on applications."""

    def fetch(after: str, limit: int) -> list[str]:
        return [each for each in policy_ids() if each > after][:limit]

    return page(window, fetch, _out, lambda policy_id: policy_id)


@router.get("/{policy_id}")
def get_policy(_actor: Acting, policy_id: Id) -> PolicyDetail:
    """One policy with its decision tables, whole."""
    document = policy_document(policy_id)
    return PolicyDetail(**_out(policy_id).model_dump(), document=document)


def _out(policy_id: str) -> PolicyOut:
    policy = load_policy(policy_id)
    return PolicyOut(id=policy.id, product=policy.product, version=policy.version, hash=policy.hash)
