"""Laws of commitments: what was committed verifies, any change is refused, nothing leaks between fields."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from chainfin.documents.commitment import Commitment, Disclosure, commit_fields, disclose, verify
from chainfin.documents.model import Json
from chainfin.errors import Refused

texts = st.text(max_size=8)
keys = texts.filter(lambda key: not key.isdigit())
values: st.SearchStrategy[Json] = st.recursive(
    st.one_of(texts, st.booleans()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=4)),
    max_leaves=20,
)
bodies = st.dictionaries(keys, values, min_size=1, max_size=6)
secrets = st.binary(min_size=32, max_size=32)
pick = st.integers(min_value=0, max_value=10**6)


def field(commitment: Commitment, n: int) -> Disclosure:
    return disclose(commitment, commitment.leaves[n % len(commitment.leaves)].path)


def holds(root: bytes, disclosure: Disclosure) -> bool:
    try:
        verify(root, disclosure)
    except Refused:
        return False
    return True


@given(bodies, secrets, pick)
def test_commitment__any_field_disclosed__verifies_and_survives_json(
    body: dict[str, Json], secret: bytes, n: int
) -> None:
    commitment = commit_fields(body, secret)
    disclosure = field(commitment, n)
    verify(commitment.root, disclosure)
    assert Disclosure.from_json(disclosure.to_json()) == disclosure
    assert len({leaf.salt for leaf in commitment.leaves}) == len(commitment.leaves)


@given(bodies, secrets, pick, st.data())
def test_disclosure__any_single_change__refused(
    body: dict[str, Json], secret: bytes, n: int, data: st.DataObject
) -> None:
    commitment = commit_fields(body, secret)
    good = field(commitment, n)
    flips = st.tuples(st.integers(0, 31), st.integers(1, 255))

    def flipped(raw: bytes) -> bytes:
        place, mask = data.draw(flips)
        return raw[:place] + bytes([raw[place] ^ mask]) + raw[place + 1 :]

    part = data.draw(st.sampled_from(["value", "path", "salt", "index", "proof", "root"]))
    root, bad = commitment.root, good
    match part:
        case "value":
            bad = replace(good, value=data.draw(values.filter(lambda new: new != good.value)))
        case "path":
            bad = replace(good, path=data.draw(texts.filter(lambda new: new != good.path)))
        case "salt":
            bad = replace(good, salt=flipped(good.salt))
        case "index":
            bad = replace(good, index=data.draw(st.integers(-1, good.count + 1).filter(lambda new: new != good.index)))
        case "proof" if good.proof:
            place = data.draw(st.integers(0, len(good.proof) - 1))
            bad = replace(good, proof=(*good.proof[:place], flipped(good.proof[place]), *good.proof[place + 1 :]))
        case _:
            root = flipped(root)
    assert holds(commitment.root, good)
    assert not holds(root, bad)


@given(bodies, secrets, st.data())
def test_commitment__one_field_changed__another_root_and_the_other_salts_stay(
    body: dict[str, Json], secret: bytes, data: st.DataObject
) -> None:
    key = data.draw(st.sampled_from(sorted(body)))
    other = {**body, key: data.draw(values.filter(lambda new: new != body[key]))}
    one, two = commit_fields(body, secret), commit_fields(other, secret)
    assert one.root != two.root
    salts = {leaf.path: leaf.salt for leaf in one.leaves}
    assert all(salts.get(leaf.path, leaf.salt) == leaf.salt for leaf in two.leaves)


@given(bodies, secrets, secrets, pick)
def test_disclosure__under_another_secret__refused(body: dict[str, Json], one: bytes, two: bytes, n: int) -> None:
    if one != two:
        assert not holds(commit_fields(body, two).root, field(commit_fields(body, one), n))
