"""What `doctor` asks a Prefect server: whether it answers, and whether the night is in its calendar.

A deployment proves nothing: a server with the wrong SQLAlchemy takes it, shows its schedule, and never plans a run.
"""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from base64 import b64encode
from typing import Any

from crosscheck.errors import ConfigError

_TIMEOUT_SECONDS = 10.0
_NIGHTLY = {"deployments": {"name": {"any_": ["nightly"]}}, "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}}


def look(api: str) -> str:
    """What the server at `$PREFECT_API_URL` says. Raises ConfigError with the next step when no night is planned."""
    version = _ask(api, "/admin/version")
    planned = _ask(api, "/flow_runs/count", _NIGHTLY)
    if not planned:
        raise ConfigError(f"Prefect {version} answers and has planned no nightly run",
                          fix="prefect deploy --all; then look for bulk_dml in the server's log: sqlalchemy below 2.1")
    workers = _ask(api, "/work_pools/crosscheck/workers/filter", {"workers": {"status": {"any_": ["ONLINE"]}}})
    if not workers:
        raise ConfigError("no worker is online for the pool crosscheck", fix="prefect worker start --pool crosscheck")
    return f"Prefect {version}: {planned} nightly runs planned, {len(workers)} worker online"


def _ask(api: str, path: str, body: Any = None) -> Any:
    """GET, or POST with a body; PREFECT_API_AUTH_STRING goes along."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(api.rstrip("/") + path, data, {"Content-Type": "application/json"})  # noqa: S310
    if known := os.environ.get("PREFECT_API_AUTH_STRING"):
        request.add_header("Authorization", f"Basic {b64encode(known.encode()).decode()}")
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310 -- the operator's own
            return json.load(answer)
    except urllib.error.HTTPError as error:
        wanted = "set PREFECT_API_AUTH_STRING" if error.code == 401 else "prefect work-pool create crosscheck"
        raise ConfigError(f"Prefect's server answers {error.code} to {path}", fix=wanted) from None
    except (OSError, ValueError):
        raise ConfigError("no Prefect server answers at PREFECT_API_URL", fix="prefect server start") from None
