"""`demo`: three nights of a company whose truth is known, through the real flows, with a planted fault."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import time
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from crosscheck.cli.out import err, following, note, progress
from crosscheck.cli.start import new_key
from crosscheck.cli.verify import truth_of

if TYPE_CHECKING:
    from flows.night import Night
    from sandbox.model import Company
    from sandbox.server import SandboxServer
    from sandbox.sink import Sink

_EXAMPLE = Path(__file__).parents[2] / "examples" / "demo"
_RULES = Path(__file__).parents[2] / "rules"
_KEY = "demo-key-demo-key-demo-key-demo-key"


@dataclass(frozen=True)
class Stage:
    """What the demo plays on: the company, the vendors' server, a sink for alerts and one for warnings, and the
    configuration.
    """

    company: Company
    server: SandboxServer
    sink: Sink
    warnings: Sink
    config: Path

    def dawn(self, number: int, folder: Path | None = None) -> datetime:
        """The clock of a night, from 1: vendors know the world up to it, and so do the dropped files, rule files and
        appeals of a folder with a configuration, by default the stage's own.
        """
        from crosscheck.cli.demo_agreements import settle
        from sandbox.generate import write_rates
        from sandbox.reviews import write_reviews

        as_of, home = self.company.nights[number - 1], folder or self.config.parent
        self.server.set_clock(as_of)
        self.server.clear_faults()
        for drop in (write_rates, write_reviews):
            drop(self.company, home, as_of)
        for agreed in settle(self.company, home / self.config.name, as_of):
            note(f"  {agreed}")
        return as_of


def demo(folder: Path = Path("var/demo"), *, seed: int = 7, scale: float = 1.0,
         plain: Annotated[bool, Parameter("--plain", help="Without Prefect: the same nights, faster.")] = False,
         as_json: Annotated[bool, Parameter("--json", help="Print the result as JSON.")] = False) -> int:
    """Three nights of a demo company: history, a planted fault that must fail, and a clean one; then the proof.

    Example: `crosscheck demo`

    Parameters
    ----------
    folder: where the demo lives; emptied first.
    seed: which company.
    scale: how large; 1 is about 2,400 leads.
    """
    from crosscheck.cli.demo_show import finale
    from flows.runner import listening

    began = time.monotonic()
    shutil.rmtree(folder, ignore_errors=True)
    with _server(folder, needed=not plain) as server, stage(folder, seed=seed, scale=scale) as play, _aside() as aside:
        _import_ahead()
        gc.freeze()  # company and libraries stay to the end: no collection need look at them again
        server.result()
        truth = aside.submit(truth_of, folder, missed=(2,))
        with progress() as tell, listening(tell):
            codes = _three_nights(play, plain=plain)
        wrong = finale(play, folder, truth, as_json=as_json)
    err.print(f"three nights and their proof in {time.monotonic() - began:.0f} s; exit codes {codes}")
    following(f"crosscheck status --config {folder / 'crosscheck.toml'}; for your own: crosscheck init my-company")
    return 0 if codes == [0, 5, 0] and not wrong else 1


@contextmanager
def _server(folder: Path, *, needed: bool) -> Iterator[Future[None]]:
    """Prefect's server, started while the company is made: its own database takes it a third of a minute."""
    with _environment(_prefect(folder)), ThreadPoolExecutor(1) as pool:
        if needed:
            (folder / "prefect").mkdir(parents=True, exist_ok=True)  # or Prefect warns that there is none
            from flows.nightly import awake  # here, not in the thread: importing beside other work takes twice as long

            yield pool.submit(awake)
        else:
            yield pool.submit(lambda: None)


def _import_ahead() -> None:
    """What a night imports late and takes seconds, while the server starts."""
    import flows.night  # noqa: F401
    import report.nightly.page  # noqa: F401
    from expectations.context import imported

    imported()


def _aside() -> ProcessPoolExecutor:
    """A process that works while the nights wait for vendors and database. Ctrl-C is the demo's to answer."""
    return ProcessPoolExecutor(1, get_context("spawn"), signal.signal, (signal.SIGINT, signal.SIG_IGN))


@contextmanager
def stage(folder: Path, *, seed: int = 7, scale: float = 1.0, company: Company | None = None) -> Iterator[Stage]:
    """A folder with company, configuration, vendors' secrets in the environment, and the servers running.

    `company` is played instead of the one that `seed` and `scale` make.
    """
    from sandbox.company import make_company
    from sandbox.generate import write
    from sandbox.server import SandboxServer
    from sandbox.sink import Sink

    folder.mkdir(parents=True, exist_ok=True)
    company = company or make_company(seed=seed, scale=scale)
    write(company, folder)
    shutil.copytree(_EXAMPLE / "mappings", folder / "mappings")
    shutil.copytree(_RULES, folder / "rules")
    shutil.copytree(_EXAMPLE / "rules", folder / "rules", dirs_exist_ok=True)
    shutil.copy(_EXAMPLE / "crosscheck.toml", folder / "crosscheck.toml")
    new_key(folder, _KEY)
    with ExitStack() as stack:
        server = stack.enter_context(SandboxServer(company, company.nights[0]))
        sink, warnings = stack.enter_context(Sink()), stack.enter_context(Sink())
        told = {"CROSSCHECK_ALERT_URL": sink.url, "CROSSCHECK_WARNING_URL": warnings.url}
        stack.enter_context(_environment(told | _variables(server.urls, folder)))
        yield Stage(company, server, sink, warnings, (folder / "crosscheck.toml").resolve())


def _variables(urls: dict[str, str], folder: Path) -> dict[str, str]:
    from sandbox import credentials

    return {
        **{f"SANDBOX_{vendor.upper()}": url for vendor, url in urls.items()},
        "GOOGLE_ADS_DEVELOPER_TOKEN": credentials.DEVELOPER_TOKEN, "GOOGLE_ADS_CLIENT_ID": credentials.CLIENT_ID,
        "GOOGLE_ADS_CLIENT_SECRET": credentials.CLIENT_SECRET,
        "GOOGLE_ADS_REFRESH_TOKEN": credentials.REFRESH_TOKEN, "META_ACCESS_TOKEN": credentials.META_TOKEN,
        "HUBSPOT_TOKEN": credentials.HUBSPOT_TOKEN, "GETFLY_API_KEY": credentials.GETFLY_KEY,
    } | _prefect(folder)


def _prefect(folder: Path) -> dict[str, str]:
    return {"PREFECT_HOME": str((folder / "prefect").resolve()), "PREFECT_LOGGING_LEVEL": "ERROR",
            "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "90",
            "PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "false"}  # none is used, and it takes seconds


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.__setitem__(name, value)


def _three_nights(play: Stage, *, plain: bool) -> list[int]:
    """History; a new day with restated spend and a planted fault; the same day plus one, clean."""
    from sandbox.faults import Fault

    titles = ("night 1: 120 days of history", "night 2: a new day, restated spend, and a planted fault",
              "night 3: clean")
    codes = []
    for number, title in enumerate(titles, start=1):
        as_of = play.dawn(number)
        err.print(f"[bold]{title}[/bold] (as of {as_of.isoformat()})")
        if number == 2:
            play.server.inject(Fault("meta_ads", "volume_drop", path_contains="insights", times=10_000))
        result = _one(play, as_of, plain=plain)
        for line in result.lines():
            note(f"  {line}")
        codes.append(result.exit_code)
    return codes


def _one(play: Stage, as_of: datetime, *, plain: bool) -> Night:
    if plain:
        from crosscheck.settings import load
        from flows.night import night
        from flows.runner import Threads

        return night(load(play.config), as_of, runner=Threads())
    from flows.nightly import demo_night

    return demo_night(as_of.isoformat(), str(play.config))
