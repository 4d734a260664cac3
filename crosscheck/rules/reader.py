"""Rule files, read strictly: one place that checks keys, kinds, days and signatures, and names file and line."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import ConstructorError, RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from crosscheck.errors import ConfigError

#: The rule files as they are shipped: the documented defaults.
SHIPPED = Path(__file__).parents[2] / "rules"
SIGNATORIES = ("marketing", "sales")
#: Keys that every rule file may have: they say from when a version holds and who agreed, not what it means.
HEAD = ("signed_by", "effective_from")
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


@dataclass(frozen=True)
class Head:
    """Which version of a rule file this is, from when it holds, and which of the two heads signed it."""

    version: str
    effective_from: date | None
    signed_by: Mapping[str, str | None]

    @property
    def is_draft(self) -> bool:
        """Whether a signature is missing: the version holds, and whoever reads its numbers is told."""
        return not all(self.signed_by.get(name) for name in SIGNATORIES)


class Reading:
    """A mapping of a rule file. Each accessor returns one kind of value, or raises ConfigError with file and line."""

    def __init__(self, path: Path, tree: Any) -> None:
        self.path, self.tree = path, tree

    @classmethod
    def of(cls, path: Path) -> Reading:
        """A whole file."""
        try:
            tree = _parser().load(path.read_text(encoding="utf-8"))
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line if mark is not None else 0
            raise _wrong(path, line, str(error.problem or error.context).splitlines()[0]) from None
        except (YAMLError, UnicodeDecodeError) as error:
            raise _wrong(path, 0, str(error).splitlines()[0]) from None
        if not isinstance(tree, dict):
            raise _wrong(path, 0, "a mapping is expected")
        return cls(path, tree)

    @classmethod
    def of_rule(cls, folder: Path, name: str) -> Reading:
        """A rule file of a folder, or as it is shipped where the folder has none."""
        own = folder / f"{name}.yaml"
        return cls.of(own if own.is_file() else SHIPPED / own.name)

    def wrong(self, key: object, what: str) -> ConfigError:
        """The error about what stands under a key."""
        return _wrong(self.path, int(self.tree.lc.key(key)[0]), what)

    def keys(self, allowed: Collection[str], required: Collection[str] = ()) -> None:
        """Refuse unknown keys and missing ones."""
        for key in self.tree:
            if key not in allowed:
                raise self.wrong(key, f"unknown key {key!r}; there are {', '.join(allowed)}")
        for key in required:
            if key not in self.tree:
                raise _wrong(self.path, self.tree.lc.line, f"key {key!r} is missing")

    def has(self, key: str) -> bool:
        """Whether anything stands under the key; null counts as nothing."""
        return self.tree.get(key) is not None

    def mapping(self, key: str) -> Reading:
        """The mapping under a key."""
        if not isinstance(self.tree[key], dict):
            raise self.wrong(key, f"{key} must be a mapping")
        return Reading(self.path, self.tree[key])

    def mappings(self, key: str) -> tuple[Reading, ...]:
        """The list of mappings under a key, each with its own lines."""
        items = self.tree[key]
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise self.wrong(key, f"{key} must be a list of mappings, [] for none")
        return tuple(Reading(self.path, item) for item in items)

    def named(self, key: str) -> dict[str, Reading]:
        """A mapping of mappings under a key, by name."""
        inner = self.mapping(key)
        if strange := [name for name in inner.tree if not isinstance(name, str)]:
            raise inner.wrong(strange[0], f"{key}: {strange[0]!r} is not text; quote it")
        return {name: inner.mapping(name) for name in inner.tree}

    def text(self, key: str) -> str:
        """A text that is not empty."""
        value = self.tree[key]
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(key, f"{key}: {value!r} is not text; quote it")
        return str(value)

    def choice(self, key: str, allowed: Collection[str]) -> str:
        """One of these words."""
        if (value := self.text(key)) not in allowed:
            raise self.wrong(key, f"{key}: unknown {value!r}; there are {', '.join(allowed)}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts, none of them twice."""
        items = self.tree[key]
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            raise self.wrong(key, f"{key}: give a list of texts, [] for none")
        if len(set(items)) != len(items):
            raise self.wrong(key, f"{key}: a text stands twice")
        return tuple(str(item) for item in items)

    def days(self, key: str) -> tuple[date, ...]:
        """A list of days."""
        items = self.tree[key]
        if not isinstance(items, list) or not all(type(item) is date for item in items):
            raise self.wrong(key, f"{key}: give a list of days, as in [2026-01-31]")
        return tuple(items)

    def day(self, key: str) -> date:
        """A day of the calendar."""
        if type(self.tree[key]) is not date:
            raise self.wrong(key, f"{key} is a day, as in 2026-01-31")
        return date(self.tree[key].year, self.tree[key].month, self.tree[key].day)

    def month(self, key: str) -> date:
        """The first day of the month that the key itself names."""
        if not isinstance(key, str) or not _MONTH.fullmatch(key):
            raise self.wrong(key, f"{key} is no month, as in 2026-01")
        return date(int(key[:4]), int(key[5:]), 1)

    def whole(self, key: str, low: int = 1) -> int:
        """A whole number, at least `low`."""
        return self._whole(key, self.tree[key], low)

    def wholes(self, key: str) -> tuple[int, ...]:
        """A list of whole numbers from 1, rising."""
        items = self.tree[key]
        if not isinstance(items, list) or not items:
            raise self.wrong(key, f"{key}: give a list of whole numbers")
        found = tuple(self._whole(key, item, 1) for item in items)
        if list(found) != sorted(set(found)):
            raise self.wrong(key, f"{key}: the numbers must rise")
        return found

    def number(self, key: str, high: int | None = None) -> Decimal:
        """A number from 0, exactly as it is written, at most `high`."""
        value = self.tree[key]
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.wrong(key, f"{key}: {value!r} is not a number")
        exact = Decimal(str(value))
        if not exact.is_finite() or exact < 0 or (high is not None and exact > high):
            raise self.wrong(key, f"{key}: {value} is not a number from 0" + (f" to {high}" if high else ""))
        return exact

    def head(self) -> Head:
        """Version, day and signatures. The version changes when a meaning does; comments and order of keys do not."""
        version = content_version(json.dumps(_unsigned(self.tree), sort_keys=True, default=str, ensure_ascii=False))
        return Head(version, self.effective_from(), self.signatures())

    def effective_from(self) -> date | None:
        """Since when this version holds, as far as anybody wrote it down."""
        return self.day("effective_from") if self.has("effective_from") else None

    def signatures(self) -> dict[str, str | None]:
        """Who signed for either department; None where nobody did."""
        if not self.has("signed_by"):
            return dict.fromkeys(SIGNATORIES)
        signed = self.mapping("signed_by")
        signed.keys(SIGNATORIES)
        return {name: signed.text(name) if signed.has(name) else None for name in SIGNATORIES}

    def _whole(self, key: str, value: object, low: int) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < low:
            raise self.wrong(key, f"{key}: {value!r} is not a whole number from {low}")
        return int(value)


class _Constructor(RoundTripConstructor):
    """The library's own, except that a day that no calendar has is a mistake with a place."""


def _timestamp(constructor: Any, node: Any) -> Any:
    try:
        return constructor.construct_yaml_timestamp(node)
    except ValueError as error:
        raise ConstructorError(None, None, str(error), node.start_mark) from None


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", _timestamp)


def _parser() -> YAML:
    parser = YAML(typ="rt")
    parser.Constructor = _Constructor
    return parser


def _unsigned(tree: Any) -> Any:
    """What a tree means: without who signed it or a part of it, and since when it holds."""
    if isinstance(tree, dict):
        return {key: _unsigned(value) for key, value in tree.items() if key not in HEAD}
    return [_unsigned(value) for value in tree] if isinstance(tree, list) else tree


def content_version(text: str) -> str:
    """Twelve hexadecimal digits that stand for a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _wrong(path: Path, line: int, what: str) -> ConfigError:
    return ConfigError(f"{path.name}, line {line + 1}: {what}", fix=f"edit {path.name}")
