"""Reading what is published, as an analyst would: DuckDB's published copy, or the mart schema of PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from crosscheck.errors import ConfigError
from crosscheck.settings import Settings
from warehouse.ddl import table
from warehouse.engine import warehouse_url
from warehouse.marts import MARTS

#: Columns that tell when and by whom a row was made, not what it says.
_PROVENANCE = frozenset({"run_id", "last_success_at"})


@contextmanager
def published(settings: Settings) -> Iterator[sa.Connection]:
    """A read-only connection to the published tables. Raises ConfigError when nothing was published yet."""
    engine = _engine(settings)
    try:
        with engine.connect() as conn:
            yield conn
    finally:
        engine.dispose()


def _engine(settings: Settings) -> sa.Engine:
    url = warehouse_url(settings)
    if url.drivername != "duckdb":
        return sa.create_engine(url, poolclass=sa.NullPool, execution_options={"postgresql_readonly": True})
    file = settings.path(settings.store.published)
    if not file.is_file():
        raise ConfigError("nothing has been published yet", fix="crosscheck run")
    return sa.create_engine(url.set(database=str(file)), poolclass=sa.NullPool, connect_args={"read_only": True})


def published_rows(settings: Settings, marts: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """By mart name, every published row as a dict."""
    wanted = set(marts)
    with published(settings) as conn:
        return {mart.record.name: [dict(row) for row in conn.execute(sa.select(table(mart.record))).mappings()]
                for mart in MARTS if mart.record.name in wanted}


def comparable(settings: Settings) -> dict[str, list[tuple[Any, ...]]]:
    """By mart name, every published row without its provenance: what two equal nights have in common."""
    with published(settings) as conn:
        return {mart.record.name: [tuple(row) for row in conn.execute(sa.select(*_content(mart.record)))]
                for mart in MARTS}


def _content(record: Any) -> list[sa.ColumnElement[Any]]:
    return [column for column in table(record).c if column.name not in _PROVENANCE]
