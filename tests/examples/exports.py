"""The examples as the connector reads them, and where the real exports lie."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from connectors.base import Slice
from connectors.checked import checked
from connectors.files import Files
from crosscheck.settings import load
from crosscheck.windows import Window

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("CROSSCHECK_DATA") or ROOT.parent / "shared" / "data")
AS_OF = datetime(2021, 6, 1, tzinfo=UTC)

needs_exports = pytest.mark.skipif(not DATA.is_dir(), reason="the real exports are not beside this checkout")


def tables_of(example: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, pd.DataFrame]:
    """Every canonical table of an example, after the checks that landing makes; nothing may be set aside."""
    monkeypatch.setenv("CROSSCHECK_DATA", str(DATA))
    monkeypatch.setenv("CROSSCHECK_PRIVACY_KEY", "a key that only this test knows")
    settings = load(ROOT / "examples" / example / "crosscheck.toml")
    (source,) = settings.sources
    connector = Files(source, settings)
    (account,) = connector.accounts()
    found: dict[str, list[pa.Table]] = {}
    for stream in connector.streams:
        job = Slice(source.name, "files", account, stream, Window(date(2021, 5, 31), date(2021, 5, 31)), AS_OF, "run",
                    settings.project.time_zone)
        for page in connector.pages(job):
            mapped = connector.map(job, page)
            tables, refused = checked(stream, page, mapped)
            assert (refused.num_rows, mapped.drift) == (0, ())
            for name, rows in tables.items():
                found.setdefault(name, []).append(rows)
    return {name: pa.concat_tables(parts).to_pandas() for name, parts in found.items()}


def by_campaign(values: pd.Series, campaigns: pd.Series) -> dict[str, object]:
    """Exact sums per campaign."""
    return dict(values.groupby(campaigns).agg("sum").items())
