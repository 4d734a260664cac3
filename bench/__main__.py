"""`python -m bench`: make the rows, time the floor and us in turn, print medians and ratios, keep build/bench.json."""

from __future__ import annotations

import argparse
import json
import math
import pickle
import shutil
import statistics
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from bench import data, nights
from bench.data import Size
from bench.floor import floor
from bench.ours import play
from connectors.landing import LandingZone


def main() -> None:
    """Print the figures of one run."""
    words = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    words.add_argument("--ads", type=int, default=2_500, help="ads; each has 400 days (2,500: a million ad-day rows)")
    words.add_argument("--leads", type=int, default=200_000)
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--engine", default="duckdb:///warehouse.duckdb", help="a PostgreSQL URL measures that engine")
    words.add_argument("--slope", action="store_true", help="each mart at a tenth of the leads and at all of them")
    words.add_argument("--play", type=Path, help=argparse.SUPPRESS)
    said = words.parse_args()
    if said.play:
        sys.stdout.write(json.dumps(play(said.play, said.engine)))
        return
    folder = Path("build/bench").resolve()
    if said.slope:
        slope(folder, said.ads, said.leads, said.engine)
        return
    landed = prepare(folder, Size(ads=said.ads, leads=said.leads))
    rounds = [measure(folder, landed, said.engine) for _ in range(said.rounds)]
    figures = summary(rounds)
    Path("build/bench.json").write_text(json.dumps(figures, indent=2), encoding="utf-8")
    for name, value in figures.items():
        print(f"{name:36} {value:,.3f}" if isinstance(value, float) else f"{name:36} {value}")


def prepare(folder: Path, size: Size) -> list[nights.Landed]:
    """Land both nights: 400 days, then one more with its lookback of 35 days."""
    shutil.rmtree(folder, ignore_errors=True)
    zone = LandingZone(folder / "landing")
    newest = size.leads // 100
    first = nights.land(zone, size, nights.until(data.LAST, size.days), "first", data.AS_OF,
                        leads=range(size.leads - newest))
    day = timedelta(days=1)
    second = nights.land(zone, size, nights.until(data.LAST + day, 35), "second", data.AS_OF + day,
                         leads=range(size.leads - 2 * newest, size.leads), revision=1)
    (folder / "nights.pickle").write_bytes(pickle.dumps([first, second]))
    return first


def measure(folder: Path, landed: list[nights.Landed], engine: str) -> dict[str, Any]:
    """The floor and us, one after the other, so that both meet the same machine."""
    return floor(folder / "landing", landed, folder) | _ours(folder, engine)


def _ours(folder: Path, engine: str) -> dict[str, Any]:
    for name in ("warehouse.duckdb", "published.duckdb"):
        (folder / name).unlink(missing_ok=True)
    command = [sys.executable, "-m", "bench", "--play", str(folder), "--engine", engine]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def slope(folder: Path, ads: int, leads: int, engine: str) -> None:
    """Seconds of each mart's full build at a tenth of the leads and at all of them; a slope of 1 is in proportion.

    The ads are as many at both sizes. Below a twentieth of a second a mart is all overhead, and has no slope.
    """
    few, many = (_played(folder, Size(ads=ads, leads=size), engine) for size in (leads // 10, leads))
    print(f"{'mart':28} {leads // 10:>12,} {leads:>12,}  slope")
    for name, seconds in many["first_marts_s"].items():
        before = few["first_marts_s"][name]
        shown = f"{math.log10(seconds / before):.2f}" if min(seconds, before) >= 0.05 else "-"
        print(f"{name:28} {before:12.3f} {seconds:12.3f}  {shown}")
    print(f"{'peak, MiB':28} {few['peak_mib']:12,} {many['peak_mib']:12,}")


def _played(folder: Path, size: Size, engine: str) -> dict[str, Any]:
    prepare(folder, size)
    return _ours(folder, engine)


def summary(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """Medians over the rounds, and the ratios that the aims are about."""
    figures: dict[str, Any] = {"command": "make bench", "rounds": len(rounds)}
    for name, value in rounds[0].items():
        figures[name] = statistics.median(r[name] for r in rounds) if isinstance(value, float) else value
    staged = figures["first_load_s"] + figures["first_stage_s"]
    figures |= {
        "rows_per_second": figures["first_rows"] / staged,
        "stage_ratio": staged / figures["floor_read_s"],
        "build_ratio": figures["first_build_s"] / (figures["floor_read_s"] + figures["floor_query_s"]),
        **_incremental(figures, "_s"),
        **{f"{name}_cpu": share for name, share in _incremental(figures, "_cpu_s").items()},
        "peak_mib": max(r["peak_mib"] for r in rounds),
    }
    return figures


def _incremental(figures: dict[str, Any], unit: str) -> dict[str, float]:
    """The night after as a share: like by like, build by build, and all of it against the full build alone."""
    first, second = ({step: figures[f"{night}_{step}{unit}"] for step in ("load", "stage", "build")}
                     for night in ("first", "second"))
    return {"incremental_share": sum(second.values()) / sum(first.values()),
            "incremental_build_share": second["build"] / first["build"],
            "incremental_night_to_full_build": sum(second.values()) / first["build"]}


if __name__ == "__main__":
    main()
