"""`make clients`: public generators make clients of the OpenAPI document, and each plays a trade at a running service.

All that is built stands in ``clients/``: an npm package in ``clients/typescript`` (by @hey-api/openapi-ts), types for
openapi-fetch in ``clients/play/types.ts`` (by openapi-typescript), a Python package in ``clients/python`` (by
openapi-python-client). tsc has to find nothing; then each client, and a script with ethers alone, goes from an order to
a repaid loan against a `chainfin serve` of its own, and its evidence has to verify. Else the exit code is 1.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from api.app import describe
from chainfin import samples
from chainfin.settings import load

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
BUILT = ROOT / "clients"
TOOLS = ROOT / ".venv-clients" / "bin"
LEAST_NODE = 20
PLAYERS: Mapping[str, list[str]] = {
    "ethers alone": ["node", "play/trade.mjs"],
    "openapi-typescript": ["node", "play/out/with_types.js"],
    "@hey-api/openapi-ts": ["node", "play/out/with_sdk.js"],
    "openapi-python-client": [str(TOOLS / "python"), str(HERE / "with_python.py")],
}
"""Who plays → how it is started, in the folder of what is built."""


class Failed(Exception):
    """A command that was to exit 0 didn't."""


def run(*command: str | Path, folder: Path = BUILT, **environment: str) -> str:
    """What it printed. It knows nothing of our settings, but for what the ``environment`` says. Raises Failed."""
    words = [str(word) for word in command]
    done = subprocess.run(
        words, cwd=folder, env=foreign() | environment, capture_output=True, text=True, check=False, timeout=300
    )
    if done.returncode != 0:
        raise Failed(f"{' '.join(words)}: exit code {done.returncode}\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
    return done.stdout


def foreign() -> dict[str, str]:
    """The environment of somebody who has never heard of us."""
    own = ("CHAINFIN_", "ETH_HASH_", "PYTHONPATH")
    return {name: value for name, value in os.environ.items() if not name.startswith(own)}


def tool(name: str, *words: str) -> None:
    """A command of an npm package."""
    run(BUILT / "node_modules" / ".bin" / name, *words)


def install() -> None:
    """The pinned npm packages, anew where the pins have changed."""
    kept = BUILT / "node_modules" / ".pinned"
    pinned = (HERE / "package-lock.json").read_text(encoding="utf-8")
    if kept.exists() and kept.read_text(encoding="utf-8") == pinned:
        return
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, BUILT / name)
    run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    kept.write_text(pinned, encoding="utf-8")


def generate() -> None:
    """Every client, made anew. Raises Failed: a generator or tsc finds something."""
    document = describe()
    (BUILT / "openapi.json").write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    for name in ("play", "typescript", "python"):
        shutil.rmtree(BUILT / name, ignore_errors=True)
    play = BUILT / "play"
    play.mkdir()
    for file in (*HERE.glob("*.ts"), *HERE.glob("*.mjs"), HERE / "tsconfig.json"):
        shutil.copy(file, play)
    tool("openapi-typescript", "openapi.json", "-o", "play/types.ts")
    tool("openapi-ts", "-f", "play/openapi-ts.config.mjs")
    package(str(document["info"]["version"]))
    tool("tsc", "--strict", "--noEmitOnError", "-p", "play")
    made = ["--path", "openapi.json", "--output-path", "python", "--fail-on-warning"]
    # it calls ruff, which stands beside it
    path = f"{TOOLS}{os.pathsep}{os.environ['PATH']}"
    run(TOOLS / "openapi-python-client", "generate", *made, PATH=path)


def package(version: str) -> None:
    """The npm package of what openapi-ts has made: compiled, packed, and installed as one that came from elsewhere."""
    folder = BUILT / "typescript"
    shutil.copy(HERE / "npm" / "tsconfig.json", folder)
    said = json.loads((HERE / "npm" / "package.json").read_text(encoding="utf-8"))
    (folder / "package.json").write_text(json.dumps({**said, "version": version}, indent=2) + "\n", encoding="utf-8")
    tool("tsc", "--strict", "--noEmitOnError", "-p", "typescript")
    packed = run("npm", "pack", "--silent", "--ignore-scripts", folder=folder).strip()
    run(
        "npm",
        "install",
        "--no-save",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--offline",
        f"./typescript/{packed}",
    )


@contextmanager
def service(home: Path) -> Iterator[str]:
    """A service on a free port of this machine, and its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    command = [sys.executable, "-m", "chainfin.cli", "serve", "--port", port]
    with (home / "serve.log").open("w") as log:
        served = subprocess.Popen(
            command,
            cwd=ROOT,
            env=foreign() | {"CHAINFIN_HOME": str(home / "home")},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            served.terminate()
            served.wait(30)


def play(folder: Path) -> bool:
    """Everybody in turn. Returns whether all went well."""
    good = True
    chainfin = (sys.executable, "-m", "chainfin.cli")
    with service(folder) as url:
        joining = ("try", folder / "try", "--join", "--url", url)
        run(*chainfin, *joining, folder=ROOT, CHAINFIN_HOME=str(folder / "home"))
        today = datetime.now(load().time_zone).date()
        for number, (who, command) in enumerate(PLAYERS.items(), start=1):
            documents, evidence = folder / f"documents-{number}", folder / f"evidence-{number}.json"
            documents.mkdir()
            made = samples.trade(today, f"CLIENT-INV-{number}", order_number=f"CLIENT-PO-{number}")
            for name, content in made.items():
                (documents / f"{name}.xml").write_bytes(content)
            begun = time.monotonic()
            try:
                said = run(*command, url, folder / "try", documents, evidence, PYTHONPATH=str(BUILT / "python"))
                run(*chainfin, "audit", "verify", evidence, folder=ROOT)
            except Failed as failure:
                good = False
                print(f"BAD  {who}: {failure}")
            else:
                print(f"ok   {who}: {said.strip()}, its evidence holds; {time.monotonic() - begun:.1f} s")
    if not good:
        print(f"the service's last lines:\n{(folder / 'serve.log').read_text()[-2000:]}")
    return good


def node_version() -> int:
    """Its major version; 0: there is none, or no npm."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return 0
    return int(run("node", "--version", folder=ROOT).strip().lstrip("v").partition(".")[0])


def main() -> int:
    if node_version() < LEAST_NODE or not (TOOLS / "openapi-python-client").exists():
        print(f"skipped: this needs Node {LEAST_NODE} with npm, and openapi-python-client")
        return 0
    BUILT.mkdir(exist_ok=True)
    marks = [("begun", time.monotonic())]
    try:
        install()
        marks.append(("installed", time.monotonic()))
        generate()
        marks.append(("made and compiled", time.monotonic()))
        with tempfile.TemporaryDirectory(prefix="chainfin-clients-", ignore_cleanup_errors=True) as name:
            good = play(Path(name))
        marks.append(("played", time.monotonic()))
    except Failed as failure:
        print(f"BAD  {failure}")
        return 1
    spent = [f"{name} in {at - before:.0f} s" for (_, before), (name, at) in pairwise(marks)]
    print(f"clients: {', '.join(spent)}: {'all play' if good else 'NOT all play'}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
