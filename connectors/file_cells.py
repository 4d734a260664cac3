"""The smallest part of a mapping: where the value of one column comes from, and whether that can be right."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from connectors.file_numbers import UnreadableError
from connectors.file_parsers import PARSERS, default_for
from crosscheck.tables import TECHNICAL, Kind, Table

Condition = Literal["non_empty"] | tuple[str, ...]
Constant = str | bool | int | float | date | datetime
_CONSTANTS = {Kind.COUNT: "count", Kind.MONEY: "decimal", Kind.QUANTITY: "decimal", Kind.DAY: "day_iso",
              Kind.INSTANT: "instant_iso"}


class Part(BaseModel):
    """A part of a mapping file: an unknown key is an error, not a silence."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Cell(Part):
    """Where the value of one canonical column comes from. Exactly one of `from`, `const` and `as_of` is given."""

    source: str | None = Field(None, alias="from")
    const: Constant | None = None
    as_of: bool = False
    parse: str | None = None
    null: tuple[str, ...] = ("",)
    default: Constant | None = None
    values: dict[str, Constant] | None = None
    otherwise: Constant | None = None
    when: dict[str, Condition] = {}
    scale: int | None = Field(None, ge=0, le=6)
    time_zone: str | None = None

    @field_validator("source", mode="after")
    @classmethod
    def _tidy(cls, name: str | None) -> str | None:
        return name.strip() if name else name

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str | None) -> str | None:
        return None if name is None else zone(name)

    @model_validator(mode="after")
    def _one_origin(self) -> Cell:
        if (self.source is not None) + (self.const is not None) + self.as_of != 1:
            raise ValueError("give exactly one of from, const and as_of")
        if self.parse is not None and self.parse not in PARSERS:
            raise ValueError(f"no parser {self.parse!r}; there are {', '.join(PARSERS)}")
        if self.parse is not None and self.values is not None:
            raise ValueError("parse and values exclude each other")
        if self.otherwise is not None and self.values is None:
            raise ValueError("otherwise belongs to values")
        return self


def constant(value: Any, kind: Kind) -> Any:
    """A constant of the mapping as a value of a column's kind. Raises ValueError when it cannot be one."""
    if kind in {Kind.TEXT, Kind.ID}:
        return str(value)
    if kind is Kind.FLAG and isinstance(value, bool):
        return value
    if kind not in _CONSTANTS or isinstance(value, bool):
        raise ValueError(f"{value!r} is not a {kind.value}")
    text = value.isoformat() if isinstance(value, date) else str(value)
    try:
        return PARSERS[_CONSTANTS[kind]].read(text, ZoneInfo("UTC"))
    except UnreadableError as error:
        raise ValueError(f"{value!r} is not a {kind.value}") from error


def check(table: Table, name: str, cell: Cell) -> None:
    """Raises ValueError when the cell cannot fill the column: a wrong kind, an undeclared form, a column not there."""
    if name not in table.by_name or name in TECHNICAL or name == "source":
        raise ValueError(f"{table.name} has no column {name!r} to map")
    kind = table.by_name[name].field.kind
    for value in (cell.const, cell.default, cell.otherwise, *(cell.values or {}).values()):
        if value is not None:
            constant(value, kind)
    if cell.source is not None and cell.values is None:
        parser = cell.parse or default_for(kind)
        if parser is None or kind not in PARSERS[parser].kinds:
            names = ", ".join(p.name for p in PARSERS.values() if kind in p.kinds)
            raise ValueError(f"{table.name}.{name} is a {kind.value}: declare parse, one of {names}")
    if cell.as_of and kind not in {Kind.INSTANT, Kind.DAY}:
        raise ValueError(f"{table.name}.{name}: as_of gives an instant or a day")


def zone(name: str) -> str:
    """The name of a time zone that exists; ValueError otherwise."""
    if name not in available_timezones():
        raise ValueError(f"no time zone {name!r}")
    return name
