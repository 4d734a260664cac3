"""What the demo shows at its end: the tables, the alert, where the evidence lies, and the proof."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crosscheck.cli.out import out, table
from crosscheck.cli.verify import proof
from crosscheck.settings import Settings, load

if TYPE_CHECKING:
    from concurrent.futures import Future

    from crosscheck.cli.demo import Stage
    from sandbox.facts import Truth

_RATIOS = ("closed", "hot", "wrong_target", "reached", "potential")


def finale(play: Stage, folder: Path, truth: Future[Truth], *, as_json: bool) -> int:
    """Print everything, or with `as_json` the proof alone; the exit code of the proof."""
    settings = load(play.config)
    if as_json:
        return proof(truth.result(), settings, as_json=True)
    roi_table(settings)
    ratio_table(settings)
    _told(play)
    _places(settings, folder)
    return proof(truth.result(), settings, as_json=False)


def roi_table(settings: Settings) -> None:
    """Campaign ROI on the closed basis, summed over the published months; ratios from the sums."""
    from warehouse.reading import campaign_totals

    rows = [
        (row["campaign_name"], row["platform"], _million(row["spend"]), row["leads"], row["won"],
         _million(row["revenue"]), _million(row["margin"]), _percent(row["roi"]))
        for row in campaign_totals(settings)
    ]
    currency = settings.project.reporting_currency
    table(f"Campaign ROI, spend and closing date, million {currency}",
          ("campaign", "platform", "spend", "leads", "won", "revenue", "margin", "ROI"), rows,
          right=("spend", "leads", "won", "revenue", "margin", "ROI"))


def ratio_table(settings: Settings) -> None:
    """The five ratios per campaign over matured cohorts, with Wilson bounds; small samples show counts only."""
    from warehouse.reading import campaign_ratios

    rows = [
        (row["campaign_name"], row["unique_lead_count"], *(_rate(row, name) for name in _RATIOS),
         _share(row["coverage_rate"]))
        for row in campaign_ratios(settings)
    ]
    table("The five ratios, matured cohorts, 30 days from creation (95 % Wilson)",
          ("campaign", "unique leads", *(name.replace("_", " ") for name in _RATIOS), "coverage"), rows,
          right=("unique leads", "coverage"))


def _rate(row: Mapping[str, Any], name: str) -> str:
    rate = row[f"{name}_rate"]
    if rate is None:
        return f"{row[f'{name}_count']} of {row['unique_lead_count']}"
    return f"{rate:.0%} ({row[f'{name}_rate_low']:.0%}–{row[f'{name}_rate_high']:.0%})"


def _told(play: Stage) -> None:
    """The alert word by word; of what went to the channel for warnings the titles."""
    out.print("\n[bold]The alert of night 2[/bold], as the local sink received it")
    for message in play.sink.messages:
        out.print(f"  {message['title']}", markup=False)
        for line in str(message["message"]).splitlines():
            out.print(f"    {line}", markup=False)
    out.print("\n[bold]Told beside it[/bold], to the channel for warnings")
    for message in play.warnings.messages:
        out.print(f"  {message['title']}", markup=False)


def _places(settings: Settings, folder: Path) -> None:
    rows: Iterable[tuple[str, Path]] = (
        ("published tables", settings.path(settings.store.published)),
        ("reports", settings.path(settings.report.folder)),
        ("a run's checks", settings.path(settings.store.docs) / "RUN" / "index.html"),
        ("Data Docs", settings.path(settings.store.docs) / "RUN" / "gx" / "index.html"),
        ("landing evidence", Path(settings.landing)),
        ("configuration", folder / "crosscheck.toml"),
    )
    out.print("\n[bold]Where things lie[/bold]")
    for name, path in rows:
        out.print(f"  {name:18} {path}")
    out.print()


def _million(amount: Decimal | None) -> str:
    return "—" if amount is None else f"{amount / 1_000_000:,.1f}"


def _share(rate: float | None) -> str:
    return "—" if rate is None else f"{rate:.0%}"


def _percent(share: float | Decimal | None) -> str:
    return "not published" if share is None else f"{share:+.0%}"
