"""Whatever credit notes meet whatever claims: no fen is taken off twice, none that is free escapes."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from chainfin.rules.credit_note import Bearer, Note, spread

AMOUNTS = st.integers(min_value=0, max_value=50)


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Note], list[Bearer], dict[tuple[str, str], int]]:
    claims = [f"claim{number}" for number in range(draw(st.integers(1, 4)))]
    holders = st.sampled_from(["seller", "other"])
    bearers = [Bearer(each, draw(holders), draw(AMOUNTS), draw(AMOUNTS)) for each in claims]
    notes = [
        Note(f"note{number}", draw(st.sampled_from(claims)), draw(holders), draw(st.integers(1, 80)))
        for number in range(draw(st.integers(1, 3)))
    ]
    keys = [(note.id, claim) for note in notes for claim in claims]
    return notes, bearers, draw(st.dictionaries(st.sampled_from(keys), AMOUNTS, max_size=4))


@given(cases())
def test_notes__on_any_claims__are_borne_once_and_whatever_is_free_bears_first(
    case: tuple[list[Note], list[Bearer], dict[tuple[str, str], int]],
) -> None:
    notes, bearers, asked = case
    holder_of = {each.id: each.holder for each in bearers}
    by_note: dict[str, int] = defaultdict(int)
    free: dict[str, int] = defaultdict(int)
    bound: dict[str, int] = defaultdict(int)
    shares = spread(notes, bearers, asked)
    for share in shares:
        assert min(share.asked, share.now, share.later) >= 0
        assert share.asked <= asked.get((share.note, share.claim), 0)
        by_note[share.note] += share.total
        free[share.claim] += share.asked + share.now
        bound[share.claim] += share.later
    for note in notes:
        mine = [each for each in bearers if each.holder == note.holder]
        assert by_note[note.id] <= note.left
        assert all(holder_of[share.claim] == note.holder for share in shares if share.note == note.id)
        if by_note[note.id] < note.left:  # what no claim can bear
            assert all(free[each.id] == each.free and bound[each.id] == each.bound for each in mine)
        if any(share.later for share in shares if share.note == note.id):
            assert all(free[each.id] == each.free for each in mine), "something free escaped"
    for each in bearers:
        assert free[each.id] <= each.free
        assert bound[each.id] <= each.bound
