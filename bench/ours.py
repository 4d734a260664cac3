"""Our two nights over landed files, in a process of their own so that its peak memory is theirs."""

from __future__ import annotations

import pickle
import resource
import time
from pathlib import Path
from typing import Any

from bench.nights import Landed
from connectors.landing import LandingZone
from crosscheck.rules import load_lead_states
from crosscheck.settings import Project, Settings, Source, Store
from warehouse import build, incoming, ledger, migrations, open_warehouse, publish, stage

_ROOT = Path(__file__).parents[1]


def play(folder: Path, engine_url: str) -> dict[str, Any]:
    """Seconds per step of the first night and of the one after it, by clock and of CPU; the peak of memory in MiB."""
    nights: list[list[Landed]] = pickle.loads((folder / "nights.pickle").read_bytes())
    settings = Settings(
        home=folder, project=Project(name="bench"), rules=str(_ROOT / "rules"),
        store=Store(warehouse=engine_url, published="published.duckdb", landing="landing"),
        sources=tuple(Source(name=name, connector=name) for name in ("google_ads", "hubspot")))
    found: dict[str, Any] = {}
    for name, landed in zip(("first", "second"), nights, strict=True):
        found |= {f"{name}_{step}": value for step, value in _night(settings, landed).items()}
    return found | {"peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)}


def _night(settings: Settings, landed: list[Landed]) -> dict[str, Any]:
    states = load_lead_states(settings.path(settings.rules) / "lead_states")
    zone, seconds = LandingZone(settings.landing), {}
    last = time.perf_counter(), time.process_time()

    def lap(step: str) -> None:
        nonlocal last
        then, last = last, (time.perf_counter(), time.process_time())
        seconds.update({f"{step}_s": last[0] - then[0], f"{step}_cpu_s": last[1] - then[1]})

    with open_warehouse(settings) as wh:
        migrations.migrate(wh)
        run = ledger.begin_run(wh, "nightly", landed[0][0].as_of)
        jobs = [job for job, _ in landed]
        manifests = [manifest for _, manifest in landed]
        ledger.plan(wh, run, jobs)
        ledger.landed(wh, run, manifests)
        incoming.clear(wh)
        lap("plan")
        incoming.load_many(wh, zone, manifests)
        lap("load")
        stage.stage_slices(wh, run, landed)
        lap("stage")
        report = build.build(wh, run, states=states)
        lap("build")
        publish.publish(wh, run, report.marts)
        lap("publish")
        ledger.finish_run(wh, run, "published")
    return {"rows": sum(manifest.received for manifest in manifests), **seconds, "full": report.full,
            "marts_s": {name: round(seconds, 3) for name, seconds in report.seconds.items()}}
