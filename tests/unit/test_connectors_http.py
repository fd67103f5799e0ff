"""The HTTP client's four outcomes and its retries; partners are scripted transports, nothing leaves the process."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import OctKey, OKPKey

from chainfin.connectors.http import HttpClient, Retry, quoted
from chainfin.connectors.outcome import Done, Outcome, Refused, Unavailable, Unknown
from chainfin.connectors.signature import HEADER, Evidence, Verifier
from chainfin.connectors.wire import Problem
from chainfin.errors import BadInput
from chainfin.jws import MAX_BODY_BYTES, SignatureInvalid, key_id, sign

KEY = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
OTHER = Ed25519PrivateKey.from_private_bytes(b"\x08" * 32)
PUBLIC = KEY.public_key().public_bytes_raw()
# signed with the public key as a shared secret, which a verifier that trusts the header's algorithm believes
HMAC = jws.detach_content(
    jws.serialize_compact({"alg": "HS256", "kid": key_id(PUBLIC)}, b"{}", OctKey.import_key(PUBLIC))
)
Step = Callable[[httpx.Request], httpx.Response]


def signed(body: bytes, status: int = 200, key: Ed25519PrivateKey = KEY) -> httpx.Response:
    return httpx.Response(status, content=body, headers={HEADER: sign(key, body)})


def fails(error: type[httpx.TransportError]) -> Step:
    def step(request: httpx.Request) -> httpx.Response:
        raise error("scripted", request=request)

    return step


def answers(response: httpx.Response) -> Step:
    return lambda request: response


class Script:
    """Plays its steps, one a call, and counts; the waits between them are written down, not waited."""

    def __init__(self, *steps: Step, attempts: int = 3) -> None:
        self._steps: Iterator[Step] = iter(steps)
        self.calls = 0
        self.waits: list[float] = []
        self.client = HttpClient(
            "http://partner.example/base",
            Verifier([PUBLIC]),
            retry=Retry(attempts=attempts, base_s=1.0, cap_s=3.0),
            transport=httpx.MockTransport(self._play),
            sleep=self.waits.append,
            jitter=lambda ceiling: ceiling,
        )

    def _play(self, request: httpx.Request) -> httpx.Response:
        self.calls += 1
        return next(self._steps)(request)

    def call(self, *, idempotent: bool) -> Outcome[Evidence]:
        return self.client.call("PUT", "/thing/1", idempotent=idempotent)


OK = answers(signed(b'{"fine":true}'))
NEVER_SENT = [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout]
MAYBE_SENT = [
    httpx.ReadTimeout,
    httpx.WriteTimeout,
    httpx.ReadError,
    httpx.WriteError,
    httpx.RemoteProtocolError,
]


def test_call__signed_answer__done_with_the_exact_bytes_as_evidence() -> None:
    outcome = Script(OK).call(idempotent=False)
    assert isinstance(outcome, Done)
    assert outcome.value.body == b'{"fine":true}'
    assert Verifier([PUBLIC.hex()]).check(outcome.value.body, outcome.value.signature) == outcome.value


@pytest.mark.parametrize("error", NEVER_SENT)
def test_call__never_sent__unavailable_and_tried_again_even_if_not_idempotent(
    error: type[httpx.TransportError],
) -> None:
    script = Script(*[fails(error)] * 3)
    outcome = script.call(idempotent=False)
    assert isinstance(outcome, Unavailable)
    assert (outcome.code, script.calls) == ("partner_unreachable", 3)


@pytest.mark.parametrize("error", MAYBE_SENT)
def test_call__sent_and_lost__unknown_and_never_sent_again(error: type[httpx.TransportError]) -> None:
    script = Script(fails(error), OK)
    outcome = script.call(idempotent=False)
    assert isinstance(outcome, Unknown)
    assert (outcome.code, script.calls) == ("partner_no_answer", 1)


@pytest.mark.parametrize("error", MAYBE_SENT)
def test_call__idempotent_and_lost__asked_again_until_answered(error: type[httpx.TransportError]) -> None:
    script = Script(fails(error), answers(httpx.Response(503)), OK)
    assert isinstance(script.call(idempotent=True), Done)
    assert script.calls == 3


def test_call__lost_then_unreachable__stays_unknown() -> None:
    script = Script(fails(httpx.ReadTimeout), fails(httpx.ConnectError), fails(httpx.ConnectError))
    assert isinstance(script.call(idempotent=True), Unknown)


def test_call__retries__wait_doubling_ceilings_up_to_the_cap() -> None:
    script = Script(*[fails(httpx.ConnectError)] * 5, attempts=5)
    script.call(idempotent=True)
    assert script.waits == [1.0, 2.0, 3.0, 3.0]


def test_call__server_error__unknown() -> None:
    outcome = Script(answers(httpx.Response(500))).call(idempotent=False)
    assert isinstance(outcome, Unknown)
    assert outcome.code == "partner_failed"


def test_call__turned_away_unread__unavailable_then_tried_again() -> None:
    script = Script(answers(httpx.Response(429)), OK)
    assert isinstance(script.call(idempotent=False), Done)
    outcome = Script(*[answers(httpx.Response(429))] * 3).call(idempotent=False)
    assert isinstance(outcome, Unavailable)
    assert outcome.code == "partner_busy"


def problem(about: str, status: int = 422, key: Ed25519PrivateKey = KEY) -> Step:
    body = Problem(about=about, code="account_closed", message="no").model_dump_json().encode()
    return answers(signed(body, status, key))


def test_call__signed_no__refused_with_the_partners_code() -> None:
    script = Script(problem("PUT /base/thing/1"))
    outcome = script.call(idempotent=True)
    assert isinstance(outcome, Refused)
    assert (outcome.code, script.calls) == ("account_closed", 1)


def test_call__signed_no_to_another_question__proves_nothing() -> None:
    outcome = Script(problem("PUT /base/thing/2")).call(idempotent=True)
    assert isinstance(outcome, Unknown)
    assert outcome.code == "partner_answer_malformed"


def test_call__no_signed_by_a_stranger__is_neither_refusal_nor_success() -> None:
    outcome = Script(problem("PUT /base/thing/1", key=OTHER)).call(idempotent=True)
    assert isinstance(outcome, Unknown)
    assert outcome.code == "partner_signature_invalid"


def test_call__unsigned_success__is_no_success() -> None:
    outcome = Script(answers(httpx.Response(200, content=b"{}"))).call(idempotent=True)
    assert isinstance(outcome, Unknown)
    assert outcome.code == "partner_signature_invalid"


def test_call__redirect__is_not_followed() -> None:
    moved = signed(b"{}", 302)
    moved.headers["location"] = "http://elsewhere.example/"
    script = Script(answers(moved))
    assert isinstance(script.call(idempotent=False), Unknown)
    assert script.calls == 1


def test_call__answer_larger_than_the_limit__unknown() -> None:
    outcome = Script(answers(signed(b"x" * (MAX_BODY_BYTES + 1)))).call(idempotent=False)
    assert isinstance(outcome, Unknown)
    assert outcome.code == "partner_no_answer"


@pytest.mark.parametrize("segment", ["", "..", "a/b", "a b", "ä", "x" * 129, "a\nb"])
def test_quoted__segment_that_names_nothing__partner_ref_malformed(segment: str) -> None:
    with pytest.raises(BadInput) as caught:
        quoted("payments", segment)
    assert caught.value.code == "partner_ref_malformed"


def test_quoted__reserved_characters__stay_inside_their_segment() -> None:
    assert quoted("payments", "a?b#c%d") == "/payments/a%3Fb%23c%25d"


@given(st.binary(max_size=200), st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_signature__any_byte_changed__invalid(body: bytes, place: int, change: int) -> None:
    header = sign(KEY, body)
    verifier = Verifier([PUBLIC])
    assert verifier.check(body, header).key_id == key_id(PUBLIC)
    changed = bytearray(body or b"\x00")
    changed[place % len(changed)] ^= change
    with pytest.raises(SignatureInvalid):
        verifier.check(bytes(changed) if body else bytes(changed) + b"x", header)


@pytest.mark.parametrize(
    "header",
    [None, "", "..", "nonsense", sign(KEY, b"{}")[:-2], sign(KEY, b"{}") + "A", sign(OTHER, b"{}"), "bm9uZQ..AA", HMAC],
)
def test_signature__header_missing_or_malformed__invalid(header: str | None) -> None:
    with pytest.raises(SignatureInvalid):
        Verifier([PUBLIC]).check(b"{}", header)


@pytest.mark.parametrize("body", [b'{"kind":"payment"}', "付款".encode(), b"\x00\xff" * 9, b"x" * 200_000])
def test_signature__another_reader__verifies_by_the_standard_alone(body: bytes) -> None:
    token = sign(KEY, body)
    header, payload, signature = token.split(".")
    assert payload == ""
    assert json.loads(base64.urlsafe_b64decode(header + "==")) == {"alg": "EdDSA", "kid": key_id(PUBLIC)}
    said = header.encode() + b"." + base64.urlsafe_b64encode(body).rstrip(b"=")
    KEY.public_key().verify(base64.urlsafe_b64decode(signature + "=="), said)


def test_signature__by_the_newer_name_of_the_algorithm__read() -> None:
    secret = OKPKey.import_key(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    header = {"alg": "Ed25519", "kid": key_id(PUBLIC)}
    token = jws.detach_content(jws.serialize_compact(header, b"{}", secret, algorithms=["Ed25519"]))
    assert Verifier([PUBLIC]).check(b"{}", token).key_id == key_id(PUBLIC)


def test_signature__key_rotated__both_keys_are_believed() -> None:
    verifier = Verifier([PUBLIC, OTHER.public_key().public_bytes_raw()])
    assert verifier.check(b"1", sign(KEY, b"1")).key_id != verifier.check(b"1", sign(OTHER, b"1")).key_id


@pytest.mark.parametrize(
    ("keys", "code"),
    [([], "partner_key_missing"), (["zz"], "partner_key_malformed"), ([b"1"], "partner_key_malformed")],
)
def test_verifier__keys_that_are_none__refused(keys: list[str | bytes], code: str) -> None:
    with pytest.raises(BadInput) as caught:
        Verifier(keys)
    assert caught.value.code == code
