"""Files as a source: exports and drops of anything without an API, by a declared mapping (docs/files.md).

One source is one mapping file; its streams are what the mapping declares. A stream with `window_on` is restated by
day, every other one is read whole each night. The raw page is the chunk of cells as it stood in the file, with the
columns that a join brought, so that a page can be mapped again without any file.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from functools import cached_property

from connectors.base import Account, Limits, Mapped, RawPage, Slice
from connectors.file_derived import Derived
from connectors.file_formats import Chunk, Row, chunks
from connectors.file_mapping import FileStream, Join, load
from connectors.file_numbers import UnreadableError
from connectors.file_rows import holds, map_chunk, read_cell
from connectors.file_source import Folder, name
from connectors.people import Hasher
from crosscheck.errors import ConfigError
from crosscheck.settings import Settings, Source

_Keep = Callable[[dict[str, str | None]], bool]


class Files:
    """One configured source of files. Raises ConfigError when its mapping or its path cannot be meant."""

    name = "files"
    limits = Limits(concurrent=2, per_second=1000.0)

    def __init__(self, source: Source, settings: Settings, *, sleep: Callable[[float], None] = time.sleep) -> None:
        del sleep  # nothing here waits for anybody
        self._settings = settings
        self._mapping = load(settings.path(_option(source, "mapping")))
        self._folder = Folder.of(_option(source, "path"), settings.home)
        self._streams = {stream.name: stream for stream in self._mapping.streams}
        self._derive = Derived(self._mapping, lambda: self._hasher)
        self.streams = tuple(stream.stream() for stream in self._mapping.streams)

    def accounts(self) -> list[Account]:
        """The one account that the mapping declares."""
        mapping = self._mapping
        return [Account(mapping.account_id, mapping.time_zone, mapping.account_name, mapping.currency)]

    def pages(self, job: Slice) -> Iterator[RawPage]:
        """The stream's files in order of name, in chunks of `page_rows`; rows of other days or left out are counted.

        Raises Skippable when no file is there, ConfigError for a missing column, DataError for a file that is
        broken or that changed while it was read.
        """
        stream = self._streams[job.stream.name]
        joins = [(join, self._lookup(join)) for join in stream.join]
        keep = self._keep(stream, job)
        for path in self._folder.find(stream.path):
            with self._folder.open(path) as (file, was):
                for chunk in chunks(file, name(path), stream, stream.page_rows):
                    _check_columns(stream, chunk, name(path))
                    wide = _joined(chunk, joins)
                    rows = wide.rows if keep is None else [row for row in wide.rows if _kept(row, wide.columns, keep)]
                    body = {"file": name(path), "sha256": was.sha256, "columns": wide.columns, "rows": rows}
                    notes = {"file": name(path), "sha256": was.sha256, "left_out": len(wide.rows) - len(rows)}
                    yield RawPage(json.dumps(body).encode(), len(rows), notes)

    def map(self, job: Slice, page: RawPage) -> Mapped:
        """Pure: cells to canonical columns by the mapping."""
        body = json.loads(page.body)
        chunk = Chunk(tuple(body["columns"]), body["rows"])
        return map_chunk(self._streams[job.stream.name], self._mapping, job, chunk, self._derive)

    @cached_property
    def _hasher(self) -> Hasher:
        return Hasher(self._settings.secret(self._settings.privacy_key), self._mapping.phone_region)

    def _keep(self, stream: FileStream, job: Slice) -> _Keep | None:
        """Whether a row belongs to the slice: the stream's own condition, and its day where days are restated."""
        primary = stream.outputs[0]
        if stream.window_on is None:
            return (lambda row: holds(stream.where, row.get)) if stream.where else None
        cell = primary.columns[stream.window_on]
        read = read_cell(cell, primary.record.by_name[stream.window_on], self._mapping)

        def keep(row: dict[str, str | None]) -> bool:
            if not holds(stream.where, row.get):
                return False
            try:
                day = read(row.get(cell.source or ""))
            except UnreadableError:
                return True  # kept, to be set aside with its reason
            return day is None or day in job.window

        return keep

    def _lookup(self, join: Join) -> dict[str, Row]:
        """The other file by its key, whole in memory: the smaller of the two should be the other one."""
        (their_key,) = join.on.values()
        found: dict[str, Row] = {}
        for path in self._folder.find(join.path):
            with self._folder.open(path) as (file, _):
                for chunk in chunks(file, name(path), join, 50_000):
                    _require_columns({their_key, *join.take}, chunk.columns, name(path))
                    places = [chunk.columns.index(column) for column in (their_key, *join.take)]
                    for row in chunk.rows:
                        if len(row) == len(chunk.columns):
                            key, *taken = [row[place] for place in places]
                            found.setdefault(key or "", taken)
        return found


def _option(source: Source, key: str) -> str:
    value = source.options.get(key)
    if not isinstance(value, str) or not value:
        raise ConfigError(f"source {source.name} needs options.{key}", fix="see docs/files.md")
    return value


def _kept(row: Row, columns: tuple[str, ...], keep: _Keep) -> bool:
    return len(row) != len(columns) or keep(dict(zip(columns, row, strict=True)))


def _joined(chunk: Chunk, joins: list[tuple[Join, dict[str, Row]]]) -> Chunk:
    """The chunk with the columns of every join behind its own; a ragged row stays ragged."""
    for join, found in joins:
        (our_key,) = join.on
        place, width = chunk.columns.index(our_key), len(chunk.columns)
        nothing: Row = [None] * len(join.take)
        rows = [row + found.get(row[place] or "", nothing) if len(row) == width else row for row in chunk.rows]
        chunk = Chunk((*chunk.columns, *join.take.values()), rows)
    return chunk


def _check_columns(stream: FileStream, chunk: Chunk, file: str) -> None:
    if stream.format == "jsonl" or file.lower().endswith((".jsonl", ".ndjson")):
        return  # an absent key is a null there
    _require_columns(stream.sources, chunk.columns, file)


def _require_columns(wanted: set[str], columns: tuple[str, ...], file: str) -> None:
    missing = sorted(wanted - set(columns))
    if not missing:
        return
    close = get_close_matches(missing[0], columns, n=3, cutoff=0.5)
    hint = f"; it has {', '.join(repr(column) for column in close)}" if close else ""
    if len(columns) == 1 and any(mark in columns[0] for mark in ",;\t|"):
        hint = "; its header is one single column: declare delimiter"
    raise ConfigError(f"{file} has no column {missing[0]!r}{hint}", fix="correct the mapping, or the export")
