"""How a number is opened: the command that leads from it to its rows."""

from __future__ import annotations

import shlex
from datetime import date


def command(mart: str, **key: str | int | date | None) -> str:
    """`crosscheck trace` with as much of the key as is known; what is null cannot be named."""
    words = [f"{name}={value.isoformat() if isinstance(value, date) else value}" for name, value in key.items()
             if value is not None]
    return " ".join(["crosscheck trace", mart, *(shlex.quote(word) for word in words)])
