"""Bodies from words, and words from answers."""

from __future__ import annotations

from typing import Any

import pytest

from chainfin.cli import fields
from chainfin.errors import BadInput


@pytest.mark.parametrize(
    ("words", "body"),
    [
        (["a=b"], {"a": "b"}),
        (["a=", "b=c=d"], {"a": "", "b": "c=d"}),
        (["amount.amount=1.00", "amount.currency=CNY"], {"amount": {"amount": "1.00", "currency": "CNY"}}),
        (["days:=90", 'roles:=["core"]', "no:=null"], {"days": 90, "roles": ["core"], "no": None}),
        (["url=http://x/?a:=b"], {"url": "http://x/?a:=b"}),
    ],
)
def test_put__fields__make_the_body(words: list[str], body: dict[str, Any]) -> None:
    assert fields.put({"kept": 1}, words) == {"kept": 1, **body}


@pytest.mark.parametrize("word", ["", "a", "=b", "a.=b", ".a=b", "days:=soon", ":=1", "kept.in=b"])
def test_put__anything_else__refused(word: str) -> None:
    with pytest.raises(BadInput) as refused:
        fields.put({"kept": 1}, [word])
    assert refused.value.code == "field_malformed"


def test_pick__of_objects_and_lists__the_member() -> None:
    answer = {"items": [{"id": "x", "open": True}], "text": "ja", "none": None}
    found = [fields.shown(fields.pick(answer, path)) for path in ("items.0.id", "items.0.open", "text", "none")]
    assert found == ["x", "true", "ja", "null"]


@pytest.mark.parametrize("path", ["items.1", "items.a", "items.0.name", "text.0", "", "missing"])
def test_pick__what_is_not_there__refused(path: str) -> None:
    with pytest.raises(BadInput) as refused:
        fields.pick({"items": [{"id": "x"}], "text": "ja"}, path)
    assert refused.value.code == "answer_without_field"
