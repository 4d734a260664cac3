"""A mapping file: what lies where, and which column means what. Read once, checked against the staging tables.

docs/files.md shows one with every key. Nothing here opens a data file.
"""

from __future__ import annotations

import codecs
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, field_validator, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from connectors.base import LoadMode, Output, Stream, StreamKind
from connectors.file_cells import Cell, Condition, Part, check, zone
from crosscheck.canonical import CANONICAL
from crosscheck.errors import ConfigError
from crosscheck.money import currency
from crosscheck.tables import TECHNICAL, Kind, Table

TABLES: dict[str, Table] = {table.name: table for table in CANONICAL}
Format = Literal["csv", "tsv", "excel", "jsonl", "parquet"]
#: Columns that follow from others, or from the mapping's head, where a table does not map them itself.
FROM_HEAD = ("account_id", "currency_code", "time_zone")
DERIVED = {
    "lead": ("person_key", "created_day", "utm_campaign_norm", "crm_campaign_norm"),
    "deal": ("created_day", "closed_day", "crm_campaign_norm"),
    "deal_win": ("closed_day",),
    "activity": ("occurred_day",),
    "campaign": ("campaign_name_norm",),
}


class PersonFrom(Part):
    """The columns of a lead's contact data: they become keyed hashes and validity flags."""

    email: str | None = None
    phone: str | None = None


class Target(Part):
    """One staging table that the rows of a file fill."""

    table: str
    mode: LoadMode | None = None
    where: dict[str, Condition] = Field(default_factory=dict)
    columns: dict[str, Cell]
    person: PersonFrom | None = None
    landing_url: str | None = None

    @cached_property
    def record(self) -> Table:
        """The table's record."""
        return TABLES[self.table]

    @property
    def sources(self) -> set[str]:
        """The file's columns that this table reads."""
        people = (self.person.email, self.person.phone) if self.person else ()
        cells = self.columns.values()
        named = {cell.source for cell in cells} | {name for cell in cells for name in cell.when}
        return {name for name in (*named, *self.where, *people, self.landing_url) if name is not None}

    @model_validator(mode="after")
    def _fits(self) -> Target:
        if self.table not in TABLES:
            raise ValueError(f"no staging table {self.table!r}; there are {', '.join(TABLES)}")
        if (self.person or self.landing_url) and self.table != "lead":
            raise ValueError("person and landing_url belong to table lead")
        for name, cell in self.columns.items():
            check(self.record, name, cell)
        given = {*self.columns, *DERIVED.get(self.table, ()), *TECHNICAL, *FROM_HEAD, "source"}
        if missing := [c.name for c in self.record.columns if c.required and c.name not in given]:
            raise ValueError(f"{self.table}: required columns are not mapped: {', '.join(missing)}")
        return self


class FileShape(Part):
    """How a file is written, as far as its extension and its first bytes do not say."""

    format: Format | None = None
    encoding: str | None = None
    delimiter: str | None = Field(None, min_length=1, max_length=1)
    sheet: str | None = None
    skip_rows: int = Field(0, ge=0)

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, name: str | None) -> str | None:
        try:
            return None if name is None else codecs.lookup(name).name
        except LookupError:
            raise ValueError(f"no encoding {name!r}; such as utf-8, utf-16, cp1258, latin-1") from None


class Join(FileShape):
    """Columns taken from another file of the source by a key: the first row of a key wins, none gives null."""

    path: str
    on: dict[str, str] = Field(min_length=1, max_length=1)  # this file's column: the other file's column
    take: dict[str, str] = Field(min_length=1)  # the other file's column: its name here


class FileStream(FileShape):
    """One file, or all files of a pattern, and the tables they fill; the first table counts the rows."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")
    path: str
    grain: str
    outputs: tuple[Target, ...] = Field(min_length=1)
    where: dict[str, Condition] = Field(default_factory=dict)
    join: tuple[Join, ...] = ()
    ignore: dict[str, str] = Field(default_factory=dict)
    window_on: str | None = None
    page_rows: int = Field(50_000, ge=1)
    empty_is_normal: bool = False

    @property
    def sources(self) -> set[str]:
        """The file's own columns that must be there."""
        joined = {here for join in self.join for here in join.take.values()}
        keys = {here for join in self.join for here in join.on}
        return ({*self.where, *keys} | {name for target in self.outputs for name in target.sources}) - joined

    @model_validator(mode="after")
    def _window(self) -> FileStream:
        primary = self.outputs[0]
        if self.window_on and (self.window_on not in primary.columns
                               or primary.record.by_name[self.window_on].field.kind is not Kind.DAY):
            raise ValueError(f"window_on names a mapped day column of {primary.table}, not {self.window_on!r}")
        if primary.where:
            raise ValueError("the first table counts every row: put its where at the stream")
        return self

    def stream(self) -> Stream:
        """What the rest of the system knows of it."""
        kind = StreamKind.WINDOW if self.window_on else StreamKind.SNAPSHOT
        mode = LoadMode.WINDOW if self.window_on else LoadMode.SNAPSHOT
        outputs = tuple(Output(target.record, target.mode or mode) for target in self.outputs)
        return Stream(self.name, kind, self.grain, outputs, empty_is_normal=self.empty_is_normal)


class FileMapping(Part):
    """One source of files: its zone and currency, and its streams."""

    account_id: str
    account_name: str = ""
    time_zone: str
    currency: str | None = None
    phone_region: str = "VN"
    streams: tuple[FileStream, ...] = Field(min_length=1)

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        return zone(name)

    @field_validator("currency")
    @classmethod
    def _known_currency(cls, code: str | None) -> str | None:
        try:
            return None if code is None else currency(code)
        except ConfigError as error:
            raise ValueError(error.what) from None

    @model_validator(mode="after")
    def _distinct(self) -> FileMapping:
        names = [stream.name for stream in self.streams]
        if len(set(names)) != len(names):
            raise ValueError("two streams have the same name")
        for target in (target for stream in self.streams for target in stream.outputs):
            needs = target.record.has_required("currency_code") and "currency_code" not in target.columns
            if needs and self.currency is None:
                raise ValueError(f"{target.table} needs a currency: declare currency, or map currency_code")
        return self


def load(path: Path) -> FileMapping:
    """The mapping in a YAML file. Raises ConfigError naming the file and the key."""
    fix = f"see docs/files.md, edit {path.name}"
    if not path.is_file():
        raise ConfigError(f"no mapping file {path.name}", fix="give its path in options.mapping")
    try:
        return FileMapping.model_validate(YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")))
    except YAMLError as error:
        raise ConfigError(f"{path.name} is not YAML: {' '.join(str(error).split())[:200]}", fix=fix) from None
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{path.name}: {key}: {first['msg']}", fix=fix) from None
