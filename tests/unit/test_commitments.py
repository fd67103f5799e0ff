"""Commitments to documents: a field disclosed alone is checked, and anything else about it is refused."""

from dataclasses import replace
from datetime import date

import pytest

from chainfin import samples
from chainfin.documents import Document, read
from chainfin.documents.commitment import Disclosure, commit, commit_fields, disclose, verify
from chainfin.documents.model import Json
from chainfin.documents.show import commitment_summary
from chainfin.errors import BadInput, NotFound, Refused

SECRET = bytes(range(32))


def invoice() -> Document:
    return read(samples.trade(date(2026, 11, 21), "INV-1")["invoice"], source="i.xml")


COMMITMENT = commit(invoice(), SECRET)
PAYABLE = disclose(COMMITMENT, "/totals/payable")


def refused(root: bytes, disclosure: Disclosure) -> None:
    with pytest.raises(Refused) as caught:
        verify(root, disclosure)
    assert caught.value.code == "disclosure_invalid"


def test_disclose__every_field__verifies() -> None:
    for leaf in COMMITMENT.leaves:
        verify(COMMITMENT.root, disclose(COMMITMENT, leaf.path))
    assert PAYABLE.value == "999767.50"


def test_disclosure__json_round_trip__verifies() -> None:
    verify(COMMITMENT.root, Disclosure.from_json(PAYABLE.to_json()))


@pytest.mark.parametrize(
    "changed",
    [
        replace(PAYABLE, value="999767.51"),
        replace(PAYABLE, value=True),
        replace(PAYABLE, path="/totals/line_total"),
        replace(PAYABLE, salt=bytes(32)),
        replace(PAYABLE, salt=PAYABLE.salt[:31]),
        replace(PAYABLE, index=PAYABLE.index + 1),
        replace(PAYABLE, index=-1),
        replace(PAYABLE, index=10**6),
        replace(PAYABLE, count=PAYABLE.count + 1),
        replace(PAYABLE, count=0),
        replace(PAYABLE, proof=PAYABLE.proof[:-1]),
        replace(PAYABLE, proof=(*PAYABLE.proof, bytes(32))),
        replace(PAYABLE, proof=(bytes(32), *PAYABLE.proof[1:])),
        replace(PAYABLE, proof=(b"", *PAYABLE.proof[1:])),
    ],
)
def test_verify__one_part_changed__disclosure_invalid(changed: Disclosure) -> None:
    refused(COMMITMENT.root, changed)


def test_verify__another_root__disclosure_invalid() -> None:
    refused(commit(invoice(), bytes(32)).root, PAYABLE)


def test_verify__inner_node_passed_off_as_a_leaf__disclosure_invalid() -> None:
    shorter = replace(PAYABLE, proof=PAYABLE.proof[1:], index=PAYABLE.index // 2, count=(PAYABLE.count + 1) // 2)
    refused(COMMITMENT.root, shorter)


@pytest.mark.parametrize(
    "body",
    [{}, {"path": "/id"}, {**PAYABLE.to_json(), "index": "1"}, {**PAYABLE.to_json(), "salt": "0xzz"},
     {**PAYABLE.to_json(), "proof": None}, {**PAYABLE.to_json(), "value": 1.5}, {**PAYABLE.to_json(), "index": True}],
)  # fmt: skip
def test_disclosure__another_form__disclosure_invalid(body: dict[str, object]) -> None:
    with pytest.raises(Refused) as caught:
        Disclosure.from_json(body)
    assert caught.value.code == "disclosure_invalid"


def test_disclose__no_such_field__field_unknown() -> None:
    with pytest.raises(NotFound) as caught:
        disclose(COMMITMENT, "/totals/nothing")
    assert caught.value.code == "field_unknown"


@pytest.mark.parametrize("secret", [b"", bytes(31), bytes(33)])
def test_commit__secret_of_another_length__document_secret_invalid(secret: bytes) -> None:
    with pytest.raises(BadInput) as caught:
        commit(invoice(), secret)
    assert caught.value.code == "document_secret_invalid"


def test_commit__same_document_and_secret__same_root_that_never_changes() -> None:
    # Roots stand on a chain: a change of this value breaks every commitment made before.
    body: dict[str, Json] = {"id": "1", "lines": [{"id": "a/b"}, {"id": "~"}], "none": [], "accepted": True}
    assert commit_fields(body, SECRET).root.hex() == "66f546380f8aed144c79d580b974b109b3345f9c4936ee071cedf9d4d7069606"


def test_commit__other_secret__no_hash_in_common() -> None:
    other = commit(invoice(), bytes(32))
    ours = {leaf.salt for leaf in COMMITMENT.leaves}
    assert len(ours) == len(COMMITMENT.leaves)
    assert ours.isdisjoint(leaf.salt for leaf in other.leaves)
    assert set(PAYABLE.proof).isdisjoint(disclose(other, "/totals/payable").proof)


def test_commitment_summary__sample__shows_no_value() -> None:
    shown = commitment_summary(COMMITMENT)
    assert shown["leaf_count"] == len(COMMITMENT.leaves)
    assert "999767.50" not in str(shown)


def test_commit__field_named_by_digits__document_field_invalid() -> None:
    with pytest.raises(BadInput) as caught:
        commit_fields({"lines": {"0": "x"}}, SECRET)
    assert (caught.value.code, caught.value.where) == ("document_field_invalid", "/lines/0")
