"""What services hand out are values: frozen, without a table behind them, and without what nobody may see."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
from typing import Any, get_type_hints

import pytest
from sqlmodel import SQLModel

from chainfin.services import views

SECRET = {
    "secret", "sealed", "secret_hash", "commitment_salt", "consent", "record", "evidence", "auths", "params", "extra",
    "canonical", "source_sha256", "digest", "nonce", "cell",
}  # fmt: skip
"""Columns that no view has: keys and sealed texts, what an applicant consented to, the inside of acts and documents."""


def found() -> list[type[Any]]:
    modules = [
        importlib.import_module(f"{views.__name__}.{each.name}") for each in pkgutil.iter_modules(views.__path__)
    ]
    own = {
        member
        for module in modules
        for _, member in inspect.getmembers(module, dataclasses.is_dataclass)
        if isinstance(member, type) and member.__module__ == module.__name__
    }
    return sorted(own, key=lambda view: view.__name__)


@pytest.mark.parametrize("view", found(), ids=lambda view: view.__name__)
def test_view__each__is_a_frozen_value_without_secrets(view: type[Any]) -> None:
    assert view.__dataclass_params__.frozen
    assert "__slots__" in vars(view)
    assert {each.name for each in dataclasses.fields(view)} & SECRET == set()
    shown = [hint for hint in get_type_hints(view).values() if inspect.isclass(hint)]
    assert [hint for hint in shown if issubclass(hint, SQLModel)] == []


def test_views__of_the_room__are_there() -> None:
    assert {"ActView", "LoanView", "PartyView", "PledgeView"} <= {view.__name__ for view in found()}
