"""Declared against found: what `crosscheck deploy` would change on a Prefect server, changing it, taking it back."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from crosscheck.errors import ConfigError
from flows import declared
from flows.declared import TAG, Declared, Deployment
from flows.server import Server

MAKE, CHANGE, REMOVE = "make", "change", "remove"
_DEPLOY_SECONDS = 300
_SHOWN = 60
#: Where a key that the server has and the file has not is a difference; elsewhere it is the server's default.
_CLOSED = ("schedules", "parameters", "job_variables", "job_variables.env")


@dataclass(frozen=True)
class Change:
    """One thing that is not as the files have it."""

    kind: str  # work pool, deployment, automation
    name: str
    action: str
    differences: tuple[str, ...] = ()
    id: str = ""  # of what is there
    wanted: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Difference:
    """Everything that is not as declared, and how much is."""

    changes: tuple[Change, ...]
    same: int
    hints: tuple[str, ...] = ()


def compare(server: Server, wanted: Declared) -> Difference:
    """The files against the server. Nothing is written. Raises ConfigError when versions of Prefect differ."""
    _one_version(server, wanted)
    pools = [Change("work pool", name, MAKE) for name in wanted.pools if server.find(f"/work_pools/{name}") is None]
    deployments = [_deployment(server, item) for item in wanted.deployments]
    automations, hints = _automations(server, wanted.automations)
    changes = [change for change in (*pools, *deployments, *automations) if change is not None]
    everything = len(wanted.pools) + len(wanted.deployments) + len(wanted.automations)
    same = everything - sum(change.action != REMOVE for change in changes)
    return Difference(tuple(changes), same, hints)


def apply(server: Server, wanted: Declared, difference: Difference) -> None:
    """Make it so: the pools, then the deployments by Prefect's own command, then the automations."""
    for change in _of("work pool", difference):
        server.ask("/work_pools/", {"name": change.name, "type": "process"})
    if names := [change.name for change in _of("deployment", difference)]:
        chosen = [(item, _paused(server, item)) for item in wanted.deployments if item.name in names]
        _prefect_deploy(wanted, names)
        for item, paused in chosen:
            _settle(server, item, paused)
    for change in _of("automation", difference):
        _write(server, change)


def remove(server: Server, found: Sequence[Change]) -> None:
    """Take back what `present` found; schedules and planned runs go with their deployment."""
    for change in found:
        server.ask(f"/{change.kind}s/{change.id}", method="DELETE")


def present(server: Server, pools: Sequence[str]) -> tuple[Change, ...]:
    """What is ours on a server: the deployments of our pools, automations with our tag."""
    ours = server.every("/deployments/filter", {"work_pools": {"name": {"any_": list(pools)}}})
    return (*(Change("automation", item["name"], REMOVE, id=item["id"]) for item in _tagged(server)),
            *(Change("deployment", item["name"], REMOVE, id=item["id"]) for item in ours))


def differences(wanted: Any, found: Any, path: str = "") -> Iterator[str]:
    """Where two trees differ, as "schedules.nightly.cron: 0 3 * * * → 0 2 * * *". Order of plain lists is no matter."""
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        beyond = [key for key in found if key not in wanted] if path in _CLOSED else []
        for key in (*wanted, *beyond):
            yield from differences(wanted.get(key), found.get(key), f"{path}.{key}".strip("."))
    elif _nested(wanted) and isinstance(found, list) and len(wanted) == len(found):
        for place, (left, right) in enumerate(zip(wanted, found, strict=True)):
            yield from differences(left, right, f"{path}[{place}]")
    elif _plain(wanted) != _plain(found):
        yield f"{path}: {_short(found)} → {_short(wanted)}"


def _nested(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(item, Mapping) for item in value)


def _plain(value: Any) -> Any:
    return sorted(value, key=str) if isinstance(value, list | tuple | set) else value


def _short(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _one_version(server: Server, wanted: Declared) -> None:
    """Prefect enforces no `prefect-version`, and a server of another version may take a deployment and not play it."""
    here, there = version("prefect"), str(server.ask("/admin/version"))
    if len({here, there, wanted.version or here}) > 1:
        raise ConfigError(f"versions of Prefect differ: server {there}, here {here}, "
                          f"{wanted.file.name} {wanted.version or 'any'}", fix="install requirements/run.txt for the "
                          "server and for the worker, then restart both")


def _deployment(server: Server, item: Deployment) -> Change | None:
    found = server.find(f"/deployments/name/{item.flow}/{item.name}")
    if found is None:
        return Change("deployment", item.name, MAKE, tuple(_times(item.shape["schedules"])))
    told = tuple(differences(item.shape, _shape(found)))
    return Change("deployment", item.name, CHANGE, told, str(found["id"])) if told else None


def _times(schedules: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for slug, rule in schedules.items():
        yield f"schedule {slug}: {rule.get('cron') or rule.get('rrule') or rule.get('interval')} {rule['timezone']}"


def _shape(found: Mapping[str, Any]) -> dict[str, Any]:
    """A deployment of the server as `flows.declared` writes one; a schedule without slug goes by its id."""
    limit = (found.get("global_concurrency_limit") or {}).get("limit")
    options = found.get("concurrency_options") or {}
    return {**found, "concurrency": {} if limit is None else {**options, "limit": limit},
            "schedules": {item["slug"] or item["id"]: declared.schedule(item) for item in found["schedules"]}}


def _automations(server: Server, wanted: Sequence[Mapping[str, Any]]) -> tuple[list[Change], tuple[str, ...]]:
    """By name. An automation of ours that the file does not name any more goes."""
    there = {item["name"]: item for item in server.every("/automations/filter")}
    names = {item["name"] for item in wanted}
    changes = [Change("automation", name, REMOVE, id=item["id"])
               for name, item in there.items() if TAG in item["tags"] and name not in names]
    hints: list[str] = []
    for item in wanted:
        body = {**item, "actions": [_action(server, action, item["name"], hints) for action in item["actions"]]}
        found = there.get(item["name"])
        told = () if found is None else tuple(differences(body, found))
        if found is None or told:
            changes.append(Change("automation", item["name"], CHANGE if found else MAKE, told,
                                  str(found["id"]) if found else "", body))
    return changes, tuple(hints)


def _action(server: Server, action: Mapping[str, Any], name: str, hints: list[str]) -> dict[str, Any]:
    """An action whose block is given by name, with its id; without that block the event feed alone shows it."""
    if "block" not in action:
        return dict(action)
    found = server.every("/block_documents/filter", {"block_documents": {"name": {"any_": [action["block"]]}}})
    if not found:
        hints.append(f"{name}: seen in Prefect's event feed only; with a notification block named {action['block']} "
                     "it is sent as well")
        return {"type": "do-nothing"}
    return {**{key: value for key, value in action.items() if key != "block"}, "block_document_id": found[0]["id"]}


def _write(server: Server, change: Change) -> None:
    if change.action == MAKE:
        server.ask("/automations/", change.wanted)
    else:
        method = "PUT" if change.action == CHANGE else "DELETE"
        server.ask(f"/automations/{change.id}", change.wanted or None, method=method)


def _tagged(server: Server) -> list[dict[str, Any]]:
    return [item for item in server.every("/automations/filter") if TAG in item["tags"]]


def _prefect_deploy(wanted: Declared, names: Sequence[str]) -> None:
    """Prefect's own command: it knows its templates and steps. Raises ConfigError with what it said last."""
    chosen = [word for name in names for word in ("--name", name)]
    words = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--prefect-file", wanted.file.name, *chosen]
    done = subprocess.run(words, cwd=wanted.file.parent, check=False, capture_output=True, text=True,  # noqa: S603
                          timeout=_DEPLOY_SECONDS)
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines()
        raise ConfigError(f"prefect deploy failed: {' '.join(said[-1:])}", fix="prefect deploy --all, to see all of it")


def _paused(server: Server, item: Deployment) -> set[str]:
    """Slugs of the schedules that an operator paused and the file says nothing of."""
    found = server.find(f"/deployments/name/{item.flow}/{item.name}") or {"schedules": []}
    declared_here = item.shape["schedules"]
    return {each["slug"] for each in found["schedules"]
            if not each["active"] and "active" not in declared_here.get(each["slug"], {"active": None})}


def _settle(server: Server, item: Deployment, paused: set[str]) -> None:
    """What `prefect deploy` does not do: schedules that the file names no more go, a pause stays a pause."""
    found = server.ask(f"/deployments/name/{item.flow}/{item.name}")
    for each in found["schedules"]:
        place = f"/deployments/{found['id']}/schedules/{each['id']}"
        if each["slug"] not in item.shape["schedules"]:
            server.ask(place, method="DELETE")
        elif each["slug"] in paused and each["active"]:
            server.ask(place, {"active": False}, method="PATCH")


def _of(kind: str, difference: Difference) -> list[Change]:
    return [change for change in difference.changes if change.kind == kind]
