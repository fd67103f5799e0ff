"""A debtor's line: set share by share, drawn on by confirmations, given back by payments."""

from __future__ import annotations

from chainfin.errors import Refusal
from chainfin.rules.debtor_line import MAX_SHARE, Line, draw, give_back, set_share


def line(value: Line | Refusal) -> Line:
    assert isinstance(value, Line), value
    return value


def test_set_share__of_two_lenders__the_line_is_their_sum() -> None:
    both = line(set_share(line(set_share(Line("d"), old=0, new=300)), old=0, new=200))
    assert both.limit == 500
    assert line(set_share(both, old=300, new=100)).limit == 300
    assert line(set_share(both, old=300, new=0)).limit == 200


def test_draw__up_to_the_limit__then_not_a_fen_more() -> None:
    full = line(draw(line(draw(Line("d", 500), 300)), 200))
    assert full.used == 500
    refused = draw(full, 1)
    assert isinstance(refused, Refusal)
    assert refused.code == "line_exceeded"
    assert refused.proof == {"debtor": "d", "wanted": 501, "limit": 500, "used": 500}
    assert line(draw(give_back(full, 1), 1)).used == 500


def test_draw__without_a_line__refused() -> None:
    refused = draw(Line("d"), 1)
    assert isinstance(refused, Refusal)
    assert refused.code == "line_exceeded"


def test_set_share__below_what_is_used__stops_the_next_confirmation_only() -> None:
    lowered = line(set_share(Line("d", 500, 400), old=500, new=100))
    assert (lowered.limit, lowered.used) == (100, 400)
    assert isinstance(draw(lowered, 1), Refusal)
    assert line(draw(give_back(lowered, 350), 50)).used == 100


def test_set_share__beyond_the_register__amount_too_large() -> None:
    refused = set_share(Line("d"), old=0, new=MAX_SHARE + 1)
    assert isinstance(refused, Refusal)
    assert refused.code == "amount_too_large"
    assert line(set_share(Line("d"), old=0, new=MAX_SHARE)).limit == MAX_SHARE
