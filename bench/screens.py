"""How heavy the report and the page are, and how soon a reader sees them: `python -m bench.screens`.

Two companies, of 100 k and of 1 M leads, whose published tables are made up (`bench.published` says how). Of each:
bytes, CPU seconds and clock seconds of the report in both languages and of the page, each in a process of its own with
the memory that it took; then, in the system's Chromium, the time to the first paint and to the waterfall, the
median of five loads from the disk. Figures are printed and kept in build/screens.json.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench.published import Size, publish, settings

FOLDER = Path("build/screens").resolve()
_QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
          "--disable-sync", "--no-first-run"]
#: Notes when the first bar of the waterfall stands in the document, in the frame that shows it.
_WATCH = """new MutationObserver((_, me) => { if (document.querySelector('#waterfall .fill, #leaks svg')) {
  me.disconnect(); requestAnimationFrame(() => { window.waterfallAt = performance.now(); }); } })
  .observe(document, { childList: true, subtree: true });"""
_TOLD = """new Promise((tell) => { const ask = () => {
  const painted = performance.getEntriesByName('first-contentful-paint')[0];
  if (painted && window.waterfallAt) tell([painted.startTime, window.waterfallAt]); else setTimeout(ask, 20); };
  ask(); })"""


def main() -> int:
    """Print the figures of both companies; 1 without a Chromium to look with."""
    words = argparse.ArgumentParser(prog="python -m bench.screens", description=__doc__)
    words.add_argument("--leads", type=int, nargs="+", default=[100_000, 1_000_000])
    words.add_argument("--campaigns", type=int, default=40)
    words.add_argument("--people", type=int, default=30)
    words.add_argument("--loads", type=int, default=5)
    words.add_argument("--write", choices=["report", "page"], help=argparse.SUPPRESS)
    words.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    said = words.parse_args()
    if said.write:
        print(json.dumps(written(said.write, said.home)))
        return 0
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        print("no Chromium on the path, nothing was measured. fix: apt install chromium", file=sys.stderr)
        return 1
    figures = {f"{leads:,} leads": company(Size(leads, said.campaigns, said.people), browser, said.loads)
               for leads in said.leads}
    FOLDER.with_suffix(".json").write_text(json.dumps(figures, indent=2), encoding="utf-8")
    return 0


def company(size: Size, browser: str, loads: int) -> dict[str, Any]:
    """All figures of one company, printed as they come."""
    home = FOLDER / str(size.leads)
    shutil.rmtree(home, ignore_errors=True)
    publish(home, size)
    print(f"{size.leads:,} leads, {size.campaigns} campaigns, {size.people} salespeople, a year", flush=True)
    figures = {}
    for what in ("report", "page"):
        figures[what] = alone(what, home)
        print(f"  {what}: " + ", ".join(f"{name} {value:,}" for name, value in figures[what].items()), flush=True)
    for file in sorted((home / "screens").glob("*.html")):
        figures[file.name] = opened(browser, file, loads)
        print(f"  {file.name}: " + ", ".join(f"{name} {value:,.0f} ms" for name, value in figures[file.name].items()),
              flush=True)
    return figures


def alone(what: str, home: Path) -> dict[str, Any]:
    """The report or the page written by a process of its own, whose memory nothing else has used."""
    done = subprocess.run([sys.executable, "-m", "bench.screens", "--write", what, "--home", str(home)],
                          stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def written(what: str, home: Path) -> dict[str, Any]:
    """Bytes, CPU seconds (of all threads), clock seconds and peak memory of writing; importing is counted apart."""
    began = time.process_time()
    from report import page
    from report.nightly.page import write
    from report.words import Language
    from warehouse import open_warehouse

    known, folder = settings(home), home / "screens"
    with open_warehouse(known, lock=False) as wh:
        cpu, clock = time.process_time(), time.monotonic()
        if what == "page":
            sizes = {"bytes": page.build(known, wh, folder).size_bytes}
        else:
            sizes = {f"bytes ({one.language})": one.size for one in write(known, wh, folder, Language)}
        spent = {"CPU s": time.process_time() - cpu, "clock s": time.monotonic() - clock, "import CPU s": cpu - began}
    status = Path("/proc/self/status").read_text(encoding="utf-8")  # getrusage would tell the parent's peak as well
    peak = int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) // 1024
    return sizes | {name: round(value, 2) for name, value in spent.items()} | {"peak MB": peak}


def opened(browser: str, file: Path, loads: int) -> dict[str, float]:
    """Milliseconds from asking for a file to its first paint and to its waterfall: medians."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=browser, args=_QUIET)
        taken = []
        for _ in range(loads):
            tab = found.new_page(viewport={"width": 1280, "height": 900})
            tab.add_init_script(_WATCH)
            tab.goto(file.as_uri())
            taken.append(tab.evaluate(_TOLD))
            tab.close()
        found.close()
    return dict(zip(("first paint", "waterfall"), map(statistics.median, zip(*taken, strict=True)), strict=True))


if __name__ == "__main__":
    sys.exit(main())
