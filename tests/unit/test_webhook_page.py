"""The consumer of webhooks that the page shows: it takes what is signed, once, and nothing else."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import textwrap
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from standardwebhooks import Webhook

PAGE = Path(__file__).resolve().parents[2] / "docs" / "webhooks.md"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = '{"type":"chainfin.act.due","data":{"act_id":"act_1"}}'


def consumer() -> str:
    """The page's program."""
    blocks = re.findall(r"(?:^    .*\n|^\n)+", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    (program,) = [textwrap.dedent(block) for block in blocks if "HTTPServer" in block]
    return program


def signed(number: str, body: str = BODY) -> dict[str, str]:
    at = datetime.now(UTC)
    stamp = {"webhook-id": number, "webhook-timestamp": str(int(at.timestamp()))}
    return {**stamp, "webhook-signature": Webhook(SECRET).sign(number, at, body)}


def test_consumer__of_the_page__takes_what_is_signed_and_prints_each_event_once(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (tmp_path / "hook.py").write_text(consumer())
    environment = {**os.environ, "PORT": str(port), "WEBHOOK_SECRET": SECRET}
    with subprocess.Popen(
        [sys.executable, str(tmp_path / "hook.py")], env=environment, stdout=subprocess.PIPE, text=True
    ) as hook:
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as sender:
                answers = [_posted(sender, signed("evt_1"), BODY).status_code for _ in range(2)]
                answers.append(_posted(sender, signed("evt_2", BODY + " "), BODY).status_code)
                answers.append(_posted(sender, signed("evt_3"), BODY).status_code)
        finally:
            hook.terminate()
            printed, _ = hook.communicate()
    assert answers == [204, 204, 401, 204]
    assert printed.splitlines() == ["chainfin.act.due {'act_id': 'act_1'}"] * 2


def _posted(sender: httpx.Client, headers: dict[str, str], body: str) -> httpx.Response:
    for _ in range(200):
        try:
            return sender.post("/", headers=headers, content=body)
        except httpx.ConnectError:
            time.sleep(0.05)
    pytest.fail("the consumer didn't begin to listen")
