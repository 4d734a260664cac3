"""What is to be on the server: the deployments of `prefect.yaml` and the automations of `deploy/automations.yaml`.

Prefect's own words, its own templates and its own reading of a flow's parameters, in the shape in which the server
tells them, so that the two can be compared. What a build step fills in is known only when it has run: not compared.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from crosscheck.errors import ConfigError

if TYPE_CHECKING:
    from prefect.flows import Flow

#: Automations with this tag are ours: one that the file does not name any more is taken back.
TAG = "crosscheck"
_RULES = ("cron", "interval", "rrule", "timezone")


@dataclass(frozen=True)
class Deployment:
    """A deployment: its name among the flow's, and the shape to compare."""

    name: str
    flow: str
    shape: Mapping[str, Any]

    @property
    def pool(self) -> str:
        """The work pool that plays it."""
        return str(self.shape["work_pool_name"])


@dataclass(frozen=True)
class Declared:
    """Both files, read."""

    file: Path
    version: str  # of Prefect, as the file wants it
    deployments: tuple[Deployment, ...]
    automations: tuple[Mapping[str, Any], ...]

    @property
    def pools(self) -> tuple[str, ...]:
        """Every work pool that a deployment names, once."""
        return tuple(dict.fromkeys(item.pool for item in self.deployments))


def read(file: Path, automations: Path) -> Declared:
    """Both files; without the second there are no automations. Raises ConfigError naming the file and what is off."""
    from prefect.utilities.templating import apply_values

    raw: dict[str, Any] = apply_values(_yaml(file), dict(os.environ), remove_notset=False)  # type: ignore[assignment]
    found = tuple(_deployment(item, file, raw.get("pull")) for item in raw.get("deployments") or ())
    if not found:
        raise ConfigError(f"{file.name} declares no deployment", fix="take prefect.yaml of the checkout")
    hints = _yaml(automations).get("automations") or () if automations.exists() else ()
    return Declared(file.resolve(), str(raw.get("prefect-version", "")), found, tuple(_automation(h) for h in hints))


def pools(file: Path) -> tuple[str, ...]:
    """The work pools that the deployments of a file name; no flow is imported for it."""
    named = (item.get("work_pool") or {} for item in _yaml(file).get("deployments") or ())
    return tuple(dict.fromkeys(str(pool["name"]) for pool in named if pool.get("name")))


def schedule(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A schedule by its rule alone; a pause is the operator's unless the file speaks of it."""
    rule = raw.get("schedule", raw)
    kept = {name: rule[name] for name in _RULES if rule.get(name) is not None}
    active = {"active": raw["active"]} if raw.get("active") is not None else {}
    return {**kept, **active, "parameters": raw.get("parameters") or {}}


def _deployment(raw: Mapping[str, Any], file: Path, pull: Any) -> Deployment:
    from prefect.flows import load_flow_from_entrypoint
    from prefect.utilities.callables import parameter_schema

    name, pool = str(raw.get("name")), raw.get("work_pool") or {}
    flow: Flow[..., Any] = load_flow_from_entrypoint(str(file.resolve().parent / str(raw["entrypoint"])))
    shape = {
        "entrypoint": raw["entrypoint"], "version": raw.get("version"),
        "description": raw.get("description") or flow.description, "work_pool_name": pool.get("name"),
        "job_variables": pool.get("job_variables") or {}, "parameters": raw.get("parameters") or {},
        "tags": raw.get("tags") or [], "schedules": _schedules(name, raw.get("schedules") or (), file),
        "concurrency": _concurrency(raw.get("concurrency_limit")), "pull_steps": raw.get("pull") or pull or _here(file),
        "parameter_openapi_schema": parameter_schema(flow).model_dump(mode="json", exclude_unset=True),
    }
    return Deployment(name, flow.name, {key: value for key, value in shape.items() if "{{" not in str(value)})


def _schedules(deployment: str, raw: Any, file: Path) -> dict[str, Any]:
    """By slug. One without a slug would be doubled by the next deploy; one without a zone runs at UTC's two o'clock."""
    for item in raw:
        if missing := [word for word in ("slug", "timezone") if not item.get(word)]:
            raise ConfigError(f"{file.name}: a schedule of {deployment} has no {missing[0]}",
                              fix="every schedule is {slug: …, cron: …, timezone: Asia/Ho_Chi_Minh}")
    return {item["slug"]: schedule(item) for item in raw}


def _concurrency(raw: Any) -> dict[str, Any]:
    if raw is None:
        return {}
    return dict(raw) if isinstance(raw, Mapping) else {"limit": raw}


def _here(file: Path) -> list[Any]:
    """Without a `pull` section a run plays in the folder of the file."""
    return [{"prefect.deployments.steps.set_working_directory": {"directory": str(file.resolve().parent)}}]


def _automation(raw: Any) -> Mapping[str, Any]:
    return {"enabled": True, **raw, "tags": sorted({TAG, *(raw.get("tags") or ())})}


def _yaml(file: Path) -> Any:
    try:
        return YAML(typ="safe").load(file.read_text(encoding="utf-8")) or {}
    except FileNotFoundError:
        raise ConfigError(f"no {file.name} here", fix="run it in the checkout, or name it by --file") from None
    except YAMLError as error:
        raise ConfigError(f"{file.name} is not YAML: {error}", fix=f"edit {file.name}") from None
