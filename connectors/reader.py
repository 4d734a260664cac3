"""The generic reader: slice → pages → raw files and canonical rows → manifest. Memory does not grow with the slice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict
from pathlib import PurePath
from traceback import extract_tb

import pyarrow as pa
import pyarrow.parquet as pq

from connectors.base import Connector, RawPage, Slice
from connectors.checked import checked
from connectors.frames import QUARANTINE
from connectors.landing import LandingZone, Manifest, Sink, folder, page_name
from connectors.pagers import CursorExpired
from crosscheck.errors import BrokenAnswer, ConfigError, CrosscheckError, DataError
from crosscheck.faultpoints import Faultpoint, faultpoint
from crosscheck.tables import Layer

_GROUP_ROWS = 65_536
_RESTARTS = 2
_QUARANTINE = QUARANTINE.insert(0, pa.field("page_no", pa.int64()))


def land(connector: Connector, job: Slice, zone: LandingZone) -> Manifest:
    """Read a slice into the zone, unless it landed already. Raises `crosscheck.errors`, placed at the slice.

    A folder without manifest is what a crash left: it is swept and the slice read again.
    """
    if (landed := zone.manifest(job)) is not None:
        return landed
    with _placed(job):
        manifest = _read(connector, job, zone)
        faultpoint(Faultpoint.BEFORE_MANIFEST)
        zone.seal(manifest)
    faultpoint(Faultpoint.AFTER_MANIFEST)
    return manifest


@contextmanager
def _placed(job: Slice) -> Iterator[None]:
    """Every failure leaves as one of `crosscheck.errors`, placed at the slice: one slice never sinks the night.

    What a connector did not foresee is named by kind and line, without the values that an exception's text may hold.
    """
    try:
        yield
    except CrosscheckError as error:
        raise error.at(str(job)) from error.__cause__
    except OSError as error:
        raise ConfigError(f"landing cannot be written: {error.strerror or type(error).__name__}", where=str(job),
                          fix="check the space and the permissions of store.landing") from None
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        place = extract_tb(error.__traceback__)[-1]
        raise DataError(f"the connector cannot read the answer: {type(error).__name__} at "
                        f"{PurePath(place.filename).name}:{place.lineno}", where=str(job),
                        fix="report it: this is a defect of the connector") from None


def _read(connector: Connector, job: Slice, zone: LandingZone) -> Manifest:
    """All pages of a slice; once more from the first when the vendor's cursor expires on the way."""
    for _ in range(_RESTARTS):
        zone.clear(folder(job))
        with suppress(CursorExpired):
            return _Landing(connector, job, zone).read(_kept(connector.pages(job), job, zone))
    zone.clear(folder(job))
    return _Landing(connector, job, zone).read(_kept(connector.pages(job), job, zone))


def peek(connector: Connector, job: Slice) -> dict[str, pa.Table]:
    """The rows of a slice by table, with their technical columns, in memory: nothing lands, and no raw contact data is
    kept. For a small slice; it raises as `land` does.
    """
    with _placed(job):
        for _ in range(_RESTARTS):
            with suppress(CursorExpired):
                return _held(connector, job)
        return _held(connector, job)


def _held(connector: Connector, job: Slice) -> dict[str, pa.Table]:
    kept = {output.table.name: [output.table.arrow().empty_table()] for output in job.stream.outputs
            if output.table.layer is not Layer.RESTRICTED}
    for page_no, page in enumerate(connector.pages(job), start=1):
        tables, _ = checked(job.stream, page, connector.map(job, page))
        for name, rows in kept.items():
            rows.append(_technical(job, tables[name], page_no).select(rows[0].schema.names).cast(rows[0].schema))
    return {name: pa.concat_tables(rows) for name, rows in kept.items()}


def replay(connector: Connector, job: Slice, zone: LandingZone) -> Manifest:
    """Map a landed slice again from its raw pages: after a better mapping, without asking the vendor."""
    landed = zone.manifest(job)
    if landed is None:
        raise BrokenAnswer("nothing landed to replay", where=str(job), fix="crosscheck backfill")
    pages = ((RawPage(zone.page(landed, no), rows, notes), landed.sha256[page_name(no)])
             for no, (rows, notes) in enumerate(zip(landed.page_rows, landed.page_notes, strict=True), start=1))
    manifest = _Landing(connector, job, zone, suffix=".new").read(pages)
    for table in (*manifest.tables, "quarantine"):
        zone.rename(manifest.folder, f"{table}.parquet.new", f"{table}.parquet")
    zone.seal(manifest)
    return manifest


def _kept(pages: Iterable[RawPage], job: Slice, zone: LandingZone) -> Iterator[tuple[RawPage, str]]:
    """Each page with the digest of its raw file, which is written before anybody looks into the page."""
    codec = pa.Codec("zstd", compression_level=1)
    for page_no, page in enumerate(pages, start=1):
        yield page, zone.write(folder(job), page_name(page_no), codec.compress(page.body, asbytes=True))
        faultpoint(Faultpoint.BETWEEN_PAGES)


def _technical(job: Slice, rows: pa.Table, page_no: int) -> pa.Table:
    """The rows with who owns them and where their payload lies."""
    for name, value in (("stream_key", job.stream_key), ("slice_id", job.slice_id), ("page_no", page_no)):
        rows = rows.append_column(name, pa.repeat(pa.scalar(value), len(rows)))
    return rows


class _Landing:
    """One slice on its way: writers per table, and what the manifest will say."""

    def __init__(self, connector: Connector, job: Slice, zone: LandingZone, suffix: str = "") -> None:
        self.connector, self.job, self.zone, self.suffix = connector, job, zone, suffix
        self.pages: list[RawPage] = []
        self.sha256: dict[str, str] = {}
        self.drift: set[str] = set()

    def read(self, pages: Iterable[tuple[RawPage, str]]) -> Manifest:
        """Write the canonical rows of all pages; the manifest, not yet sealed."""
        with ExitStack() as stack:
            writers = {output.table.name: self._writer(stack, output.table.name, output.table.arrow())
                       for output in self.job.stream.outputs}
            refused = self._writer(stack, "quarantine", _QUARANTINE)
            for page_no, (page, digest) in enumerate(pages, start=1):
                self.sha256[page_name(page_no)] = digest
                faultpoint(Faultpoint.PAGE_WRITTEN)
                self._page(page_no, page, writers, refused)
        self.sha256 |= {f"{name}.parquet": each.sink.sha256
                        for name, each in {**writers, "quarantine": refused}.items()}
        return self._manifest({name: each.rows for name, each in writers.items()}, refused.rows)

    def _page(self, page_no: int, page: RawPage, writers: dict[str, _Writer], refused: _Writer) -> None:
        mapped = self.connector.map(self.job, page)
        tables, quarantined = checked(self.job.stream, page, mapped)
        for name, rows in tables.items():
            writers[name].add(_technical(self.job, rows, page_no))
        refused.add(quarantined.add_column(0, "page_no", pa.repeat(pa.scalar(page_no, pa.int64()), len(quarantined))))
        self.drift.update(mapped.drift)
        self.pages.append(RawPage(b"", page.rows, page.notes))

    def _writer(self, stack: ExitStack, name: str, schema: pa.Schema) -> _Writer:
        writer = _Writer(self.zone.create(folder(self.job), f"{name}.parquet{self.suffix}"), schema)
        stack.callback(writer.close)
        return writer

    def _manifest(self, tables: dict[str, int], quarantined: int) -> Manifest:
        job = self.job
        return Manifest(
            slice_id=job.slice_id, run_id=job.run_id, source=job.source, connector=job.connector,
            account=asdict(job.account), stream=job.stream.name, stream_key=job.stream_key, window=str(job.window),
            since=job.since.isoformat() if job.since else None, as_of=job.as_of.isoformat(),
            business_zone=job.business_zone, folder=folder(job), pages=len(self.pages),
            received=sum(page.rows for page in self.pages), mapped=tables[job.stream.primary.table.name],
            quarantined=quarantined, tables=tables, drift=sorted(self.drift)[:200],
            notes={key: value for page in self.pages for key, value in page.notes.items()},
            page_rows=[page.rows for page in self.pages], page_notes=[dict(page.notes) for page in self.pages],
            sha256=self.sha256)


class _Writer:
    """Rows of one table, gathered into row groups: a page may be small, a slice must not be held whole."""

    def __init__(self, sink: Sink, schema: pa.Schema) -> None:
        self.sink, self.rows = sink, 0
        self._schema, self._waiting, self._held = schema, [pa.table({n: [] for n in schema.names}, schema=schema)], 0
        self._parquet = pq.ParquetWriter(sink, schema, compression="zstd", compression_level=1)

    def add(self, rows: pa.Table) -> None:
        """Take a page's rows."""
        self._waiting.append(rows.select(self._schema.names).cast(self._schema))
        self._held += rows.num_rows
        self.rows += rows.num_rows
        if self._held >= _GROUP_ROWS:
            self._flush()

    def close(self) -> None:
        """Write what waits and the footer."""
        self._flush()
        self._parquet.close()
        self.sink.close()

    def _flush(self) -> None:
        if self._held:
            self._parquet.write_table(pa.concat_tables(self._waiting).combine_chunks())
        self._waiting, self._held = [], 0
