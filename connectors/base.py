"""What a connector is: streams declared as data, and three verbs.

A connector knows its vendor and nothing behind it. Vendor exceptions stop here and become
`crosscheck.errors` by what to do next.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from crosscheck.tables import Table
from crosscheck.windows import Window

if TYPE_CHECKING:
    import pandas as pd


class StreamKind(StrEnum):
    """How a stream is read night after night."""

    WINDOW = "window"  # restated per day: re-read the lookback, replace it
    INCREMENTAL = "incremental"  # changed since the cursor: upsert by key
    SNAPSHOT = "snapshot"  # whole, every night


class LoadMode(StrEnum):
    """How the rows of one output table enter staging."""

    WINDOW = "window"  # delete the stream's rows of these days, insert
    UPSERT = "upsert"  # delete by key, insert
    CHILDREN = "children"  # delete all rows of the parents seen, insert (full history per parent)
    HISTORY = "history"  # insert a version only where it differs from the newest one
    SNAPSHOT = "snapshot"  # delete all of the stream's rows, insert


@dataclass(frozen=True)
class Output:
    """One canonical table that a stream fills. `parent` names the parent key of CHILDREN."""

    table: Table
    mode: LoadMode
    parent: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stream:
    """One thing a connector reads. The first output is one-to-one with the vendor's rows: accounting counts it.

    `sweeps` is for vendors that tell of no deletion: this stream then is a SNAPSHOT of the bare keys of everything
    that the named stream reads, and a staged record of that stream which the list lacks becomes archived.
    `asks` are the company's own properties, read beside those that every company has.
    """

    name: str
    kind: StreamKind
    grain: str
    outputs: tuple[Output, ...]
    lookback_days: int = 35
    chunk_days: int = 30
    max_history_days: int | None = None
    overlap: timedelta = timedelta(minutes=15)
    empty_is_normal: bool = False
    sweeps: Stream | None = None
    asks: tuple[str, ...] = ()

    @property
    def primary(self) -> Output:
        """The output that accounting counts."""
        return self.outputs[0]

    def output(self, table: str) -> Output:
        """The output for a table by name."""
        return next(output for output in self.outputs if output.table.name == table)


@dataclass(frozen=True)
class Account:
    """What a credential reaches: an ad account, a CRM tenant, a file source."""

    account_id: str
    time_zone: str
    account_name: str = ""
    currency_code: str | None = None
    status: str = ""
    manager_id: str = ""
    is_open: bool = True  # False: the vendor calls it closed; it is named in the night's report and not read


@dataclass(frozen=True)
class Slice:
    """The unit of reading, retry, state and ledger: source, account, stream, window, run.

    `since` is the cursor of an INCREMENTAL stream: read what changed at or after it, up to `as_of`.
    `as_of` is the run's clock: nothing below looks at another one.
    """

    source: str
    connector: str
    account: Account
    stream: Stream
    window: Window
    as_of: datetime
    run_id: str
    business_zone: str
    since: datetime | None = None

    @property
    def stream_key(self) -> str:
        """Who owns the rows."""
        return f"{self.source}/{self.account.account_id}/{self.stream.name}"

    @property
    def swept_key(self) -> str | None:
        """Whose rows a stream of keys tells about."""
        swept = self.stream.sweeps
        return None if swept is None else f"{self.source}/{self.account.account_id}/{swept.name}"

    @property
    def slice_id(self) -> str:
        """Deterministic within a run, so that a resumed run finds what it landed."""
        import hashlib

        text = f"{self.run_id}|{self.stream_key}|{self.window}|{self.since}"
        return hashlib.sha256(text.encode()).hexdigest()[:20]

    def __str__(self) -> str:
        return f"{self.source} / {self.account.account_id} / {self.stream.name} / {self.window}"


@dataclass(frozen=True)
class RawPage:
    """One answer of the vendor, unchanged. `rows` counts the vendor's rows in it; `notes` go to the manifest."""

    body: bytes
    rows: int
    notes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Mapped:
    """What a page became.

    `frames`: by output table name, the canonical columns without the technical ones except `row_no`, which
    every frame must carry (1-based vendor row within the page). `quarantined`: columns `row_no, reason, field`
    (no values: they may be personal). rows of the page = rows of the primary frame + quarantined rows.
    `drift`: vendor keys nobody mapped.
    """

    frames: Mapping[str, pd.DataFrame]
    quarantined: pd.DataFrame
    drift: tuple[str, ...] = ()


@dataclass(frozen=True)
class Limits:
    """What one credential may do at once."""

    concurrent: int = 4
    per_second: float = 5.0


class Connector(Protocol):
    """The whole contract. Constructed as `Class(source_settings, http=None)`; must be safe to call from threads."""

    name: str
    streams: tuple[Stream, ...]
    limits: Limits

    def accounts(self) -> list[Account]:
        """What the credential reaches, deduplicated. Raises ConfigError on a bad credential."""
        ...

    def pages(self, job: Slice) -> Iterator[RawPage]:
        """The vendor's answers for a slice, streamed. Raises `crosscheck.errors` only."""
        ...

    def map(self, job: Slice, page: RawPage) -> Mapped:
        """Pure: the same page gives the same frames; no network, no clock."""
        ...
