"""Checks on decision tables before they are let near a decision.

zen takes a cell that it can't read, or a name that it doesn't know, for "doesn't match" and goes on: in a table of
refusals that would let a loan through. So every cell is compiled and every name looked up when a policy is loaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import zen

from chainfin.errors import BadInput

_WORDS = frozenset({"true", "false", "null", "and", "or", "not", "in"})
_STRING = re.compile(r'"[^"]*"|\'[^\']*\'')
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")


def build_engine(key: str, tables: Mapping[str, Any], facts: frozenset[str]) -> zen.ZenEngine:
    """An engine that holds the one graph ``tables`` under ``key``.

    Raises BadInput policy_invalid when the graph, a cell or a name in it can't be read; ``where`` names the place.
    """
    try:
        engine = zen.ZenEngine({"loader": {"type": "static", "content": {key: dict(tables)}}})
        engine.get_decision(key).validate()
    except Exception as error:  # zen raises nothing narrower
        raise BadInput("policy_invalid", f"the decision tables can't be read: {str(error)[:200]}", where=key) from None
    for where, cell, unary in _cells(tables):
        try:
            zen.compile_unary_expression(cell) if unary else zen.compile_expression(cell)
        except Exception:  # zen raises nothing narrower; its validate_* functions refuse "< 7"
            raise BadInput("policy_invalid", f"{cell!r} is not an expression", where=f"{key}{where}") from None
        names = set(_NAME.findall(_STRING.sub(" ", cell))) - _WORDS
        if unknown := sorted(names - facts):
            raise BadInput("policy_invalid", f"{cell!r} speaks of {unknown[0]}, no fact", where=f"{key}{where}")
    return engine


def _cells(tables: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """(place, expression, whether it is a condition on its column) of every column and cell that isn't empty."""
    for node in tables["nodes"]:
        if node["type"] in {"inputNode", "outputNode"}:
            continue
        if node["type"] != "decisionTableNode":
            raise BadInput("policy_invalid", f"a policy is made of decision tables, not of a {node['type']}")
        content = node["content"]
        for column in content["inputs"]:
            yield f"/{node['id']}/{column['name']}", column["field"], False
        for rule in content["rules"]:
            for columns, unary in ((content["inputs"], True), (content["outputs"], False)):
                for column in columns:
                    cell = rule.get(column["id"])
                    if not isinstance(cell, str) or (not unary and not cell):
                        raise BadInput("policy_invalid", f"rule {rule.get('_id')} of {node['id']} lacks a cell")
                    if cell:
                        yield f"/{node['id']}/{rule['_id']}/{column['name']}", cell, unary
