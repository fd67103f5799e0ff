"""Every stable error code has a title in both languages, every title an error, and docs/errors.md says both."""

from __future__ import annotations

import re
from functools import cache

import pytest

from chainfin.error_titles import TITLES, title
from tests.architecture.error_codes import PAGE, Found, found_in_code, missing, page, unused

_CHINESE = re.compile(r"[\u4e00-\u9fff]")


@cache
def _found() -> Found:
    return found_in_code()


def test_codes__each_of_the_code__has_a_title() -> None:
    assert missing(_found()) == []


def test_titles__each__belongs_to_an_error_of_the_code() -> None:
    assert unused(_found()) == []


def test_titles__both_languages__are_short_and_in_their_language() -> None:
    assert [code for code, both in TITLES.items() if not _CHINESE.search(both.zh) or _CHINESE.search(both.en)] == []
    assert [
        code for code, both in TITLES.items() if len(both.en) > 75 or len(both.zh) > 40 or both.en.endswith(".")
    ] == []


def test_titles__file__is_sorted_by_code() -> None:
    assert list(TITLES) == sorted(TITLES)


@pytest.mark.parametrize(("language", "expected"), [("en", "More than the free part"), ("zh", "超过可用部分")])
def test_title__of_a_code__in_the_language_asked_for(language: str, expected: str) -> None:
    assert title("exceeds_free", language) == expected
    assert title("a_partners_own", language) is None


@pytest.mark.parametrize(
    "code",
    [
        "exceeds_free",  # handed to a helper with a parameter `code`
        "uscc_invalid",  # the value of a variable `code`
        "fact_ambiguous",  # one of a tuple
        "chain_exceeds_free",  # a custom error of a contract
        "chain_reverted",  # returned with its sentence
        "made_meanwhile",  # told by the API itself
        "route_unknown",  # HTTP's own
        "payment_instruction_conflict",  # the sandbox's
    ],
)
def test_search__each_way_in_which_code_names_a_code__is_seen(code: str) -> None:
    assert code in _found().codes


def test_search__code_that_is_put_together__is_seen_as_a_shape() -> None:
    assert {"not_[a-z0-9]+", "[a-z0-9]+_halted"} <= set(_found().shapes)


def test_page__committed__is_what_the_code_makes() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(_found()), "run: python -m tests.architecture.error_codes"
