"""Table records: from one record follow DDL, dtypes, expectations and the dictionary."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

_NAME = re.compile(r"^[a-z][a-z0-9_]{1,58}$")


class Kind(StrEnum):
    """The physical type of a column, the same on every engine."""

    TEXT = "text"
    ID = "id"  # text too: an id is never a number
    COUNT = "count"  # BIGINT
    MONEY = "money"  # DECIMAL(18,6), its currency in a column beside it
    QUANTITY = "quantity"  # DECIMAL(18,6) without a currency: fractional conversions, exchange rates
    RATE = "rate"  # DOUBLE, usually 0..1
    INSTANT = "instant"  # TIMESTAMP, UTC
    DAY = "day"  # DATE, local to the zone that the meaning names
    FLAG = "flag"  # BOOLEAN


class Layer(StrEnum):
    """Who owns a table, and the schema it lives in."""

    STAGING = "staging"
    RESTRICTED = "restricted"
    OPS = "ops"
    MART = "mart"


@dataclass(frozen=True)
class Field:
    """One word of the vocabulary: the same name means the same thing in every table.

    `personal` is a customer's contact data, `staff` says which employee: both decide who may read it.
    """

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    low: int | float | None = None
    high: int | float | None = None
    allowed: tuple[str, ...] = ()
    personal: bool = False
    staff: bool = False

    def __post_init__(self) -> None:
        if not _NAME.match(self.name):
            raise ValueError(f"not a column name: {self.name!r}")
        if not self.meaning.endswith("."):
            raise ValueError(f"{self.name}: a meaning is a sentence")


@dataclass(frozen=True)
class Column:
    """A field as one table uses it: whether it must be filled, and which date basis places the number."""

    field: Field
    required: bool = False
    basis: str = ""

    @property
    def name(self) -> str:
        """The column's name, which is the field's."""
        return self.field.name


@dataclass(frozen=True)
class Table:
    """One table: grain first, then its columns. `key` columns are always required and unique together."""

    name: str
    layer: Layer
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    notes: str = ""
    by_name: dict[str, Column] = field(init=False, repr=False, compare=False, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {column.name: column for column in self.columns})
        if len(self.by_name) != len(self.columns):
            raise ValueError(f"{self.name}: a column stands twice")
        if missing := [name for name in self.key if not self.has_required(name)]:
            raise ValueError(f"{self.name}: key columns absent or not required: {missing}")

    def has_required(self, name: str) -> bool:
        """Whether the column exists and must be filled."""
        return name in self.by_name and self.by_name[name].required

    @property
    def full_name(self) -> str:
        """Schema and name, as an analyst writes it."""
        return f"{self.layer.value}.{self.name}"

    @property
    def measures(self) -> tuple[str, ...]:
        """The columns outside the key and outside the technical ones: what a restatement can change."""
        return tuple(c.name for c in self.columns if c.name not in self.key and c.name not in TECHNICAL)

    def arrow(self) -> pa.Schema:
        """The Arrow schema of this table, in column order."""
        import pyarrow as pa

        return pa.schema([pa.field(c.name, arrow_type(c.field.kind)) for c in self.columns])


#: Every staging row names its slice and its place in landing, so that any number opens to the vendor's payload.
TECHNICAL = ("stream_key", "slice_id", "page_no", "row_no")


def arrow_type(kind: Kind) -> Any:
    """The Arrow type of a kind: the one hand-over format for all engines."""
    import pyarrow as pa

    return {
        Kind.TEXT: pa.string(),
        Kind.ID: pa.string(),
        Kind.COUNT: pa.int64(),
        Kind.MONEY: pa.decimal128(18, 6),
        Kind.QUANTITY: pa.decimal128(18, 6),
        Kind.RATE: pa.float64(),
        Kind.INSTANT: pa.timestamp("us"),
        Kind.DAY: pa.date32(),
        Kind.FLAG: pa.bool_(),
    }[kind]
