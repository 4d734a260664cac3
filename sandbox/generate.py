"""The company on disk: one file of JSON lines per kind of record, and the exchange rates as a dropped CSV file.

`company/company.json` holds seed, scale and nights, `company/leads.jsonl` and its siblings one record per line with
amounts and instants as text, `fx/rates.csv` the columns day, from_currency, to_currency, rate.
"""

from __future__ import annotations

import csv
import json
import types
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from sandbox.calendar import local_date
from sandbox.model import Company

_RECORDS = ("accounts", "campaigns", "ads", "ad_days", "touches", "leads", "deals", "fx")


def write(company: Company, folder: Path) -> Path:
    """Writes the company below `folder` and returns the path of the rates file. An older company is overwritten."""
    home = folder / "company"
    home.mkdir(parents=True, exist_ok=True)
    head = {f.name: _plain(getattr(company, f.name)) for f in fields(Company) if f.name not in _RECORDS}
    (home / "company.json").write_text(json.dumps(head, indent=2), encoding="utf-8")
    for name in _RECORDS:
        with (home / f"{name}.jsonl").open("w", encoding="utf-8") as out:
            out.writelines(json.dumps(_plain(record), ensure_ascii=False) + "\n" for record in getattr(company, name))
    return write_rates(company, folder)


def write_rates(company: Company, folder: Path, now: datetime | None = None) -> Path:
    """Drops `fx/rates.csv` with the rates published by `now`, or by the last night; replaced whole, never half."""
    today = local_date(now or company.nights[-1], company.business_zone)
    path = folder / "fx" / "rates.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".part")
    with fresh.open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(("day", "from_currency", "to_currency", "rate"))
        rows.writerows((rate.day.isoformat(), rate.from_currency, rate.to_currency, str(rate.rate))
                       for rate in company.fx if rate.day <= today)
    fresh.replace(path)
    return path


def read(folder: Path) -> Company:
    """The company that `write` left below `folder`; FileNotFoundError when there is none."""
    home = folder / "company"
    head: dict[str, Any] = json.loads((home / "company.json").read_text(encoding="utf-8"))
    kinds = _hints(Company)
    for name in _RECORDS:
        with (home / f"{name}.jsonl").open(encoding="utf-8") as lines:
            head[name] = [json.loads(line) for line in lines]
    return Company(**{name: _typed(kinds[name], value) for name, value in head.items()})


def _plain(value: Any) -> Any:
    """Only what JSON knows; amounts and instants become their exact text."""
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if isinstance(value, date) else value


@cache
def _hints(record: type) -> Mapping[str, Any]:
    return typing.get_type_hints(record)


def _typed(kind: Any, value: Any) -> Any:
    """The inverse of `_plain`, led by the record's own annotations."""
    if isinstance(kind, types.UnionType):
        return None if value is None else _typed(typing.get_args(kind)[0], value)
    if typing.get_origin(kind) is tuple:
        return tuple(_typed(typing.get_args(kind)[0], part) for part in value)
    if is_dataclass(kind):
        hints = _hints(typing.cast("type", kind))
        return kind(**{name: _typed(hints[name], part) for name, part in value.items()})  # type: ignore[operator]
    if kind in (date, datetime):
        return kind.fromisoformat(value)
    return Decimal(value) if kind is Decimal else value
