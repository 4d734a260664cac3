"""A CRM connector against the sandbox, slice by slice, without landing or warehouse."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path

import pandas as pd

from connectors.base import Connector, Mapped, RawPage, Slice
from connectors.getfly import Getfly
from connectors.hubspot import HubSpot
from crosscheck.settings import Settings, Source
from crosscheck.windows import Window
from sandbox import credentials

DEMO_RULES = Path(__file__).parents[2] / "examples" / "demo" / "rules"
PRIVACY_KEY = "a-key-for-tests-0123456789"
_SECRETS = {"hubspot": ("access_token", credentials.HUBSPOT_TOKEN), "getfly": ("api_key", credentials.GETFLY_KEY)}
_CLASSES: dict[str, Callable[..., Connector]] = {"hubspot": HubSpot, "getfly": Getfly}


def connect(name: str, url: str, setenv: Callable[[str, str], None]) -> tuple[Connector, list[float]]:
    """The connector on a loopback address, and the pauses it makes, none of which takes time."""
    key, value = _SECRETS[name]
    setenv("CRM_SECRET", value)
    setenv("CROSSCHECK_PRIVACY_KEY", PRIVACY_KEY)
    source = Source(name=name, connector=name, secrets={key: "env:CRM_SECRET"},
                    options={"base_url": url, "per_second": 10_000, "search_per_second": 10_000})
    pauses: list[float] = []
    return _CLASSES[name](source, Settings(rules=str(DEMO_RULES)), sleep=pauses.append), pauses


def job_of(connector: Connector, stream: str, as_of: datetime, since: datetime | None = None) -> Slice:
    """The slice of a stream on the connector's only account."""
    account = connector.accounts()[0]
    return Slice(connector.name, connector.name, account, next(s for s in connector.streams if s.name == stream),
                 Window(as_of.date(), as_of.date()), as_of, "test", "Asia/Ho_Chi_Minh", since)


@dataclass
class Read:
    """All pages of a slice, mapped."""

    connector: Connector
    job: Slice
    pages: list[RawPage] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.pages = self.pages or list(self.connector.pages(self.job))

    @cached_property
    def mapped(self) -> list[Mapped]:
        """What each page became."""
        return [self.connector.map(self.job, page) for page in self.pages]

    @property
    def received(self) -> int:
        """The vendor's rows."""
        return sum(page.rows for page in self.pages)

    @property
    def drift(self) -> set[str]:
        """Keys nobody mapped."""
        return {key for each in self.mapped for key in each.drift}

    def rows(self, table: str) -> list[dict[str, object]]:
        """Rows of a canonical table."""
        return [row for each in self.mapped for row in each.frames[table].to_dict("records")]

    def by_key(self, table: str, *names: str) -> dict[object, dict[str, object]]:
        """Rows by a key that is one value or a tuple of several."""
        return {row[names[0]] if len(names) == 1 else tuple(row[n] for n in names): row for row in self.rows(table)}

    def quarantined(self) -> list[tuple[str, str]]:
        """Reason and field of each row set aside."""
        return [(row["reason"], row["field"]) for each in self.mapped for row in each.quarantined.to_dict("records")]

    def texts(self) -> Iterator[tuple[str, str]]:
        """Each table with all that stands in it."""
        for each in self.mapped:
            for name, frame in each.frames.items():
                yield name, frame.to_csv()


def same(left: Mapped, right: Mapped) -> None:
    """Two mappings of a page agree cell by cell."""
    assert left.frames.keys() == right.frames.keys()
    for name, frame in left.frames.items():
        pd.testing.assert_frame_equal(frame, right.frames[name])
