"""What `doctor` asks a Prefect server: whether it answers, who plays a night, and whether one is in its calendar.

A deployment proves nothing: a server with the wrong SQLAlchemy takes it, shows its schedule, and never plans a run.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from crosscheck.errors import ConfigError
from flows.server import Server

POOL = "crosscheck"
_ONLINE = {"workers": {"status": {"any_": ["ONLINE"]}}}


def checks(api: str, pin: str) -> tuple[tuple[str, Callable[[], str]], ...]:
    """Name and look of each check, the one on which the others rest first. A look raises ConfigError with a fix."""
    server = Server(api)
    return (("prefect server", partial(_version, server, pin)), ("work pool", partial(_pool, server)),
            ("worker", partial(_worker, server)), ("planned nights", partial(_planned, server)))


def _version(server: Server, pin: str) -> str:
    """The server tells Prefect's version and no other: which SQLAlchemy it has, only the calendar shows."""
    found = str(server.ask("/admin/version"))
    if found != pin:
        raise ConfigError(f"the server is Prefect {found}, the nights are written for {pin}",
                          fix="install requirements/run.txt where the server runs, and restart it")
    return f"Prefect {found} answers"


def _pool(server: Server) -> str:
    found = server.find(f"/work_pools/{POOL}")
    if found is None:
        raise ConfigError(f"there is no work pool {POOL}", fix="crosscheck deploy")
    if found["is_paused"]:
        raise ConfigError(f"the work pool {POOL} is paused: nothing starts", fix=f"prefect work-pool resume {POOL}")
    return f"{POOL}, for runs of type {found['type']}"


def _worker(server: Server) -> str:
    if server.find(f"/work_pools/{POOL}") is None:
        raise ConfigError("no worker can be online without a work pool", fix="crosscheck deploy")
    online = server.ask(f"/work_pools/{POOL}/workers/filter", _ONLINE)
    if not online:
        raise ConfigError(f"no worker is online for the pool {POOL}: planned nights wait",
                          fix=f"systemctl restart crosscheck-worker, or prefect worker start --pool {POOL}")
    return f"{len(online)} online"


def _planned(server: Server) -> str:
    """Runs of the nightly deployment in the future; a late one, which nobody began, is none of them."""
    deployment = server.find("/deployments/name/nightly/nightly")
    if deployment is None:
        raise ConfigError("no nightly deployment is on the server", fix="crosscheck deploy")
    future = {"deployments": {"id": {"any_": [deployment["id"]]}},
              "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}},
                            "expected_start_time": {"after_": datetime.now(UTC).isoformat()}}}
    count = server.ask("/flow_runs/count", future)
    if not count:
        raise ConfigError("no nightly run is planned", fix=_why(deployment))
    [first] = server.ask("/flow_runs/filter", {**future, "sort": "EXPECTED_START_TIME_ASC", "limit": 1})
    return f"{count}, the next at {datetime.fromisoformat(first['expected_start_time']):%Y-%m-%d %H:%M} UTC"


def _why(deployment: dict[str, object]) -> str:
    """The commonest causes, as far as the deployment tells them."""
    schedules = deployment["schedules"]
    assert isinstance(schedules, list), "the server lists schedules"
    if not schedules:
        return "crosscheck deploy: the deployment has no schedule"
    if deployment["paused"] or not any(item["active"] for item in schedules):
        return "prefect deployment schedule ls nightly/nightly: it is paused; resume it there"
    return "wait a minute; then look for bulk_dml in the server's log: the server needs sqlalchemy below 2.1"
