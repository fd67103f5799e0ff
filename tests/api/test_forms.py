"""Forms: documents keep the encoding that they declare; free JSON and texts are bounded."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from api.schemas.common import FreeJson, Line, quantity
from chainfin.documents import encoded
from chainfin.errors import BadInput


@pytest.mark.parametrize("name", ["UTF-8", "ISO-8859-1", "gb18030", "UTF-16"])
def test_document__that_declares_an_encoding__gets_its_bytes_back(name: str) -> None:
    text = f'<?xml version="1.0" encoding="{name}"?><a>Grüße</a>'
    assert encoded(text).decode(name) == text


@pytest.mark.parametrize(
    "text",
    ['<?xml version="1.0" encoding="ISO-8859-1"?><a>发票</a>', '<?xml version="1.0" encoding="zip"?><a/>', "<a>ü</a>"],
)
def test_document__whose_declaration_can_not_be__is_utf8(text: str) -> None:
    assert encoded(text) == text.encode()


class _Free(BaseModel):
    value: FreeJson


class _Line(BaseModel):
    value: Line


def _nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    "value", [{"a": "x" * 70_000}, {"a": "\x00"}, {"a": "\ud800"}, {"a": 2**70}, _nested(300)], ids=range(5)
)
def test_free_json__too_large_or_not_to_be_kept__refused(value: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        _Free.model_validate({"value": value})


@pytest.mark.parametrize("value", ["", "   ", "a\nb", "a\x00", "x" * 201, "\ud800"])
def test_line__empty_broken_or_long__refused(value: str) -> None:
    with pytest.raises(ValidationError):
        _Line.model_validate({"value": value})


@pytest.mark.parametrize("text", ["", "x", "1e3", "NaN", "١", "1.", ".5", "1" * 30])
def test_quantity__that_is_no_plain_decimal__refused(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        quantity(text, "/quantity")
    assert caught.value.code == "quantity_malformed"
