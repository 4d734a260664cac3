"""Data to stdout, everything else to stderr; `--json` is one exact document, the rest is for eyes.

Texts of vendors, files and settings are printed as they are: a bracket in them is never an instruction to rich.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from crosscheck.errors import CrosscheckError
from crosscheck.redact import redact

#: Of a pipe or a file nobody knows the width: a table's row stays one line there.
_UNBOUNDED = 10_000

err = Console(stderr=True, highlight=False, soft_wrap=True)
out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else _UNBOUNDED)


class UsageError(CrosscheckError):
    """The command's words are off."""

    exit_code = 2


def plain(value: Any) -> Any:
    """A value as JSON has it: decimals and instants as text, so that nothing is rounded on the way."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, CrosscheckError):
        return {"error": redact(value.what), "where": value.where, "next": redact(value.fix),
                "exit_code": value.exit_code}
    return value


def print_json(payload: Any) -> None:
    """One JSON document on stdout."""
    raw(json.dumps(plain(payload), ensure_ascii=False, indent=2))


def raw(text: str) -> None:
    """A text on stdout, character by character."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def complain(error: CrosscheckError, *, as_json: bool = False) -> None:
    """What happened, where, and the next step; on stderr, with `as_json` as one JSON document."""
    if as_json:
        sys.stderr.write(json.dumps(plain(error), ensure_ascii=False) + "\n")
        return
    if error.where:
        err.print(Text(error.where, "dim"))
    bad(redact(error.what))
    if error.fix:
        following(redact(error.fix))


def bad(text: str) -> None:
    """A line on stderr about something that is not well."""
    err.print(Text.assemble(("✗", "red"), " ", text))


def following(text: str) -> None:
    """The next step, on stderr."""
    err.print(Text.assemble("  ", ("next:", "bold"), " ", text))


def note(text: str) -> None:
    """A line on stderr."""
    err.print(Text(text))


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], *, right: Iterable[str] = ()) -> None:
    """A table for eyes; columns named in `right` are numbers."""
    grid = Table(title=Text(title), title_justify="left", title_style="bold", header_style="dim", box=None,
                 pad_edge=False)
    for name in columns:
        grid.add_column(name, justify="right" if name in set(right) else "left", overflow="fold")
    for row in rows:
        grid.add_row(*(Text("—" if cell is None else str(cell)) for cell in row))
    out.print(grid)


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar per step on stderr; without a terminal, a line per finished step."""
    if not err.is_terminal:
        yield _line
        return
    bars = Progress(SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
                    TimeElapsedColumn(), console=err, transient=True)
    known: dict[str, Any] = {}
    with bars:
        def tell(name: str, done: int, total: int) -> None:
            if name not in known or done == 0:
                known[name] = bars.add_task(name, total=total)
            bars.update(known[name], completed=done, total=total)

        yield tell


def _line(name: str, done: int, total: int) -> None:
    if done == total:
        err.print(f"  {name}" + (f" ({total})" if total > 1 else ""))
