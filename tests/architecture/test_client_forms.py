"""The typed half of the client says what the API says."""

from __future__ import annotations

import pytest

from chainfin.client import asked
from chainfin.client.routes import ROUTES
from chainfin.eth.bindings.base import Signed
from chainfin.eth.bindings.registry import ACTS
from tests.architecture import client_forms


def test_client__written_from_the_document__is_what_it_says_now() -> None:
    for file, code in client_forms.written().items():
        assert file.read_text(encoding="utf-8") == code, f"{file.name}: python -m tests.architecture.client_forms"


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"$ref": "#/components/schemas/OrderOut"}, "OrderOut"),
        ({"$ref": "#/components/schemas/Page_OrderOut_"}, "Page[OrderOut]"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "str | None"),
        ({"type": "string", "enum": ["a", "b"]}, 'Literal["a", "b"]'),
        ({"const": "Bearer", "type": "string"}, 'Literal["Bearer"]'),
        ({"type": "array", "items": {"type": "integer"}}, "list[int]"),
        ({"type": "object", "additionalProperties": {"type": "string"}}, "dict[str, str]"),
        ({"type": "object", "additionalProperties": True}, "dict[str, Any]"),
        ({}, "Any"),
    ],
)
def test_kind__of_a_schema__is_its_type(schema: dict[str, object], kind: str) -> None:
    assert client_forms.kind(schema) == kind


def test_policy__what_is_known_to_be_signed__are_operations_and_acts_that_exist() -> None:
    posts = {template for method, template, _ in ROUTES if method == "POST"}
    assert asked.KNOWN.keys() <= posts
    words: list[type[Signed]] = [*ACTS.values(), *asked.words().values()]
    signed = {(each.CONTRACT, each.PRIMARY_TYPE) for each in words}
    known = {
        (contract, name)
        for contract, names, _ in asked.KNOWN.values()
        for name in ((names,) if isinstance(names, str) else names)
    }
    assert known <= signed
