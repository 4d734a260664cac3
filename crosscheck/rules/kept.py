"""A rule file as a text that outlives it: what an old version meant can be asked when another took its place."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError


def written(part: object) -> str:
    """Everything that a rule file says, as JSON."""
    kind: Any = type(part)
    return _adapter(kind).dump_json(part).decode()


def reread(kind: Any, text: str) -> Any:
    """The same record again; None where this version of Crosscheck expects another one."""
    try:
        return _adapter(kind).validate_json(text)
    except ValidationError:
        return None


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
