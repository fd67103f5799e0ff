"""The identity of an invoice as 32 bytes: the same however it is typed, and not guessable without the key.

One invoice makes one receivable on the whole chain, so the id has to survive another way of writing the number.
Keyed (HMAC-SHA256), because seller ids and invoice numbers are few enough to try them all.
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from typing import Final

from chainfin.documents.model import Document
from chainfin.errors import BadInput

MIN_KEY_BYTES: Final = 32
_DOMAIN: Final = b"chainfin/invoice-fingerprint/1"
_KEY_DOMAIN: Final = b"chainfin/invoice-key/1"

# Letters of other alphabets that look like Latin capitals: Unicode normalisation keeps them apart, an eye doesn't
# (Cyrillic, Greek, Armenian, Cherokee, Lisu; of UTS #39's confusables those that stand for a Latin capital).
_LOOKALIKES: Final = str.maketrans(
    "АВЕКМНОРСТУХІЈЅҮԌԚԜҺӀΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹՍՏՕᎪᏴᏟᎠᎬᎰᎻᏆᎫᏦᏞᎷᏢᎡᏚᎢᏙᎳᏃꓐꓚꓓꓰꓝꓖꓧꓲꓙꓗꓡꓟꓠꓳꓑꓣꓢꓔꓴꓦꓪꓫꓬꓜ",
    "ABEKMHOPCTYXIJSYGQWHIABEZHIKMNOPTYXCUSOABCDEFHIJKLMPRSTVWZBCDEFGHIJKLMNOPRSTUVWXYZ",
)

# Code points that are drawn as nothing (Unicode's Default_Ignorable_Code_Point) besides control and format characters.
_UNSEEN: Final = frozenset({0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2065, 0x3164, 0xFFA0}).union(
    range(0x180B, 0x1810), range(0xFE00, 0xFE10), range(0xFFF0, 0xFFF9), range(0xE0000, 0xE1000)
)


def invoice_fingerprint(key: bytes, seller_legal_id: str, invoice_id: str, *, series: str = "") -> bytes:
    """The 32-byte id of invoice ``invoice_id`` of the seller with ``seller_legal_id``.

    ``key`` is the invoice's own (`invoice_key`): whoever has it can compute this fingerprint again, and no other.
    ``series`` distinguishes numbers that a seller uses again lawfully (发票代码, the code of a paper VAT invoice).
    Raises BadInput fingerprint_key_short, invoice_identity_empty.
    """
    return _keyed(key, _DOMAIN, seller_legal_id, invoice_id, series)


def invoice_key(master: bytes, seller_legal_id: str, invoice_id: str, *, series: str = "") -> bytes:
    """The key of one invoice's fingerprint, from the registrar's ``master`` key: always the same for the same invoice.

    Raises BadInput fingerprint_key_short, invoice_identity_empty.
    """
    return _keyed(master, _KEY_DOMAIN, seller_legal_id, invoice_id, series)


def _keyed(key: bytes, domain: bytes, seller_legal_id: str, invoice_id: str, series: str) -> bytes:
    if len(key) < MIN_KEY_BYTES:
        raise BadInput("fingerprint_key_short", f"the fingerprint key needs {MIN_KEY_BYTES} bytes")
    parts = [normalised(seller_legal_id), normalised(series), normalised(invoice_id)]
    if not parts[0] or not parts[2]:
        raise BadInput("invoice_identity_empty", "an invoice is known by its seller's legal id and its number")
    # Lengths in front keep ("AB", "C") and ("A", "BC") apart.
    message = b"".join(len(raw).to_bytes(4, "big") + raw for raw in (part.encode() for part in parts))
    return hmac.new(key, domain + message, hashlib.sha256).digest()


def serials(invoice: Document) -> tuple[str, ...]:
    """The ``series`` under which claims of ``invoice`` may stand: none; the year of issue, where its seller began to
    count anew and the number was taken; of an invoice for several orders each one's number with these; and of one that
    is due in parts each part's place but the first's."""
    orders = invoice.references.orders
    named = [""] if len(orders) < 2 else [normalised(order) for order in orders]
    parts = range(1, max(1, len({each.due_date for each in invoice.billing.instalments})) + 1)
    return tuple(
        series_of(invoice, order=order, anew=anew, part=part)
        for part in parts
        for order in named
        for anew in (False, True)
    )


def series_of(invoice: Document, *, order: str, anew: bool, part: int = 1) -> str:
    """``order``: the number of the order that the claim is on, or empty where the invoice names one alone. ``anew``:
    the number was taken in another year. ``part``: of what is due on several days; the first stands where the whole
    would, so that an invoice isn't billed once as a whole and once in parts."""
    several = len(invoice.references.orders) > 1
    parts = [f"order {normalised(order)}"] if several else []
    parts += [f"part {part}"] if part > 1 else []
    return "; ".join([*parts, f"year {invoice.issue_date.year}"] if anew else parts)


def document_fingerprint(key: bytes, invoice: Document) -> bytes:
    """`invoice_fingerprint` of an invoice. Raises BadInput invoice_identity_empty where it names no legal id."""
    return invoice_fingerprint(key, invoice.seller.legal_id or "", invoice.id)


def normalised(text: str) -> str:
    """The number without what only depends on typing: width and case (NFKC), spaces, control and unseen characters
    anywhere, look-alike letters, the digits of other scripts, kinds of dash, punctuation in front and behind."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).upper()).translate(_LOOKALIKES)
    kept = [
        "-" if unicodedata.category(sign) == "Pd" or sign == "\N{MINUS SIGN}" else str(unicodedata.decimal(sign, sign))
        for sign in folded
        if unicodedata.category(sign)[0] not in "ZC" and ord(sign) not in _UNSEEN
    ]
    return _strip("".join(kept))


def _strip(text: str) -> str:
    first, last = 0, len(text)
    while first < last and unicodedata.category(text[first])[0] in "PS":
        first += 1
    while last > first and unicodedata.category(text[last - 1])[0] in "PS":
        last -= 1
    return text[first:last]
