"""`explain`: a number in words."""

from __future__ import annotations

from typing import Literal
from zoneinfo import ZoneInfo

from crosscheck.cli.look import begun, pairs
from crosscheck.cli.options import Config, Json
from crosscheck.cli.out import following, print_json, raw
from crosscheck.settings import load


def explain(metric: str, *key: str, mart: str = "", language: Literal["vi", "en"] | None = None,
            config: Config = None, as_json: Json = False) -> int:
    """Say a published number in words: its definition, its parts, its date basis, its rules, how sure it is.

    Example: `crosscheck explain closed_rate campaign_id=6001`

    Parameters
    ----------
    metric: its name, as in docs/metrics.md.
    key: as much of the rows' key as you know, each as column=value; rows are summed before anything is divided.
    mart: which of the tables that publish it; default the first one with all words of the key.
    language: of the words; default the first one of `[report]`. JSON is the same in each.
    """
    from report.explained import lines
    from report.numbers import Numbers
    from report.words import Language
    from warehouse import open_warehouse
    from warehouse.explain import explain as said

    settings = load(config)
    with open_warehouse(settings, lock=False) as wh, begun():
        found = said(wh, metric, pairs(key), mart)
    if as_json:
        print_json(found)
        return 0
    reader = Language(language or next(iter(settings.report.languages), Language.VI))
    project = settings.project
    for line in lines(found, Numbers(reader, project.reporting_currency, ZoneInfo(project.time_zone))):
        raw(line)
    following(found.trace)
    return 0
