"""A state is a member of its enum: no status is compared with, or set to, a string that no type checker knows.

Every comparison, search, assignment and keyword with a column of a state and a string is found in the source and must
be allowed below with its reason; and each column of a state in the tables names its enum here.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from enum import StrEnum

import pytest
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from chainfin.rules import (
    act,
    application,
    approval,
    bank_order,
    facility,
    inventory,
    mandate,
    margin,
    offer,
    order_value,
    parked_item,
    payment,
    pledge,
    realisation,
    receivable_value,
    substitution,
    webhook,
)
from chainfin.rules.loan.state import LoanState
from chainfin.storage.tables import metadata
from chainfin.values.before_chain import BeforeChain
from chainfin.values.command_state import CommandState
from chainfin.values.party import PartyState, PersonState
from chainfin.values.transaction_state import TransactionState
from tests.architecture.reach import ROOT

PLACES = ("chainfin", "api")
NAMES = ("status", "state", "standing")
"""What a column, and a variable with what it holds, is called."""

ALLOWED = {
    ("chainfin/client/flows.py", "operations.acts_list_acts(status='awaiting_signature')"): "a Literal of the API",
    ("chainfin/connectors/payment_rail.py", "standing.value.status == 'not_found'"): "a Literal of the rail's answer",
    ("chainfin/connectors/payment_rail.py", "match standing.status:"): "a Literal of the rail's answer",
    ("chainfin/connectors/registry.py", "entry.status != 'registered'"): "a Literal of the registry's answer",
    ("chainfin/connectors/registry.py", "entry.status != 'cancelled'"): "a Literal of the registry's answer",
    ("chainfin/storage/pledge_tables.py", "self.status in ('enforced', 'failed')"): "tables know nothing of rules",
    ("api/routers/system.py", "status: Literal['alive'] = 'alive'"): "a Literal of the API",
    ("api/routers/system.py", "status: Literal['ready'] = 'ready'"): "a Literal of the API",
}
"""(file, expression) → why its string is one that the type checker knows, or can't be anything else."""
ELSEWHERE = ("chainfin/connectors/sandbox/", "chainfin/documents/")
"""The sandbox plays partners, with words of theirs; documents have no states."""

COLUMNS: Mapping[str, tuple[type[StrEnum], ...]] = {
    "act.status": (act.ActState,),
    "application.status": (application.State,),
    "bank_entry.status": (bank_order.EntryState,),
    "bank_payment.standing": (bank_order.Standing,),
    "chain_tx.status": (TransactionState,),
    "funding_hold.state": (facility.HoldState,),
    "incoming_payment.status": (payment.State,),
    "limit_hold.state": (facility.HoldState,),
    "loan.status": (LoanState,),
    "mandate.status": (mandate.MandateState,),
    "margin_call.status": (margin.State,),
    "offer.status": (offer.OfferState,),
    "order_state.state": (order_value.State,),
    "outbox.status": (CommandState,),
    "parked_item.status": (parked_item.ParkedState,),
    "party.status": (PartyState,),
    "person.status": (PersonState,),
    "pledge.status": (pledge.State,),
    "proposal.status": (approval.ProposalState,),
    "purchase_order.status": (order_value.State, BeforeChain),
    "receivable.status": (receivable_value.State, BeforeChain),
    "substitution.status": (substitution.SubstitutionState,),
    "taken_sale.status": (realisation.SaleState,),
    "warehouse_receipt.status": (inventory.State, BeforeChain),
    "webhook_endpoint.status": (webhook.WebhookState,),
}


_FIRST = re.compile(r"(status|state): str = ")
"""A column's first state."""


def bare(source: str) -> Iterator[str]:
    """Every place at which a state meets a string, written as Python's own printer writes it."""
    for node in ast.walk(ast.parse(source)):
        if _meets(node):
            yield ast.unparse(node).split("\n")[0]


def _meets(node: ast.AST) -> bool:
    match node:
        case ast.Compare(left=left, comparators=others):
            sides = [left, *others]
            return any(map(_is_state, sides)) and any(map(_is_text, sides))
        case ast.Call(func=func, args=args, keywords=keywords):
            searched = isinstance(func, ast.Attribute) and func.attr in ("in_", "not_in") and _is_state(func.value)
            named = any(each.arg in NAMES and _is_text(each.value) for each in keywords)
            return named or (searched and any(map(_is_text, args)))
        case ast.Assign(targets=targets, value=value):
            return any(_sets(target, value) for target in targets)
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            return _sets(target, value)
        case ast.Match(subject=subject, cases=cases):
            tried = [case.pattern.value for case in cases if isinstance(case.pattern, ast.MatchValue)]
            return _is_state(subject) and any(map(_is_text, tried))
    return False


def _sets(target: ast.expr, value: ast.expr) -> bool:
    if isinstance(target, ast.Tuple) and isinstance(value, ast.IfExp):
        return _sets(target, value.body) or _sets(target, value.orelse)
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        return any(map(_sets, target.elts, value.elts))
    return _is_state(target) and _is_text(value)


def _is_state(node: ast.expr) -> bool:
    if isinstance(node, ast.Call) and ast.unparse(node.func) in ("col", "str") and node.args:
        return _is_state(node.args[0])
    return isinstance(node, ast.Attribute | ast.Name) and ast.unparse(node).rpartition(".")[2] in NAMES


def _is_text(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=value):
            return isinstance(value, str)
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
            return any(map(_is_text, parts))
        case ast.IfExp(body=one, orelse=other):
            return _is_text(one) or _is_text(other)
    return False


@pytest.mark.parametrize(
    "source",
    [
        "row.status == 'open'",
        "select(X).where(X.status != 'open')",
        "row.status in ('open', State.DONE)",
        "col(X.status).in_(('open', 'done'))",
        "col(X.standing).not_in(['paid'])",
        "row.status = 'open'",
        "row.status, row.by = 'open', who",
        "row.status, row.why = ('on', None) if on else ('off', why)",
        "row.status = 'a' if done else 'b'",
        "Row(id=1, status='open')",
        "if parked == 1 or status == 'open': pass",
        "match row.state:\n    case 'open':\n        pass",
    ],
)
def test_bare__a_state_and_a_string__seen(source: str) -> None:
    assert list(bare(source))


@pytest.mark.parametrize(
    "source",
    [
        "row.status == State.OPEN",
        "X.status == State.OPEN.value",
        "col(X.status).in_(OPEN)",
        "row.status = transition(State(row.status), Event.END).value",
        "row.kind == 'bank_line'",
        "row.status is None",
        "row.status, row.by = State.OPEN.value, 'system'",
    ],
)
def test_bare__a_state_and_its_enum__not_seen(source: str) -> None:
    assert list(bare(source)) == []


def test_states__in_the_product__are_members_of_their_enums() -> None:
    found = {
        (path.relative_to(ROOT).as_posix(), text)
        for place in PLACES
        for path in (ROOT / place).rglob("*.py")
        if not path.relative_to(ROOT).as_posix().startswith(ELSEWHERE)
        for text in bare(path.read_text(encoding="utf-8"))
        if not (path.name.endswith("_tables.py") and _FIRST.match(text))  # held by the columns' own test
    }
    assert found == set(ALLOWED)


def test_columns__of_states__have_their_enums_and_begin_in_one_of_them() -> None:
    columns = {
        f"{table.name}.{name}": table.columns[name]
        for table in metadata().tables.values()
        for name in NAMES
        if name in table.columns
    }
    assert set(columns) == set(COLUMNS)
    first = {
        name: each.default.arg for name, each in columns.items() if isinstance(each.default, ScalarElementColumnDefault)
    }
    wrong = {name: value for name, value in first.items() if value not in {str(m) for e in COLUMNS[name] for m in e}}
    assert wrong == {}
