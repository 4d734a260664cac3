"""What is shipped for systemd and compose: pinned, loopback, silent, secrets by files, the worker with its server."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from flows.declared import TAG

DEPLOY = Path(__file__).parents[1] / "deploy"
COMPOSE = YAML(typ="safe").load((DEPLOY / "compose/compose.yaml").read_text(encoding="utf-8"))
SILENT = {"DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}


def unit(name: str) -> configparser.ConfigParser:
    """A systemd unit, as far as it is an INI file."""
    read = configparser.ConfigParser(strict=False, interpolation=None)
    read.optionxform = str  # type: ignore[assignment,method-assign]
    read.read(DEPLOY / f"systemd/crosscheck-{name}.service", encoding="utf-8")
    return read


def variables(name: str) -> dict[str, str]:
    """The variables that an example of an environment file sets."""
    text = (DEPLOY / f"{name}.env.example").read_text(encoding="utf-8")
    return dict(re.findall(r"^([A-Z_]+)=(.*)$", text, re.MULTILINE))


def test_the_worker_goes_with_its_server() -> None:
    """Both come back by themselves; the server listens on loopback; the worker restarts with it and after it."""
    server, worker = unit("server"), unit("worker")
    assert {each["Service"]["Restart"] for each in (server, worker)} == {"always"}
    assert "--host 127.0.0.1" in server["Service"]["ExecStart"]
    assert worker["Unit"]["PartOf"] == worker["Unit"]["After"] == "crosscheck-server.service"
    for each, name in ((server, "server"), (worker, "worker")):
        assert each["Service"]["EnvironmentFile"] == f"/etc/crosscheck/{name}.env"


@pytest.mark.parametrize("name", ["server", "worker"])
def test_telemetry_is_off_and_no_example_holds_a_secret(name: str) -> None:
    """What is copied without reading it is silent and safe."""
    known = variables(name)
    assert known.items() >= SILENT.items()
    assert not [key for key, value in known.items() if "PASSWORD" in value or key.endswith(("TOKEN", "KEY"))]


def test_every_image_is_pinned_and_every_service_is_looked_after() -> None:
    """No `latest`; a health check for whatever stays up; nothing published beyond this machine."""
    for name, service in COMPOSE["services"].items():
        assert re.search(r":\d+\.\d+", service["image"]), name
        assert "healthcheck" in service or service["restart"] == "no", name
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    docker = (DEPLOY / "compose/Dockerfile").read_text(encoding="utf-8")
    assert set(re.findall(r"^FROM (\S+)", docker, re.MULTILINE)) == {"python:3.12.11-slim-bookworm"}


def test_secrets_come_from_files_alone() -> None:
    """Every secret that a service uses is a file; no environment of a service holds one."""
    assert all(set(secret) == {"file"} for secret in COMPOSE["secrets"].values())
    for service in COMPOSE["services"].values():
        assert set(service.get("secrets", ())) <= set(COMPOSE["secrets"])
        plain = {key: str(value) for key, value in service.get("environment", {}).items() if not key.endswith("_FILE")}
        assert not [key for key, value in plain.items() if "PASSWORD" in key or "@" in value]


def test_hints_start_nothing() -> None:
    """Automations tell and do nothing else; their names carry ours."""
    hints = YAML(typ="safe").load((DEPLOY / "automations.yaml").read_text(encoding="utf-8"))["automations"]
    assert {action["type"] for hint in hints for action in hint["actions"]} == {"send-notification"}
    assert all(hint["name"].startswith(f"{TAG}: ") for hint in hints)
