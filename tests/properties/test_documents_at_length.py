"""Numbers of invoices by the ten thousand, and files of every format with bytes changed at random; `tests.long` takes
many more. A failure names its seed and turn."""

import os
import random

import pytest

from chainfin.documents.fingerprint import normalised
from tests.properties.test_documents_reading import CONTAINERS, FILES, check, outcome

PAIRS = int(os.environ.get("CHAINFIN_NUMBER_PAIRS", "5000"))
CHANGES = int(os.environ.get("CHAINFIN_BYTE_CHANGES", "100"))
SEED = int(os.environ.get("CHAINFIN_DOCUMENT_SEED", "20261130"))

LETTERS = "ABCDEFGHKLMNPRSTUVWXYZ"
DASHES = "-‐‑‒–—−－"
NOTHING = ["", " ", "\u00a0", "\u200b", "\u2060", "\ufe0f", "\u3164", "\u00ad"]
CYRILLIC = dict(zip("ABEKMHPCTX", "АВЕКМНРСТХ", strict=True))
DIGITS = ("0123456789", "０１２３４５６７８９", "٠١٢٣٤٥٦٧٨٩", "०१२३४५६७८९")
FILES_OF_ALL = {f"file {n}": data for n, data in enumerate(FILES)} | {f"box {n}": b for n, b in enumerate(CONTAINERS)}


def number(chance: random.Random) -> str:
    """As sellers write them: letters, digits, single marks between."""
    parts = [
        "".join(chance.choices(LETTERS, k=chance.randint(1, 4))),
        *("".join(chance.choices("0123456789", k=chance.randint(1, 6))) for _ in range(chance.randint(1, 3))),
    ]
    return "".join(part + chance.choice("-/._") for part in parts)[:-1]


def typed_otherwise(text: str, chance: random.Random) -> str:
    """The same number as another keyboard, font or program writes it."""
    digits = chance.choice(DIGITS)
    found = []
    for sign in text:
        written = digits[int(sign)] if sign.isdigit() else chance.choice(DASHES) if sign == "-" else sign
        written = chance.choice([written, written.lower(), CYRILLIC.get(written, written)])
        found.append(written + chance.choice(NOTHING))
    return chance.choice(["", "#", "\t", "("]) + "".join(found) + chance.choice(["", ".", "\n", ")"])


def test_normalised__pairs_of_numbers__variants_collide_and_others_do_not() -> None:
    chance = random.Random(SEED)
    for turn in range(PAIRS):
        one, other = number(chance), number(chance)
        if chance.random() < 0.5:  # close by: one sign is another
            place = chance.randrange(len(one))
            other = one[:place] + chance.choice("0123456789" + LETTERS) + one[place + 1 :]
        variant = typed_otherwise(one, chance)
        assert normalised(variant) == normalised(one), (SEED, turn, one, variant)
        assert (normalised(one) == normalised(other)) is (one == other), (SEED, turn, one, other)


@pytest.mark.parametrize("data", FILES_OF_ALL.values(), ids=FILES_OF_ALL)
def test_read__bytes_changed_at_random__document_or_one_coded_line(data: bytes) -> None:
    chance = random.Random(f"{SEED} {len(data)}")
    for _ in range(CHANGES):
        found = bytearray(data)
        for _ in range(chance.randint(1, 6)):
            place, size = chance.randrange(len(found)), chance.randint(1, 12)
            piece = [b"", chance.randbytes(size), bytes(found[place : place + size]) * 2, b"\x00", b"<", b"&"]
            found[place : place + size] = chance.choice(piece)
        check(outcome(bytes(found)))
