"""Settings: read from the environment, refused by the variable's name, and described in one generated page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chainfin.errors import BadInput
from chainfin.settings import load, reference

ROOT = Path(__file__).resolve().parents[2]


def test_load__nothing_set__safe_defaults() -> None:
    settings = load({"CHAINFIN_PORT": ""})
    assert (settings.host, settings.port, settings.chain_url, settings.finality_depth) == ("127.0.0.1", 8310, None, 0)
    assert settings.database_url == f"sqlite:///{settings.home / 'chainfin.db'}"
    assert settings.rail is None


def test_load__a_node__waits_for_two_blocks_unless_told_otherwise() -> None:
    node = {"CHAINFIN_CHAIN_URL": "http://127.0.0.1:8545"}
    assert load(node).finality_depth == 2
    assert load({**node, "CHAINFIN_FINALITY_DEPTH": "0"}).finality_depth == 0


def test_load__given_environment__the_process_s_own_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAINFIN_PORT", "9")
    assert load({}).port == 8310
    assert load().port == 9


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("CHAINFIN_PORT", "http"),
        ("CHAINFIN_PORT", "70000"),
        ("CHAINFIN_CHAIN_ID", "-1"),
        ("CHAINFIN_FINALITY_DEPTH", "x"),
    ],
)
def test_load__not_what_it_should_be__setting_invalid_names_the_variable(name: str, text: str) -> None:
    with pytest.raises(BadInput) as caught:
        load({name: text})
    assert (caught.value.code, caught.value.where) == ("setting_invalid", name)


def test_load__a_partner_without_its_key__setting_missing() -> None:
    with pytest.raises(BadInput) as caught:
        load({"CHAINFIN_REGISTRY_URL": "http://127.0.0.1:1"})
    assert (caught.value.code, caught.value.where) == ("setting_missing", "CHAINFIN_REGISTRY_KEY")


def test_reference__committed_page__is_what_the_settings_say() -> None:
    committed = (ROOT / "docs" / "operate" / "settings.md").read_text(encoding="utf-8")
    assert committed == reference(), "run `chainfin settings reference > docs/operate/settings.md`"


def test_reference__every_variable_in_the_code__is_described() -> None:
    told = set(re.findall(r"CHAINFIN_[A-Z_]+", reference()))
    used: set[str] = set()
    for folder in ("chainfin", "api", "tests", "benchmarks"):
        for file in (ROOT / folder).rglob("*.py"):
            if "node_modules" not in file.parts and file.name not in ("settings.py", "test_settings.py"):
                used |= set(re.findall(r"CHAINFIN_[A-Z]+(?:_[A-Z]+)*", file.read_text(encoding="utf-8")))
    assert used - told == set()
