"""A commitment to every field of a document, of which one field can be disclosed and checked alone.

The canonical document becomes leaves (JSON pointer, value), sorted by the pointer's UTF-8 bytes, under a binary Merkle
tree with keccak-256. Every leaf has a salt of its own, HMAC-SHA256(document secret, pointer), so that a field with few
possible values can't be guessed from its sibling hashes, and only the 32-byte secret has to be kept.

    leaf = keccak("chainfin/leaf/1" ‖ salt ‖ keccak(pointer) ‖ keccak(RFC 8785 value))
    node = keccak("chainfin/node/1" ‖ left ‖ right)      (an odd node moves up as it is)
    root = keccak("chainfin/root/1" ‖ number of leaves as 32 bytes ‖ top)

The prefixes keep a node from passing as a leaf (second preimages); the number of leaves in the root fixes the shape.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from chainfin.canon import canonical_bytes
from chainfin.documents.model import Document, Json
from chainfin.errors import BadInput, NotFound, Refused
from chainfin.hashing import keccak

SECRET_BYTES: Final = 32
_LEAF: Final = b"chainfin/leaf/1"
_NODE: Final = b"chainfin/node/1"
_ROOT: Final = b"chainfin/root/1"
_SALT: Final = b"chainfin/salt/1"


@dataclass(frozen=True, slots=True)
class Leaf:
    """A field: its JSON pointer, its value (text, truth, or an empty list or object), its salt."""

    path: str
    value: Json
    salt: bytes


@dataclass(frozen=True, slots=True)
class Commitment:
    """The root (32 bytes, goes on chain) and the leaves under it (private)."""

    root: bytes
    leaves: tuple[Leaf, ...]


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One field with its proof: the sibling hashes from the leaf upwards, the leaf's place and the number of leaves."""

    path: str
    value: Json
    salt: bytes
    index: int
    count: int
    proof: tuple[bytes, ...]

    def to_json(self) -> dict[str, object]:
        return {
            "path": self.path,
            "value": self.value,
            "salt": "0x" + self.salt.hex(),
            "index": self.index,
            "count": self.count,
            "proof": ["0x" + item.hex() for item in self.proof],
        }

    @classmethod
    def from_json(cls, body: Mapping[str, object]) -> Disclosure:
        """Read `to_json` back. Raises Refused disclosure_invalid where it has another form."""
        path, index, count, proof = (body.get(name) for name in ("path", "index", "count", "proof"))
        value = body.get("value")
        if not isinstance(path, str) or not isinstance(proof, list) or not isinstance(value, str | bool | list | dict):
            raise _invalid(path if isinstance(path, str) else "", "it has not the form of a disclosure")
        if type(index) is not int or type(count) is not int:
            raise _invalid(path, "its place is not a number")
        return cls(path, value, _unhex(path, body.get("salt")), index, count, tuple(_unhex(path, x) for x in proof))


def commit(document: Document, secret: bytes) -> Commitment:
    """The commitment to ``document`` under its own ``secret``: 32 random bytes, a new one for every document.

    Raises BadInput document_secret_invalid.
    """
    return commit_fields(document.canonical(), secret)


def commit_fields(body: Mapping[str, Json], secret: bytes) -> Commitment:
    """Like `commit`, for a document in canonical JSON. Raises BadInput document_field_invalid for a name of digits."""
    if len(secret) != SECRET_BYTES:
        raise BadInput("document_secret_invalid", f"a document secret has {SECRET_BYTES} bytes, not {len(secret)}")
    fields = sorted(_flatten("", body), key=lambda item: item[0].encode())
    leaves = tuple(Leaf(path, value, _salt(secret, path)) for path, value in fields)
    levels = _levels(leaves)
    return Commitment(_root(len(leaves), levels[-1][0]), leaves)


def disclose(commitment: Commitment, path: str) -> Disclosure:
    """The field at ``path`` ("/totals/payable") with its proof. Raises NotFound field_unknown."""
    index = next((n for n, leaf in enumerate(commitment.leaves) if leaf.path == path), None)
    if index is None:
        raise NotFound("field_unknown", f"the document has no field {path!r}", where=path)
    leaf = commitment.leaves[index]
    place, proof = index, []
    for level in _levels(commitment.leaves)[:-1]:
        sibling = place ^ 1
        if sibling < len(level):
            proof.append(level[sibling])
        place //= 2
    return Disclosure(path, leaf.value, leaf.salt, index, len(commitment.leaves), tuple(proof))


def verify(root: bytes, disclosure: Disclosure) -> None:
    """Check that the field is in the document under ``root``. Raises Refused disclosure_invalid where it isn't."""
    if len(disclosure.salt) != 32 or any(len(item) != 32 for item in disclosure.proof):
        raise _invalid(disclosure.path, "a hash or the salt has not 32 bytes")
    place, width = disclosure.index, disclosure.count
    if not 0 <= place < width or width >= 2**64:
        raise _invalid(disclosure.path, "the leaf's place is outside the tree")
    node = _leaf_hash(Leaf(disclosure.path, disclosure.value, disclosure.salt))
    proof = list(disclosure.proof)
    while width > 1:
        if place ^ 1 < width:
            if not proof:
                raise _invalid(disclosure.path, "the proof is too short")
            other = proof.pop(0)
            node = _node_hash(other, node) if place % 2 else _node_hash(node, other)
        place, width = place // 2, (width + 1) // 2
    if proof:
        raise _invalid(disclosure.path, "the proof is too long")
    if not hmac.compare_digest(_root(disclosure.count, node), root):
        raise _invalid(disclosure.path, "it doesn't lead to the root")


def _flatten(path: str, value: Json) -> Iterator[tuple[str, Json]]:
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            if key.isdigit():
                # Its pointer would be that of a list's item: two documents could share a root.
                raise BadInput("document_field_invalid", f"a field can't be called {key!r}", where=f"{path}/{key}")
            escaped = key.replace("~", "~0").replace("/", "~1")
            yield from _flatten(f"{path}/{escaped}", item)
    elif isinstance(value, Sequence) and not isinstance(value, str) and value:
        for place, item in enumerate(value):
            yield from _flatten(f"{path}/{place}", item)
    else:
        yield path, value


def _levels(leaves: Sequence[Leaf]) -> list[list[bytes]]:
    levels = [[_leaf_hash(leaf) for leaf in leaves]]
    while len(levels[-1]) > 1:
        below = levels[-1]
        above = [_node_hash(below[n], below[n + 1]) for n in range(0, len(below) - 1, 2)]
        levels.append(above + below[len(below) - len(below) % 2 :])
    return levels


def _salt(secret: bytes, path: str) -> bytes:
    return hmac.new(secret, _SALT + path.encode(), hashlib.sha256).digest()


def _leaf_hash(leaf: Leaf) -> bytes:
    value = canonical_bytes(leaf.value)
    return keccak(_LEAF + leaf.salt + keccak(leaf.path.encode()) + keccak(value))


def _node_hash(left: bytes, right: bytes) -> bytes:
    return keccak(_NODE + left + right)


def _root(count: int, top: bytes) -> bytes:
    return keccak(_ROOT + count.to_bytes(32, "big") + top)


def _invalid(path: str, why: str) -> Refused:
    return Refused("disclosure_invalid", f"the disclosed field doesn't prove itself: {why}", where=path or None)


def _unhex(path: str, text: object) -> bytes:
    try:
        return bytes.fromhex(str(text).removeprefix("0x"))
    except ValueError:
        raise _invalid(path, "a hash is not hexadecimal") from None
