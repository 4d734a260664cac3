"""The demo company and what is right of it, once per process: making either takes seconds.

Tests that ask for these belong to one group of pytest-xdist, `truth`.
"""

from __future__ import annotations

from functools import cache

from sandbox.company import make_company
from sandbox.model import Company
from sandbox.truth import Truth, expected


@cache
def company() -> Company:
    """The company that `make demo` plays."""
    return make_company(seed=7, scale=1.0)


@cache
def truth(night: int, *missed: int) -> Truth:
    """The answers after a night; `missed` nights were refused."""
    return expected(company(), night, missed=missed)
