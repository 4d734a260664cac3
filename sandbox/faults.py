"""Faults on order: what a vendor, a network or a day of bad data does to an answer.

Transport faults hit `times` matching requests after the first `after` ones. Data faults (`DATA`) describe the
vendor's rows, so they hold for every matching request until they are cleared.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.wire import Row

BEFORE = ("429_retry_after", "429_bare", "quota_in_body", "5xx_burst", "html_200", "expired_token", "forbidden_account")
AFTER = ("reset_mid_body", "truncated_json", "slow", "drip", "redirect")
PAGING = ("duplicated_page", "cursor_loop", "other_host_next")
DATA = ("empty_answer", "volume_drop", "null_column", "restated", "vanished", "new_column")
VENDOR = ("expired_page_token", "async_failed", "async_stuck", "async_unreadable", "reduce_data")
STANDING = (*DATA, "cursor_loop", "forbidden_account", "async_stuck")
KINDS = (*BEFORE, *AFTER, *PAGING, *DATA, *VENDOR)


@dataclass(frozen=True)
class Fault:
    """One fault.

    `path_contains` is looked for in path, query and body, so it can name an account, a level or "pageToken".

    `params` by kind: 429_retry_after `seconds`; 5xx_burst `status`; reset_mid_body and truncated_json `bytes`;
    slow `seconds`; drip `seconds` for the whole body, byte by byte; redirect and other_host_next `url`; cursor_loop
    `length` (1: A-A, 2: A-B-A); volume_drop `keep` (share); null_column and new_column `column` (dotted), `blank`
    keeps the key with null; restated `column`, `factor`; vanished `column`, `value`.
    Raises ValueError for an unknown kind.
    """

    vendor: str
    kind: str
    path_contains: str = ""
    times: int = 1
    after: int = 0
    params: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault {self.kind!r}: one of {', '.join(KINDS)}")


class FaultBook:
    """The faults on order, and how often each was met. Safe to use from threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: list[tuple[Fault, list[int]]] = []

    def add(self, fault: Fault) -> None:
        """Order a fault."""
        with self._lock:
            self._orders.append((fault, [0]))

    def clear(self) -> None:
        """Withdraw all faults."""
        with self._lock:
            self._orders.clear()

    def due(self, vendor: str, text: str) -> Active:
        """The faults that hit this request, counted."""
        with self._lock:
            return Active([fault for fault, met in self._orders if self._hits(fault, met, vendor, text)])

    @staticmethod
    def _hits(fault: Fault, met: list[int], vendor: str, text: str) -> bool:
        if fault.vendor != vendor or fault.path_contains not in text:
            return False
        met[0] += 1
        standing = fault.kind in STANDING or (vendor, fault.kind) == ("getfly", "duplicated_page")  # pages by offset
        return met[0] > fault.after and (standing or met[0] <= fault.after + fault.times)


class Active:
    """The faults of one request."""

    def __init__(self, faults: Sequence[Fault] = ()) -> None:
        self.faults = list(faults)

    def get(self, *kinds: str) -> Fault | None:
        """The first fault of these kinds, if any."""
        return next((fault for fault in self.faults if fault.kind in kinds), None)

    @property
    def spoils(self) -> bool:
        """Whether a data fault is among them."""
        return self.get(*DATA) is not None

    def redirect(self, cursor: str | None, after: str | None) -> str | None:
        """The cursor to give out instead of the right one."""
        if fault := self.get("cursor_loop"):
            return "0.b" if int(fault.params.get("length", 1)) == 2 and cursor != "0.b" else "0.a"
        if self.get("duplicated_page"):
            return f"{(cursor or '0').split('.')[0]}.again"
        return after

    def rows(self, rows: list[Row]) -> list[Row]:
        """The rows after the data faults, in the order in which these were injected."""
        for fault in self.faults:
            if fault.kind in DATA:
                rows = _spoil(fault.kind, fault.params, rows)
        return rows


def _spoil(kind: str, params: Mapping[str, Any], rows: list[Row]) -> list[Row]:
    if kind == "empty_answer":
        return []
    if kind == "volume_drop":
        return rows[: int(len(rows) * float(params.get("keep", 0.1)))]
    column = str(params.get("column", "spend"))
    if kind == "vanished":
        return [row for row in rows if str(_read(row, column)) != str(params["value"])]
    return [_changed(row, column.split("."), kind, params) for row in rows]


def _read(row: Row, column: str) -> Any:
    value: Any = row
    for name in column.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _changed(row: Row, path: list[str], kind: str, params: Mapping[str, Any]) -> Row:
    if len(path) > 1:
        inner = row.get(path[0])
        return row | {path[0]: _changed(inner, path[1:], kind, params)} if isinstance(inner, dict) else row
    if kind == "new_column":
        return row | {path[0]: params.get("value", "surprise")}
    if path[0] not in row:
        return row
    if kind == "null_column":
        rest = {name: value for name, value in row.items() if name != path[0]}
        return rest | {path[0]: None} if params.get("blank") else rest
    return row | {path[0]: _scaled(row[path[0]], float(params.get("factor", 2)))}


def _scaled(value: Any, factor: float) -> Any:
    number = float(value) * factor
    text = f"{number:.0f}" if "." not in str(value) else f"{number:.2f}"
    return text if isinstance(value, str) else number
