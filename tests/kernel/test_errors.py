"""Errors: grouped by what to do next, each with the documented exit code, placed once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from crosscheck import errors
from crosscheck.cli import EXIT_CODES
from crosscheck.errors import CrosscheckError, TryAgain

CODES = {
    "CrosscheckError": 1, "Retriable": 4, "TryAgain": 4, "TrySmaller": 4, "QuotaExhausted": 4, "Skippable": 7,
    "AccountRefused": 7, "Fatal": 3, "ConfigError": 3, "VersionRetired": 3, "LockHeld": 6, "DataError": 5,
    "BrokenAnswer": 4, "EmptyAnswer": 5, "GateFailed": 5, "AlertUndelivered": 8}


def tree(kind: type[CrosscheckError] = CrosscheckError) -> Iterator[type[CrosscheckError]]:
    """A class of this module and all below it."""
    if kind.__module__ == errors.__name__:
        yield kind
        for below in kind.__subclasses__():
            yield from tree(below)


def test_every_error_has_its_exit_code() -> None:
    """The tree is the documented one, and a script finds each code in the list."""
    assert {kind.__name__: kind.exit_code for kind in tree()} == CODES
    assert set(CODES.values()) <= set(EXIT_CODES)
    assert all(kind.__name__ in (errors.__doc__ or "") for kind in tree())


@pytest.mark.parametrize("kind", list(tree()), ids=lambda kind: kind.__name__)
def test_an_error_says_where_what_and_next(kind: type[CrosscheckError]) -> None:
    """In this order; the first place that it was given stays."""
    error = kind("no rows", fix="crosscheck run").at("meta_ads / 1 / spend").at("elsewhere")
    assert str(error) == "meta_ads / 1 / spend: no rows Next: crosscheck run"
    assert str(kind("no rows")) == "no rows"


def test_a_pause_is_the_vendors_wish() -> None:
    """Seconds where the vendor named them, nothing where it did not."""
    assert (TryAgain("429", after=2.5).after, TryAgain("503").after) == (2.5, None)
