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
    """Seconds per step of the first night and of the one after it, and the peak of memory in MiB."""
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
    zone, laps = LandingZone(settings.landing), [time.perf_counter()]

    def lap() -> float:
        laps.append(time.perf_counter())
        return laps[-1] - laps[-2]

    with open_warehouse(settings) as wh:
        migrations.migrate(wh)
        run = ledger.begin_run(wh, "nightly", landed[0][0].as_of)
        jobs = [job for job, _ in landed]
        manifests = [manifest for _, manifest in landed]
        ledger.plan(wh, run, jobs)
        ledger.landed(wh, run, manifests)
        incoming.clear(wh)
        lap()
        incoming.load_many(wh, zone, manifests)
        load = lap()
        stage.stage_slices(wh, run, landed)
        staged = lap()
        report = build.build(wh, run, states=states)
        built = lap()
        publish.publish(wh, run, report.marts)
        published = lap()
        ledger.finish_run(wh, run, "published")
    return {"rows": sum(manifest.received for manifest in manifests), "load_s": load, "stage_s": staged,
            "build_s": built, "publish_s": published, "full": report.full,
            "marts_s": {name: round(seconds, 3) for name, seconds in report.seconds.items()}}
