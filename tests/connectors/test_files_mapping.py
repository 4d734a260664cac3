"""A mapping file that cannot be meant is refused when it is read, with file and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.base import LoadMode, StreamKind
from connectors.file_mapping import load
from crosscheck.errors import ConfigError

ROOT = Path(__file__).parents[2]
GOOD = """
account_id: fx
time_zone: UTC
streams:
  - name: rates
    path: rates.csv
    grain: One row per day and pair.
    outputs:
      - table: fx_rate
        columns:
          day: {from: day, parse: day_iso}
          from_currency: {from: a}
          to_currency: {from: b}
          fx_rate: {from: rate, parse: decimal}
"""


@pytest.mark.parametrize(("old", "new", "message"), [
    ("parse: day_iso", "parse: day_is", "no parser 'day_is'"),
    ("parse: day_iso", "parse: count", "fx_rate.day is a day: declare parse, one of day_iso"),
    (", parse: decimal", "", "declare parse, one of"),
    ("from_currency: {from: a}", "", "required columns are not mapped: from_currency"),
    ("{from: a}", "{from: a, const: b}", "exactly one of from, const and as_of"),
    ("{from: a}", "{from: a, otherwise: b}", "otherwise belongs to values"),
    ("{from: a}", "{from: a, parse: text, values: {b: c}}", "exclude each other"),
    ("{from: a}", "{from: a, tidy: true}", "tidy"),
    ("{from: a}", "{as_of: true}", "as_of gives an instant or a day"),
    ("fx_rate: {from: rate", "fx_rat: {from: rate", "has no column 'fx_rat'"),
    ("{from: rate, parse: decimal}", "{const: much}", "'much' is not a quantity"),
    ("table: fx_rate", "table: fx_rates", "no staging table 'fx_rates'"),
    ("table: fx_rate", "table: fx_rate\n        landing_url: x", "belong to table lead"),
    ("table: fx_rate", "table: fx_rate\n        where: {a: non_empty}", "put its where at the stream"),
    ("grain:", "window_on: days\n    grain:", "window_on names a mapped day column"),
    ("grain:", "encoding: klingon\n    grain:", "no encoding 'klingon'"),
    ("time_zone: UTC", "time_zone: Mars/Olympus", "no time zone"),
    ("time_zone: UTC", "time_zone: UTC\ncurrency: dollars", "not an ISO 4217"),
    ("streams:", "stream:", "stream"),
    ("streams:", "streams: [", "not YAML"),
])
def test_what_cannot_be_meant_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    """Every slip names the file, the key and what would be right."""
    file = tmp_path / "fx.yaml"
    file.write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"fx\.yaml") as refused:
        load(file)
    assert message in str(refused.value)


def test_a_table_with_money_needs_a_currency(tmp_path: Path) -> None:
    """An amount without a currency is refused at the mapping, not at night."""
    text = (ROOT / "examples" / "kag" / "mappings" / "kag.yaml").read_text(encoding="utf-8")
    file = tmp_path / "kag.yaml"
    file.write_text(text.replace("currency: USD\n", ""), encoding="utf-8")
    with pytest.raises(ConfigError, match="ad_daily needs a currency"):
        load(file)


def test_a_missing_mapping_is_named(tmp_path: Path) -> None:
    """The file that is not there is named."""
    with pytest.raises(ConfigError, match=r"nowhere\.yaml"):
        load(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize("file", sorted((ROOT / "examples").glob("*/mappings/*.yaml")), ids=lambda file: file.stem)
def test_every_example_mapping_loads(file: Path) -> None:
    """What is shipped is valid, and its streams are read whole each night."""
    for stream in load(file).streams:
        assert stream.stream().kind is StreamKind.SNAPSHOT
        assert {output.mode for output in stream.stream().outputs} == {LoadMode.SNAPSHOT}
