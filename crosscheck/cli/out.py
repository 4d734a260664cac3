"""Data to stdout, everything else to stderr; `--json` is exact, the rest is for eyes."""

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

from crosscheck.errors import CrosscheckError
from crosscheck.redact import redact

err = Console(stderr=True, highlight=False)
out = Console(highlight=False, soft_wrap=True)


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
        return {"error": redact(value.what), "where": value.where, "next": value.fix}
    return value


def print_json(payload: Any) -> None:
    """One JSON document on stdout."""
    sys.stdout.write(json.dumps(plain(payload), ensure_ascii=False, indent=2) + "\n")


def complain(error: CrosscheckError) -> None:
    """What happened, where, and the next step; on stderr."""
    place = f"[dim]{error.where}[/dim]\n" if error.where else ""
    err.print(f"{place}[red]✗[/red] {redact(error.what)}")
    if error.fix:
        err.print(f"  [bold]next:[/bold] {redact(error.fix)}")


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], *, right: Iterable[str] = ()) -> None:
    """A table for eyes; columns named in `right` are numbers."""
    grid = Table(title=title, title_justify="left", title_style="bold", header_style="dim", box=None, pad_edge=False)
    for name in columns:
        grid.add_column(name, justify="right" if name in set(right) else "left", overflow="fold")
    for row in rows:
        grid.add_row(*("—" if cell is None else str(cell) for cell in row))
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
