"""The files under docs/operate/deploy: settings that exist, folders that exist, nothing open to the world, no root."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from chainfin.settings import reference

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "operate" / "deploy"
DOCKERFILE = (FOLDER / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))
MANIFESTS = [
    each
    for path in sorted((FOLDER / "kubernetes").glob("*.yaml"))
    for each in yaml.safe_load_all(path.read_text(encoding="utf-8"))
]


def _kind(name: str) -> dict[str, Any]:
    (found,) = (each for each in MANIFESTS if each["kind"] == name)
    return dict(found)


@pytest.mark.parametrize(
    "path", sorted(path for path in FOLDER.rglob("*") if path.is_file()), ids=lambda path: path.name
)
def test_files__settings__are_those_of_the_program(path: Path) -> None:
    known = set(re.findall(r"CHAINFIN_[A-Z_]+", reference()))
    assert set(re.findall(r"CHAINFIN_[A-Z_]+", path.read_text(encoding="utf-8"))) <= known


def test_image__copies_what_the_wheel_is_made_of() -> None:
    copied = {
        source
        for line in DOCKERFILE.splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for source in line.split()[1:-1]
    }
    assert all((ROOT / source).exists() for source in copied), copied
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"]
    assert {*wheel["wheel"]["packages"], *wheel["wheel"]["force-include"]} <= copied
    let_in = (FOLDER / "Dockerfile.dockerignore").read_text(encoding="utf-8")
    assert {line[1:] for line in let_in.splitlines() if line.startswith("!")} == copied


def test_image__the_service_is_not_root_and_its_home_outlives_it() -> None:
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    assert re.search(r"^USER 10001$", last, re.MULTILINE)
    home = re.search(r"CHAINFIN_HOME=(\S+)", last)
    assert home is not None
    assert f"VOLUME {home[1]}\n" in last


def test_compose__published_to_this_machine_alone__home_and_database_kept() -> None:
    for name, service in COMPOSE["services"].items():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name
        kept = {volume.partition(":")[0] for volume in service["volumes"]}
        assert kept <= set(COMPOSE["volumes"]), name
    service = COMPOSE["services"]["chainfin"]
    assert service["read_only"]
    assert (FOLDER / service["build"]["context"]).resolve() == ROOT
    assert (ROOT / service["build"]["dockerfile"]).exists()
    assert service["depends_on"]["database"]["condition"] == "service_healthy"
    assert COMPOSE["services"]["database"]["environment"]["POSTGRES_PASSWORD"].startswith("${POSTGRES_PASSWORD:?")


def test_kubernetes__one_replica_not_root_and_ready_when_readyz_says_so() -> None:
    stateful = _kind("StatefulSet")["spec"]
    (container,) = stateful["template"]["spec"]["containers"]
    assert stateful["replicas"] == 1, "keys in custody lie sealed in its home"
    assert stateful["template"]["spec"]["securityContext"]["runAsNonRoot"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz", (
        "a database that is away is no reason to restart"
    )
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert container["image"] == f"chainfin:{version}"
    assert not _kind("ConfigMap")["data"].keys() & {"CHAINFIN_DATABASE_URL", "CHAINFIN_METRICS_TOKEN"}, "secrets"
