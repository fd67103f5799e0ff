"""The folder that `chainfin try` writes: documents of invented companies and a test key for each of them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from chainfin import samples
from chainfin.client import key_file
from chainfin.errors import BadInput
from chainfin.eth.signer import KeySigner

SELLERS: Final = (samples.SUPPLIER, samples.SUPPLIER, samples.DISTRIBUTOR)
"""Who sells to the core enterprise in the trades whose documents are written: an invoice can be financed once."""
INVENTED: Final = "invented for a first try: no real company has this name or this id, and no money moves"


@dataclass(frozen=True, slots=True)
class Player:
    """An invented company, and the role in which it is admitted."""

    company: samples.Company
    role: str

    @property
    def account(self) -> str:
        """Its invented bank account."""
        return f"6228-{self.company.uscc[-8:]}"


PLAYERS: Final[Mapping[str, Player]] = {
    "core": Player(samples.CORE, "core"),
    "supplier": Player(samples.SUPPLIER, "supplier"),
    "foundry": Player(samples.FOUNDRY, "supplier"),
    "shop": Player(samples.SHOP, "supplier"),
    "distributor": Player(samples.DISTRIBUTOR, "distributor"),
    "keeper": Player(samples.KEEPER, "keeper"),
    "lender": Player(samples.LENDER, "lender"),
    "guarantor": Player(samples.GUARANTOR, "supplier"),
    "bank": Player(samples.SETTLEMENT_BANK, "bank"),
    "auditor": Player(samples.AUDITOR, "auditor"),
}
"""By the name of the key file."""


def write(folder: Path, today: date) -> None:
    """Write documents, keys and names; the trades are dated around ``today``.

    Raises BadInput folder_not_empty, folder_unwritable.
    """
    try:
        if folder.exists() and any(folder.iterdir()):
            raise BadInput("folder_not_empty", "it is written into an empty folder only", where=str(folder))
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for number, seller in enumerate(SELLERS, start=1):
            papers = folder / f"trade-{number}"
            papers.mkdir()
            for name, content in samples.trade(today, f"SAMPLE-INV-{number:04d}", seller=seller).items():
                (papers / f"{name}.xml").write_bytes(content)
        (folder / "README.md").write_text(_readme(), encoding="utf-8")
    except OSError as error:
        raise BadInput("folder_unwritable", str(error.strerror), where=str(folder)) from None
    for name, player in PLAYERS.items():
        comment = f"A test key, not encrypted. {player.company.english}: {INVENTED}."
        key_file.write(folder / f"{name}.key", KeySigner.new(), None, comment=comment)
    # the last: a folder that has it is whole
    write_names(folder, {})


def keys(folder: Path) -> dict[str, KeySigner]:
    """The key of each company. Raises BadInput try_folder_foreign, and what `key_file.read` raises."""
    if not _names(folder).is_file():
        raise BadInput("try_folder_foreign", "this is no folder that `chainfin try` has written", where=str(folder))
    return {name: key_file.read(folder / f"{name}.key", lambda: "") for name in PLAYERS}


def write_names(folder: Path, names: Mapping[str, str]) -> None:
    """``folder``/env: names for a shell (``. try/env``). Put in the place of the old one as a whole."""
    lines = [f"# Companies {INVENTED}.", "# Read it into your shell: . " + str(_names(folder))]
    lines += [f"export {name}={value!r}" for name, value in names.items()]
    if not names:
        lines.append("# No names yet: `chainfin try --join` writes them.")
    draft = folder / f"env.{os.getpid()}"
    draft.write_text("\n".join(lines) + "\n", encoding="utf-8")
    draft.replace(_names(folder))


def _names(folder: Path) -> Path:
    return folder / "env"


def _readme() -> str:
    rows = [
        f"| `{name}.key` | {player.company.name} {player.company.english} | {player.role} | {player.company.uscc} |"
        for name, player in PLAYERS.items()
    ]
    return "\n".join(
        [
            "# A first try",
            "",
            f"Companies, documents and keys in this folder are {INVENTED}. The keys are not encrypted: never use them",
            "for anything else.",
            "",
            "| key | company | role | USCC |",
            "|---|---|---|---|",
            *rows,
            "",
            "`trade-1` and `trade-2` hold the documents of trades between core enterprise and supplier, `trade-3`",
            "those of one between core enterprise and distributor (UBL 2.1): order, response, despatch, receipt,",
            "invoice, credit note. `env` has the names that the guides use.",
            "",
        ]
    )
