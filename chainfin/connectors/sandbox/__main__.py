"""``python -m chainfin.connectors.sandbox --home DIR [--port N] [--faults]``: a sandbox as a process of its own."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from chainfin.connectors.sandbox.server import start_sandbox


def main() -> None:
    """Print one JSON line (url, public_key) once it listens; run until it is ended."""
    parser = argparse.ArgumentParser(prog="chainfin.connectors.sandbox", description=main.__doc__)
    parser.add_argument("--home", type=Path, required=True, help="where its state and key are kept")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (0: any)")
    parser.add_argument("--faults", action="store_true", help="misbehave on demand (tests)")
    given = parser.parse_args()
    sandbox = start_sandbox(given.home, given.port, faults=given.faults)
    print(json.dumps({"url": sandbox.url, "public_key": sandbox.public_key}), flush=True)
    try:
        sandbox.wait()
    except KeyboardInterrupt:
        sandbox.stop()


if __name__ == "__main__":
    main()
