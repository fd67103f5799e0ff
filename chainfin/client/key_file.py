"""Key files of participants: keystore V3 (the wallets' encrypted form, scrypt) or, where asked for, plain hex."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from chainfin.errors import BadInput
from chainfin.eth.signer import KeySigner

_COMMENT = "#"
"""What begins so in a plain key file is for people."""
SHORTEST, FEWEST = 12, 5
"""Characters, and different ones, of a passphrase: who has the file can try as many as it likes."""


def write(file: Path, signer: KeySigner, passphrase: str | None, *, comment: str = "") -> None:
    """Write a key to a new file of mode 0600: encrypted, or in plain hex (under a ``comment``) without ``passphrase``.

    Raises BadInput key_file_unwritable (also if the file exists), passphrase_empty, passphrase_weak.
    """
    if passphrase == "":
        raise BadInput("passphrase_empty", "an empty passphrase protects nothing; a plain file has to be asked for")
    if passphrase is not None and (len(passphrase) < SHORTEST or len(set(passphrase)) < FEWEST):
        why = f"a passphrase has at least {SHORTEST} characters, {FEWEST} of them different: some words, say"
        raise BadInput("passphrase_weak", why, where=str(file))
    if passphrase is None:
        text = (f"{_COMMENT} {comment}\n" if comment else "") + signer.secret.hex()
    else:
        # only here and where a keystore is opened: it brings curves that take half a second to load
        from eth_account import Account

        text = json.dumps(Account.encrypt(signer.secret, passphrase, kdf="scrypt"))
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise BadInput("key_file_unwritable", str(error.strerror), where=str(file)) from None
    with os.fdopen(handle, "w") as target:
        target.write(text + "\n")


def read(file: Path, passphrase: Callable[[], str]) -> KeySigner:
    """The key of a file in either form; ``passphrase`` is asked for only where the file is encrypted.

    Raises BadInput file_unreadable, key_malformed, passphrase_wrong.
    """
    try:
        text = file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise BadInput("file_unreadable", str(error.strerror), where=str(file)) from None
    except ValueError:
        text = ""
    if is_keystore(text):
        return KeySigner(_decrypted(text, passphrase(), file))
    try:
        lines = [line for line in text.splitlines() if not line.startswith(_COMMENT)]
        secret = bytes.fromhex("".join(lines).strip().removeprefix("0x"))
        if len(secret) == 32:
            return KeySigner(secret)
    except ValueError:
        pass
    raise BadInput("key_malformed", "a key file is a keystore (V3) or 32 bytes in hex", where=str(file))


def is_keystore(text: str) -> bool:
    """Whether a file's text is a keystore, as against plain hex or client credentials."""
    try:
        found = json.loads(text)
    except ValueError:
        return False
    return isinstance(found, dict) and ("crypto" in found or "Crypto" in found)


def _decrypted(text: str, passphrase: str, file: Path) -> bytes:
    from eth_account import Account

    try:
        return bytes(Account.decrypt(text, passphrase))
    except (ValueError, KeyError, TypeError, NotImplementedError) as error:
        # eth-keyfile's words for a keystore that doesn't open with the passphrase
        if "MAC mismatch" in str(error):
            code, why = "passphrase_wrong", "the keystore doesn't open with this passphrase"
        else:
            code, why = "key_malformed", f"this is no keystore that can be read: {error!r}"[:200]
        raise BadInput(code, why, where=str(file)) from None
