"""The Vietnamese catalogue of the ratios is that of today's records."""

from __future__ import annotations

from report import dictionary


def test_the_catalogue_is_todays() -> None:
    """A metric that came, went or changed is found; `python -m report.dictionary` writes it again."""
    assert dictionary.PATH.read_text(encoding="utf-8") == dictionary.metrics()
