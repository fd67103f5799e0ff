"""Settings from the environment (``CHAINFIN_…``), each with a safe default; docs/operate/settings.md shows them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from chainfin.errors import BadInput

PREFIX = "CHAINFIN_"


@dataclass(frozen=True, slots=True)
class Partner:
    """A real partner: its base address, and the Ed25519 key (hex) that signs its answers."""

    url: str
    key: str


class Settings(BaseSettings):
    """What one process needs to know of its surroundings: each field is the variable CHAINFIN_<NAME>."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="ignore", use_attribute_docstrings=True
    )

    home: Path = Path(".chainfin")
    """Folder of the embedded database, chain, keys and sandbox. Made on first use, mode 0700."""
    database_url: str = ""
    """`postgresql+psycopg://…`, or `sqlite:///…`; by default `chainfin.db` in the home folder."""
    chain_url: str | None = None
    """A JSON-RPC node; without it the chain is embedded, in the home folder."""
    chain_id: int | None = Field(default=None, ge=0)
    """Refuse a node that is on another chain. Without it, what the node says at first start is accepted."""
    finality_depth: int = Field(default=-1, ge=0)
    """How many blocks below the head count as final; by default 0 on the embedded chain and 2 on a node."""
    relayer_url: str | None = None
    """A web3signer that holds the relayer's key; without it the key is made here and sealed. Needs the address."""
    relayer_address: str | None = None
    """The address of the relayer's key in that web3signer."""
    rail_url: str | None = None
    """The payment rail's base address; without it, the sandbox. Needs the key."""
    rail_key: str | None = None
    """The Ed25519 key, in hex, that signs the payment rail's answers."""
    bank_folder: Path | None = None
    """A folder of files (ISO 20022) instead of the payment rail: orders go to `outbox`, the bank's files are taken from
    `inbox`. Needs the bank."""
    bank_agent: str | None = None
    """The bank that holds the lenders' accounts: its BIC, or its CNAPS number."""
    registry_url: str | None = None
    """The statutory registry's base address; without it, the sandbox. Needs the key."""
    registry_key: str | None = None
    """The Ed25519 key, in hex, that signs the registry's answers."""
    partner_url: str | None = None
    """The data partner's base address; without it, the sandbox. Needs the key."""
    partner_key: str | None = None
    """The Ed25519 key, in hex, that signs the data partner's answers."""
    host: str = "127.0.0.1"
    """The address on which the service listens."""
    port: int = Field(default=8310, ge=0, le=65535)
    """The port on which the service listens; 0 takes any free one."""
    platform: str = "chainfin"
    """The platform's name, which lenders' mandates name. Changed, no mandate holds any more."""
    cell: str = "c0"
    """The logical unit (逻辑单元) that this process serves."""
    domain: str = ""
    """The domain that a wallet sign-in message has to name (EIP-4361); by default address and port of the service.
    Commands sign for it alone, or for the address that they call."""
    time_zone: ZoneInfo = ZoneInfo("Asia/Shanghai")
    """The zone by whose days business is dated, by its IANA name. A loan keeps the zone of its offer."""
    release_hours: int = Field(default=24, ge=0)
    """Hours that the lender of a repaid loan has to sign its release; then the settlement bank is asked to attest that
    the loan is paid off, which ends the pledge too."""
    log_format: str | None = None
    """`json` or `console`; by default console on a terminal, else json."""
    log_level: str | None = None
    """`debug`, `info`, `warning`, `error` or `critical`; by default info for the service, else warning."""
    private_webhooks: bool = False
    """Whether webhooks may go to this machine and to private networks, over plain http too: for trials alone."""
    metrics_token: str | None = None
    """The bearer token that /metrics takes; without it, callers on this machine alone are answered."""
    otel_endpoint: str | None = None
    """Where traces are sent (OTLP over HTTP, `…/v1/traces`); without it none are made."""
    holidays: Path | None = None
    """A JSON file with the official holidays of years that the program doesn't know yet, in the form of
    `chainfin/values/official_days.json`."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what it is made with: `load` reads the environment, nothing else does."""
        return (init_settings,)

    @property
    def relayer_signer(self) -> tuple[str, str] | None:
        """The web3signer's base address and the relayer's; None: the key is sealed here."""
        if not self.relayer_url:
            return None
        if not self.relayer_address:
            where = f"{PREFIX}RELAYER_ADDRESS"
            raise BadInput("setting_missing", f"{PREFIX}RELAYER_URL needs {where}: whose key to sign with", where=where)
        return self.relayer_url, self.relayer_address

    @property
    def rail(self) -> Partner | None:
        """The payment rail; None: the sandbox."""
        return _partner("RAIL", self.rail_url, self.rail_key)

    @property
    def bank(self) -> tuple[Path, str] | None:
        """The folder of the bank's files and the bank; None: the payment rail."""
        if self.bank_folder is None:
            return None
        where = f"{PREFIX}BANK_AGENT"
        if not self.bank_agent:
            why = f"{PREFIX}BANK_FOLDER needs {where}: which bank is to pay"
            raise BadInput("setting_missing", why, where=where)
        if self.rail_url:
            why = f"{PREFIX}BANK_FOLDER stands in place of {PREFIX}RAIL_URL"
            raise BadInput("setting_invalid", why, where=f"{PREFIX}BANK_FOLDER")
        return self.bank_folder, self.bank_agent

    @property
    def registry(self) -> Partner | None:
        """The statutory registry; None: the sandbox."""
        return _partner("REGISTRY", self.registry_url, self.registry_key)

    @property
    def partner(self) -> Partner | None:
        """The data partner; None: the sandbox."""
        return _partner("PARTNER", self.partner_url, self.partner_key)


class _Environment(EnvSettingsSource):
    """The variables of a given environment instead of the process's own."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        super().__init__(Settings)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name.lower(): text for name, text in self._environ.items() if text}


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings. Raises BadInput setting_invalid, setting_missing naming the variable."""
    given = _Environment(os.environ if environ is None else environ)()
    home = Path(given.get("home", ".chainfin")).expanduser().resolve()
    defaults = {
        "database_url": f"sqlite:///{home / 'chainfin.db'}",
        "finality_depth": 2 if given.get("chain_url") else 0,
    }
    try:
        settings = Settings(**{**defaults, **given, "home": home})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = PREFIX + str(first["loc"][0]).upper()
        raise BadInput("setting_invalid", f"{name} is {first['input']!r}: {first['msg']}", where=name) from None
    # What lacks its other half is refused now, not at first use.
    _ = settings.relayer_signer, settings.rail, settings.bank, settings.registry, settings.partner
    return settings


def _partner(name: str, url: str | None, key: str | None) -> Partner | None:
    if not url:
        return None
    if not key:
        where = f"{PREFIX}{name}_KEY"
        why = f"{PREFIX}{name}_URL needs {where}: unsigned answers are not believed"
        raise BadInput("setting_missing", why, where=where)
    return Partner(url, key)


ELSEWHERE = {
    "participants (`chainfin call`, `sign`, `confirm`, `consent`, `key new`, `token`, `try`, `bank`)": {
        "CHAINFIN_URL": "Where the service answers; by default this machine at `CHAINFIN_PORT`, `http://127.0.0.1:8310`.",
        "CHAINFIN_KEY_PASSPHRASE": "The passphrase of an encrypted key file, where nobody can be asked for it.",
        "CHAINFIN_KEY_PASSPHRASE_FILE": "A file whose first line is that passphrase.",
    },
    "tests and benchmarks": {
        "CHAINFIN_DATA": "A folder of real documents and data; tests that want them skip without it.",
        "CHAINFIN_CRASH_ROUNDS": "Rounds of kill -9.",
        "CHAINFIN_CRASH_SEED": "Repeats one run of kill -9.",
        "CHAINFIN_DIFFERENTIAL_STEPS": "Steps of the run that holds rules and contracts against each other.",
        "CHAINFIN_DIFFERENTIAL_SEED": "Repeats one such run.",
        "CHAINFIN_HISTORIES": "Histories of loans that are told late and out of order (1,000).",
        "CHAINFIN_NUMBER_PAIRS": "Pairs of invoice numbers held against each other (5,000).",
        "CHAINFIN_BYTE_CHANGES": "Changed files of each format that readers are given (100).",
        "CHAINFIN_DOCUMENT_SEED": "What these are drawn from.",
        "CHAINFIN_PARTNER_TEXTS": "Examples of what partners write, over the wire (3).",
        "CHAINFIN_INTERLEAVINGS": "Interleavings of mandates, limits and money (500).",
        "CHAINFIN_INTERLEAVINGS_SEED": "What they are drawn from (2026).",
        "CHAINFIN_GOODS_STEPS": "Steps of goods, loans and money in any order (5000).",
        "CHAINFIN_MARGIN_EXAMPLES": "Histories of goods, prices and calls (5).",
        "CHAINFIN_FUZZ_MINUTES": "How long made-up calls of the API go on (10).",
        "CHAINFIN_ANVIL": "The anvil program, where it isn't on the path.",
        "CHAINFIN_HARDHAT": "The hardhat program, where it isn't on the path.",
        "CHAINFIN_ARTIFACTS": "A folder of compiled contracts to test instead of the committed ones.",
    },
}
"""Variables that are no settings of the service, by who uses them."""


def reference() -> str:
    """docs/operate/settings.md: every variable, its default and its meaning."""
    lines = [
        "# Settings",
        "",
        "Made by `chainfin settings reference > docs/operate/settings.md`; don't edit. An empty variable isn't there.",
        "",
        "## The service",
        "",
        "| variable | default | meaning |",
        "|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        shown = "" if field.default in (None, "", -1) else f"`{field.default}`"
        lines.append(f"| `{PREFIX}{name.upper()}` | {shown} | {' '.join((field.description or '').split())} |")
    for who, variables in ELSEWHERE.items():
        lines += ["", f"## {who[0].upper()}{who[1:]}", "", "| variable | meaning |", "|---|---|"]
        lines += [f"| `{name}` | {meaning} |" for name, meaning in variables.items()]
    return "\n".join(lines) + "\n"
