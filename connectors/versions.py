"""When each vendor switches a version off, so that the night warns before it fails."""

from __future__ import annotations

from datetime import date, timedelta

#: The version each connector speaks unless `options.version` says otherwise: the one place.
PINNED = {"google_ads": "v26", "meta_ads": "v26.0"}
#: Announced last days by connector and version. A version that is not listed has no announced end.
SUNSETS: dict[str, dict[str, date]] = {
    "google_ads": {"v20": date(2026, 6, 10), "v21": date(2026, 8, 5), "v22": date(2026, 10, 7)},
    "meta_ads": {"v23.0": date(2026, 6, 9), "v24.0": date(2026, 10, 6)},
}
NOTICE = timedelta(days=60)


def warning(connector: str, version: str, today: date) -> str | None:
    """A sentence when a version ends within `NOTICE` or has ended, else None.

    >>> warning("google_ads", "v22", date(2026, 9, 1))
    'google_ads v22 is switched off on 2026-10-07: move to v26'
    """
    last = SUNSETS.get(connector, {}).get(version)
    if last is None or today < last - NOTICE:
        return None
    return f"{connector} {version} is switched off on {last}: move to {PINNED[connector]}"
