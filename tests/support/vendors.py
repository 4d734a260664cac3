"""Every registered connector that has a sandbox vendor, opened on it; and slices read through the real landing."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq

from connectors import connector_class
from connectors.base import Account, Connector, Slice, Stream, StreamKind
from connectors.landing import LandingZone, Manifest
from connectors.reader import land
from crosscheck.settings import Settings, Source
from crosscheck.tables import TECHNICAL
from crosscheck.windows import Window, last_full_day
from sandbox import credentials
from tests.support.crm import DEMO_RULES

BUSINESS_ZONE = "Asia/Ho_Chi_Minh"
_FAST = {"per_second": 100_000, "search_per_second": 100_000}


@dataclass(frozen=True)
class Case:
    """How one connector is pointed at its sandbox vendor: secrets by name, options from the vendor's address."""

    secrets: dict[str, str]
    options: Callable[[str], dict[str, str]]


CASES: dict[str, Case] = {
    "google_ads": Case({"developer_token": credentials.DEVELOPER_TOKEN, "client_id": credentials.CLIENT_ID,
                        "client_secret": credentials.CLIENT_SECRET, "refresh_token": credentials.REFRESH_TOKEN},
                       lambda url: {"api_endpoint": url, "token_uri": f"{url}/token"}),
    "meta_ads": Case({"access_token": credentials.META_TOKEN}, lambda url: {"base_url": url}),
    "hubspot": Case({"access_token": credentials.HUBSPOT_TOKEN}, lambda url: {"base_url": url}),
    "getfly": Case({"api_key": credentials.GETFLY_KEY}, lambda url: {"base_url": url, "time_zone": BUSINESS_ZONE}),
}


def connect(name: str, url: str, setenv: Callable[[str, str], None],
            **options: object) -> tuple[Connector, list[float]]:
    """The connector on a loopback address, and the pauses it makes, none of which takes time."""
    case = CASES[name]
    setenv("CROSSCHECK_PRIVACY_KEY", "a-key-for-tests-0123456789")
    for key, value in case.secrets.items():
        setenv(f"TEST_{name}_{key}", value)
    source = Source(name=name, connector=name, options={**case.options(url), **_FAST, **options},
                    secrets={key: f"env:TEST_{name}_{key}" for key in case.secrets})
    pauses: list[float] = []
    connector: Connector = connector_class(name)(source, Settings(rules=str(DEMO_RULES)), sleep=pauses.append)
    return connector, pauses


def job_of(connector: Connector, account: Account, stream: Stream, as_of: datetime, days: int = 5) -> Slice:
    """The slice of a stream up to the account's last full day; without a cursor, so all that changed ever."""
    last = last_full_day(as_of, account.time_zone)
    first = last - timedelta(days=days - 1) if stream.kind is StreamKind.WINDOW else last
    return Slice(connector.name, connector.name, account, stream, Window(first, last), as_of, "test", BUSINESS_ZONE)


@dataclass(frozen=True)
class Landed:
    """A landed slice."""

    zone: LandingZone
    manifest: Manifest

    def table(self, name: str) -> pa.Table:
        """The rows of a table, with their technical columns."""
        return pq.read_table(self.zone.parquet(self.manifest, name))

    def rows(self, name: str) -> set[tuple[tuple[str, object], ...]]:
        """The distinct canonical rows of a table, whichever page brought them."""
        return {tuple((key, value) for key, value in row.items() if key not in TECHNICAL)
                for row in self.table(name).to_pylist()}

    def everything(self) -> dict[str, set[tuple[tuple[str, object], ...]]]:
        """The distinct canonical rows of all tables."""
        return {name: self.rows(name) for name in self.manifest.tables}


def read(connector: Connector, job: Slice) -> Landed:
    """The slice, read into a zone of its own."""
    zone = LandingZone(f"memory://{uuid.uuid4()}")
    return Landed(zone, land(connector, job, zone))
