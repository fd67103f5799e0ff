"""Settings from the environment (``CHAINFIN_…``), each with a safe default."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chainfin.errors import BadInput


@dataclass(frozen=True, slots=True)
class Partner:
    """A real partner: its base address, and the Ed25519 key (hex) that signs its answers."""

    url: str
    key: str


@dataclass(frozen=True, slots=True)
class Settings:
    """What one process needs to know of its surroundings. See README for the variables."""

    home: Path
    """CHAINFIN_HOME: embedded database, chain, keys, sandbox. Made on first use, mode 0700."""
    database_url: str
    """CHAINFIN_DATABASE_URL: sqlite:///… (default, in home) or postgresql+psycopg://…"""
    chain_url: str | None
    """CHAINFIN_CHAIN_URL: a JSON-RPC node; None is the embedded chain in home."""
    chain_id: int | None
    """CHAINFIN_CHAIN_ID: refuse a node that is on another chain. None accepts what the node says at first start."""
    finality_depth: int
    """CHAINFIN_FINALITY_DEPTH: blocks below the head that count as final (0 on the embedded chain, 2 by RPC)."""
    rail: Partner | None = None
    """CHAINFIN_RAIL_URL and CHAINFIN_RAIL_KEY: the payment rail; None: the sandbox."""
    registry: Partner | None = None
    """CHAINFIN_REGISTRY_URL, …_KEY: the statutory registry; None: the sandbox."""
    partner: Partner | None = None
    """CHAINFIN_PARTNER_URL, …_KEY: the data partner; None: the sandbox."""
    host: str = "127.0.0.1"
    port: int = 8310
    cell: str = "c0"
    """CHAINFIN_CELL: the logical unit (逻辑单元) that this process serves."""
    public_domain: str = field(default="127.0.0.1")
    """CHAINFIN_DOMAIN: the domain that a wallet sign-in message has to name (EIP-4361)."""
    time_zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))
    """CHAINFIN_TIME_ZONE: in which business dates are reckoned (an IANA name). Loans keep the zone of their offer."""


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings. Raises BadInput setting_invalid naming the variable."""
    env = os.environ if environ is None else environ
    home = Path(env.get("CHAINFIN_HOME", ".chainfin")).expanduser().resolve()
    chain_url = env.get("CHAINFIN_CHAIN_URL") or None
    depth = _number(env, "CHAINFIN_FINALITY_DEPTH")
    return Settings(
        home=home,
        database_url=env.get("CHAINFIN_DATABASE_URL") or f"sqlite:///{home / 'chainfin.db'}",
        chain_url=chain_url,
        chain_id=_number(env, "CHAINFIN_CHAIN_ID"),
        finality_depth=depth if depth is not None else (2 if chain_url else 0),
        rail=_partner(env, "CHAINFIN_RAIL"),
        registry=_partner(env, "CHAINFIN_REGISTRY"),
        partner=_partner(env, "CHAINFIN_PARTNER"),
        host=env.get("CHAINFIN_HOST", "127.0.0.1"),
        port=_number(env, "CHAINFIN_PORT") or 8310,
        cell=env.get("CHAINFIN_CELL", "c0"),
        public_domain=env.get("CHAINFIN_DOMAIN", "127.0.0.1"),
        time_zone=_zone(env.get("CHAINFIN_TIME_ZONE") or "Asia/Shanghai"),
    )


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadInput(
            "setting_invalid", f"{name!r} is no time zone that this machine knows", where="CHAINFIN_TIME_ZONE"
        ) from None


def _number(env: Mapping[str, str], name: str) -> int | None:
    text = env.get(name)
    if not text:
        return None
    if not text.isdigit():
        raise BadInput("setting_invalid", f"{name} must be a whole number, not {text!r}", where=name)
    return int(text)


def _partner(env: Mapping[str, str], name: str) -> Partner | None:
    url, key = env.get(f"{name}_URL"), env.get(f"{name}_KEY")
    if not url:
        return None
    if not key:
        raise BadInput(
            "setting_missing", f"{name}_URL needs {name}_KEY: unsigned answers are not believed", where=f"{name}_KEY"
        )
    return Partner(url, key)
