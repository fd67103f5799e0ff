"""Reading never breaks: whatever the bytes, a document comes out or one coded line that names the source."""

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from chainfin import samples
from chainfin.documents import Document, read
from chainfin.errors import BadInput

FILES = list(samples.trade(date(2026, 11, 21), "INV-1").values())
TOKENS = sorted({token for data in FILES for token in data.replace(b">", b"> ").replace(b"<", b" <").split()})


def outcome(data: bytes) -> Document | BadInput:
    try:
        return read(data, source="f.xml")
    except BadInput as error:
        return error


def check(found: Document | BadInput) -> None:
    if isinstance(found, BadInput):
        assert found.where is not None
        assert found.where.startswith("f.xml")
        assert "\n" not in str(found)
    else:
        assert Document.from_canonical(found.canonical()) == found
        if found.totals is not None:
            assert found.totals.payable.minor > 0


@given(st.binary(max_size=400))
def test_read__any_bytes__document_or_one_coded_line(data: bytes) -> None:
    check(outcome(data))


texts = st.one_of(
    st.sampled_from(["", "0", "-1", "1e9", "NaN", "Infinity", "1_000", "٣", "0.001", "999999999999999999999", "USD",
                     "\u2028", "2026-13-01", "true", " "]),
    st.text(alphabet=st.characters(min_codepoint=32, exclude_characters="<>&", exclude_categories=["Cs"]), max_size=12),
)  # fmt: skip


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(FILES), st.integers(0, 10**6), texts)
def test_read__any_text_or_attribute_replaced__document_or_one_coded_line(data: bytes, n: int, text: str) -> None:
    pieces = data.decode().split(">")
    place = n % (len(pieces) - 1)
    piece = pieces[place]
    if '="' in piece and n % 2:
        name, _, rest = piece.rpartition('="')
        quoted = text.replace('"', "")
        pieces[place] = f'{name}="{quoted}"{rest.partition(chr(34))[2]}'
    else:
        pieces[place] = text + piece[piece.find("<") :] if "<" in piece else piece
    check(outcome(">".join(pieces).encode()))


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(FILES), st.integers(0, 10**6), st.sampled_from(TOKENS))
def test_read__any_tag_replaced__document_or_one_coded_line(data: bytes, n: int, token: bytes) -> None:
    parts = data.split(b"\n")
    place = n % len(parts)
    check(outcome(b"\n".join([*parts[:place], token, *parts[place + 1 :]])))
    check(outcome(b"\n".join([*parts[:place], *parts[place + 1 :]])))
