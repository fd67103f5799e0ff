"""Signers: the same signature from a key in this process, in a keystore file and in another process."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from coincurve import PrivateKey
from eth_account import Account
from eth_account.messages import encode_defunct
from eth_hash.auto import keccak
from typer.testing import CliRunner

from chainfin.chain.web3signer import Web3Signer
from chainfin.cli.main import app
from chainfin.client import key_file
from chainfin.errors import BadInput, Unavailable
from chainfin.eth.signer import KeySigner, personal_message
from chainfin.eth.transaction import Transaction

KEY = KeySigner(b"\x11" * 32)
OTHER = KeySigner(b"\x22" * 32)
TO = "0x5B38Da6a701c568545dCfcB03FcB875f56beddC4"
Answer = Callable[[httpx.Request], httpx.Response]


@pytest.mark.parametrize("to", [TO, None])
def test_transaction__signed__is_what_eth_account_makes(to: str | None) -> None:
    fields = {"nonce": 3, "gasPrice": 14, "gas": 90_000, "value": 0, "data": b"\x01\x02", "chainId": 310_310}
    expected = Account.sign_transaction(fields | ({"to": to} if to else {}), KEY.secret)
    hashed, raw = Transaction(3, 14, 90_000, to, b"\x01\x02", 310_310).signed(KEY)
    assert (hashed, raw) == (bytes(expected.hash), bytes(expected.raw_transaction))


@pytest.mark.parametrize("text", ["", "127.0.0.1 wants you to sign in", "签名 ✓"])
def test_personal_message__signed__is_what_a_wallet_makes(text: str) -> None:
    expected = Account.sign_message(encode_defunct(text=text), KEY.secret)
    assert KEY.sign(personal_message(text)) == bytes(expected.signature)


def public_key(signer: KeySigner) -> str:
    return "0x" + PrivateKey(signer.secret).public_key.format(compressed=False)[1:].hex()


def web3signer(held: KeySigner, wanted: KeySigner = KEY, sign: Answer | None = None) -> Web3Signer:
    """A web3signer that holds one key, as its HTTP API answers; ``sign`` answers instead."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/v1/eth1/publicKeys":
            return httpx.Response(200, json=[public_key(OTHER), public_key(held)])
        assert request.url.path == f"/api/v1/eth1/sign/{public_key(held)}"
        if sign is not None:
            return sign(request)
        data = json.loads(request.content)["data"]
        return httpx.Response(200, text="0x" + held.sign(bytes.fromhex(data[2:])).hex())

    return Web3Signer("http://127.0.0.1:9000", wanted.address, transport=httpx.MockTransport(answer))


def test_web3signer__signs__as_the_key_itself_does() -> None:
    remote = web3signer(KEY)
    assert remote.address == KEY.address
    assert remote.sign(b"message") == KEY.sign(b"message")
    transaction = Transaction(0, 1, 21_000, TO, b"", 1)
    assert transaction.signed(remote) == transaction.signed(KEY)


def test_web3signer__does_not_hold_the_key__signer_key_absent() -> None:
    with pytest.raises(Unavailable) as caught:
        web3signer(OTHER, wanted=KEY)
    assert caught.value.code == "signer_key_absent"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (httpx.Response(200, text="0x" + OTHER.sign(b"message").hex()), "signer_answer_foreign"),
        (httpx.Response(200, text="0x12"), "signer_answer_foreign"),
        (httpx.Response(200, text="no"), "signer_answer_foreign"),
        (httpx.Response(404), "signer_unreachable"),
        (httpx.Response(500), "signer_unreachable"),
    ],
)
def test_web3signer__answers_anything_else__is_not_believed(answer: httpx.Response, code: str) -> None:
    with pytest.raises(Unavailable) as caught:
        web3signer(KEY, sign=lambda _: answer).sign(b"message")
    assert caught.value.code == code


def test_web3signer__away__signer_unreachable() -> None:
    with pytest.raises(Unavailable) as caught:
        Web3Signer("http://127.0.0.1:9", KEY.address, timeout_s=0.5)
    assert caught.value.code == "signer_unreachable"


# key files


def test_key_file__written_encrypted__opens_with_its_passphrase_here_and_in_other_wallets(tmp_path: Path) -> None:
    file = tmp_path / "core.key"
    key_file.write(file, KEY, "correct horse")
    text = file.read_text()
    assert KEY.secret.hex() not in text
    assert file.stat().st_mode & 0o777 == 0o600
    assert (json.loads(text)["version"], json.loads(text)["crypto"]["kdf"]) == (3, "scrypt")
    assert bytes(Account.decrypt(text, "correct horse")) == KEY.secret
    assert key_file.read(file, lambda: "correct horse").secret == KEY.secret
    with pytest.raises(BadInput) as caught:
        key_file.read(file, lambda: "wrong horse")
    assert caught.value.code == "passphrase_wrong"


def test_key_file__plain__is_read_without_asking(tmp_path: Path) -> None:
    file = tmp_path / "core.key"
    key_file.write(file, KEY, None)
    assert key_file.read(file, lambda: pytest.fail("asked")).address == KEY.address


@pytest.mark.parametrize(
    "text", ["", "zz", "11" * 31, '{"crypto": {}}', '{"crypto": {"kdf": "x"}, "version": 3}', "[]"]
)
def test_key_file__neither_form__key_malformed(tmp_path: Path, text: str) -> None:
    file = tmp_path / "core.key"
    file.write_text(text)
    with pytest.raises(BadInput) as caught:
        key_file.read(file, lambda: "x")
    assert caught.value.code == "key_malformed"


def test_key_file__exists__is_not_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "core.key"
    key_file.write(file, KEY, None)
    with pytest.raises(BadInput) as caught:
        key_file.write(file, OTHER, None)
    assert caught.value.code == "key_file_unwritable"
    assert key_file.read(file, str).address == KEY.address


def test_key_new__by_default__encrypts_with_the_given_passphrase(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret, file = tmp_path / "passphrase", tmp_path / "core.key"
    secret.write_text("correct horse\n")
    made = CliRunner().invoke(app, ["key", "new", str(file), "--passphrase-file", str(secret)])
    assert made.exit_code == 0
    assert key_file.read(file, lambda: "correct horse").address == made.output.strip()
    monkeypatch.setenv("CHAINFIN_KEY_PASSPHRASE", "another horse")
    made = CliRunner().invoke(app, ["key", "new", str(tmp_path / "b.key")])
    assert key_file.read(tmp_path / "b.key", lambda: "another horse").address == made.output.strip()


def test_key_new__nobody_to_ask__passphrase_needed_and_no_file(tmp_path: Path) -> None:
    asked = CliRunner().invoke(app, ["key", "new", str(tmp_path / "core.key")])
    assert isinstance(asked.exception, BadInput)
    assert asked.exception.code == "passphrase_needed"
    assert not (tmp_path / "core.key").exists()


def test_key_new__plain__is_asked_for(tmp_path: Path) -> None:
    made = CliRunner().invoke(app, ["key", "new", "--plain", str(tmp_path / "core.key")])
    assert len(bytes.fromhex((tmp_path / "core.key").read_text())) == 32
    assert key_file.read(tmp_path / "core.key", str).address == made.output.strip()


def test_keccak__of_the_message__is_what_is_signed() -> None:
    recovered = Account._recover_hash(keccak(b"message"), signature=KEY.sign(b"message"))
    assert recovered == KEY.address
