"""The command line with a key file of one's own: made, and signing while others and the service come and go."""

from __future__ import annotations

import socket

import pytest

from chainfin.cli import party as party_commands
from chainfin.client.client import Client
from chainfin.client.problem import ApiProblem
from chainfin.demo import try_join
from chainfin.errors import Refused, Unavailable
from tests.e2e.cli_shell import Shell, code_of


@pytest.fixture(scope="module")
def some_key(shell: Shell) -> str:
    """A key file of nobody that was admitted."""
    assert shell.run("key", "new", "some.key", "--plain").exit_code == 0
    return "some.key"


def test_sign__some_are_refused__named_once_the_others_are_signed(
    shell: Shell, some_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stale = {
        "id": "act_1",
        "function": "cancel",
        "subject": "0xab",
        "code": "chain_state",
        "message": "it is confirmed",
    }
    monkeypatch.setattr(Client, "sign_in", lambda member: None)

    def overtaken(member: Client) -> int:
        raise Refused("acts_refused", "…", signed=2, refused=[stale])

    monkeypatch.setattr(Client, "sign_waiting", overtaken)
    done = shell.run("sign", some_key)
    assert (done.exit_code, done.stdout) == (1, "2 signed and final\n")
    assert "not signed: cancel of 0xab (act_1): chain_state: it is confirmed" in done.stderr
    rounds = iter((1, 2))

    def again(member: Client) -> int:
        next(rounds)
        return overtaken(member)

    monkeypatch.setattr(Client, "sign_waiting", again)
    monkeypatch.setattr(party_commands, "WATCH_S", 0.0)
    watched = shell.run("sign", some_key, "--watch")
    assert isinstance(watched.exception, StopIteration)
    assert watched.stderr.count("act_1") == 1, "told once"


@pytest.mark.parametrize("passphrase", ["secret", "aaaaaaaaaaaaaaaa"])
def test_key_new__weak_passphrase__refused_with_the_rule(shell: Shell, passphrase: str) -> None:
    (shell.folder / "weak.txt").write_text(passphrase)
    done = shell.run("key", "new", "weak.key", "--passphrase-file", "weak.txt")
    assert code_of(done) == "passphrase_weak"
    assert "at least 12 characters, 5 of them different" in str(done.exception)
    assert not (shell.folder / "weak.key").exists()


@pytest.mark.parametrize(
    "words", [("token", "some.key"), ("try", "--join"), ("sign", "some.key"), ("openapi", "--postman")]
)
def test_url__only_the_port_is_set__the_service_at_that_port(
    shell: Shell, some_key: str, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = str(closed.getsockname()[1])
        monkeypatch.setattr(try_join, "PATIENCE_S", 0.0)
        monkeypatch.setitem(shell.environment, "CHAINFIN_PORT", port)
        monkeypatch.setitem(shell.environment, "CHAINFIN_URL", "")
        done = shell.run(*words)
    assert f"http://127.0.0.1:{port}" in f"{done.output}{done.exception}"


def test_url__without_a_scheme__says_what_is_missing(shell: Shell, some_key: str) -> None:
    done = shell.run("token", some_key, "--url", "127.0.0.1:8310")
    assert code_of(done) == "url_malformed"
    assert "http://" in str(done.exception)


def test_sign__watching_while_the_service_is_away__goes_on_when_it_is_back(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shell.run("key", "new", "watch.key").exit_code == 0
    gone = Unavailable("service_unreachable", "no answer")
    away = [gone, gone, ApiProblem(401, {"code": "token_invalid"})]

    def sign_in(member: Client) -> None:
        if away:
            raise away.pop(0)

    rounds = iter((0, 2))
    monkeypatch.setattr(Client, "sign_in", sign_in)
    monkeypatch.setattr(Client, "sign_waiting", lambda member: next(rounds))  # then there is nothing left to look at
    monkeypatch.setattr(party_commands, "RETRY_S", 0.0)
    done = shell.run("sign", "watch.key", "--watch")
    assert isinstance(done.exception, StopIteration), done.output
    assert done.stdout == "2 signed and final\n"
    assert (done.stderr.count("service_unreachable"), done.stderr.count("token_invalid")) == (1, 1), done.stderr
    monkeypatch.undo()
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        assert code_of(shell.run("sign", "watch.key", "--url", url)) == "service_unreachable"
