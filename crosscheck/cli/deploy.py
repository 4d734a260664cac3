"""`deploy` and `undeploy`: what the files declare, on a Prefect server and off it again."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from crosscheck.cli.options import Json
from crosscheck.cli.out import UsageError, following, note, out, print_json
from crosscheck.errors import CrosscheckError

if TYPE_CHECKING:
    from flows.deployments import Change, Difference
    from flows.server import Server

_ROOT = Path(__file__).parents[2]
_DONE = {"make": ("+", "made"), "change": ("~", "changed"), "remove": ("-", "removed")}
Named = Annotated[Path, Parameter("--file", help="The deployments; default prefect.yaml of the checkout.")]


def deploy(*, file: Named = _ROOT / "prefect.yaml",
           dry_run: Annotated[bool, Parameter("--dry-run", negative=())] = False, as_json: Json = False) -> int:
    """Bring the work pool, the deployments with their schedules and the automations to the server at PREFECT_API_URL.

    Only what differs is written; a second call changes nothing. Example: `crosscheck deploy --dry-run`

    Parameters
    ----------
    dry_run: say what differs, write nothing.
    """
    from flows.declared import read
    from flows.deployments import apply, compare
    from flows.server import Server

    server = Server.from_environment()
    server.ask("/admin/version")  # a wrong password is said before the flows are imported
    wanted = read(file, file.parent / "deploy" / "automations.yaml")
    found = compare(server, wanted)
    if found.changes and not dry_run:
        apply(server, wanted, found)
        if left := compare(server, wanted).changes:
            raise CrosscheckError(f"written, and still different: {left[0].kind} {left[0].name} "
                                  f"{'; '.join(left[0].differences)}", fix="crosscheck deploy --dry-run")
    step = "crosscheck deploy" if dry_run and found.changes else _next(server, wanted.pools[0])
    _tell(found, written=not dry_run, step=step, as_json=as_json)
    return 0


def undeploy(*, file: Named = _ROOT / "prefect.yaml", yes: Annotated[bool, Parameter("--yes", negative=())] = False,
             as_json: Json = False) -> int:
    """Take deployments, schedules, planned runs and automations off the server; data, configuration and history stay.

    Asks first; `--yes` where there is no terminal. Example: `crosscheck undeploy --yes`

    Parameters
    ----------
    yes: do it without asking.
    """
    from flows.declared import pools
    from flows.deployments import present, remove
    from flows.server import Server

    server = Server.from_environment()
    found = present(server, pools(file))
    if found and not yes:
        _agreed(found)
    remove(server, found)
    step = "stop the worker and the server; warehouse, landing and published tables are where crosscheck.toml says"
    if as_json:
        print_json({"removed": [_plain(change) for change in found], "next": step})
        return 0
    _lines(found, written=True)
    note(f"{len(found)} things removed; data, configuration, the work pool and the history of runs are kept")
    following(step)
    return 0


def _next(server: Server, pool: str) -> str:
    """Deployed nights are played by a worker; where one is at work, `doctor` says the rest."""
    known = server.find(f"/work_pools/{pool}") is not None
    online = {"workers": {"status": {"any_": ["ONLINE"]}}}
    at_work = known and server.ask(f"/work_pools/{pool}/workers/filter", online)
    return "crosscheck doctor" if at_work else f"prefect worker start --pool {pool}"


def _tell(found: Difference, *, written: bool, step: str, as_json: bool) -> None:
    if as_json:
        print_json({"changes": [_plain(change) for change in found.changes], "same": found.same, "written": written,
                    "hints": found.hints, "next": step})
        return
    _lines(found.changes, written=written)
    note(_summary(found, written=written))
    for hint in found.hints:
        note(hint)
    following(step)


def _summary(found: Difference, *, written: bool) -> str:
    if not found.changes:
        return f"nothing to change: {found.same} are as declared"
    return f"{found.same} others were as declared" if written else f"{found.same} are as declared; nothing was written"


def _lines(changes: Sequence[Change], *, written: bool) -> None:
    for change in changes:
        mark, done = _DONE[change.action]
        out.print(f"{mark} {change.kind} {change.name}: {done if written else 'would be ' + done}", markup=False)
        for line in change.differences:
            out.print(f"    {line}", markup=False)


def _plain(change: Change) -> dict[str, Any]:
    return {"kind": change.kind, "name": change.name, "action": change.action, "differences": change.differences}


def _agreed(found: Sequence[Change]) -> None:
    """Raises UsageError where nobody can be asked, or somebody said no."""
    for change in found:
        note(f"- {change.kind} {change.name}")
    if not sys.stdin.isatty():
        raise UsageError("nobody can be asked here, and nothing was removed", fix="crosscheck undeploy --yes")
    if input(f"remove these {len(found)}? [y/N] ").strip().lower() not in {"y", "yes"}:
        raise UsageError("nothing was removed", fix="answer y, or crosscheck undeploy --yes")
