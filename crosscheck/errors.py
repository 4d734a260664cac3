"""The error tree, grouped by what to do next.

    CrosscheckError
    ├── Retriable            try again now, or smaller, or later tonight
    │   ├── TryAgain             the same request, after a pause
    │   ├── TrySmaller           the same slice in smaller pieces
    │   └── QuotaExhausted       not before the vendor's quota returns
    ├── Skippable            leave this account or stream out, publish the rest, say so
    │   └── AccountRefused
    ├── Fatal                a person has to act before anything can run
    │   ├── ConfigError          fix the configuration or the secret
    │   ├── VersionRetired       move to a newer API version
    │   └── LockHeld             another run is writing
    ├── DataError            the answer cannot be trusted: nothing is published from it
    │   ├── BrokenAnswer         not the vendor's format (HTML, truncated JSON): retried, then stale
    │   ├── EmptyAnswer          nothing where there was data
    │   └── GateFailed           a gate stopped the night
    └── AlertUndelivered     the run is fine, its message did not arrive
"""

from __future__ import annotations


class CrosscheckError(Exception):
    """What happened, to which source, account, stream and window, and what to do next.

    `where` names the place ("google_ads / 123 / campaigns / 2026-11-01..2026-11-21"), `fix` the next step,
    a command where there is one. Neither may ever hold a secret or personal data.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.what, self.where, self.fix = what, where, fix

    def at(self, where: str) -> CrosscheckError:
        """The same error, placed: set once by the layer that knows account, stream and window."""
        self.where = self.where or where
        return self

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        step = f" Next: {self.fix}" if self.fix else ""
        return f"{place}{self.what}{step}"


class Retriable(CrosscheckError):
    """May succeed without anybody doing anything."""

    exit_code = 4


class TryAgain(Retriable):
    """Repeat the same request. `after` is the vendor's wish in seconds, None when it gave none."""

    def __init__(self, what: str, *, after: float | None = None, where: str = "", fix: str = "") -> None:
        super().__init__(what, where=where, fix=fix)
        self.after = after


class TrySmaller(Retriable):
    """The vendor wants less in one request: a shorter window or a smaller page."""


class QuotaExhausted(Retriable):
    """No quota left tonight; the slice resumes on the next run."""


class Skippable(CrosscheckError):
    """One account or stream stays out; its published data stays, marked stale."""

    exit_code = 7


class AccountRefused(Skippable):
    """The credential may not read this account (any more)."""


class Fatal(CrosscheckError):
    """Nothing runs before a person acts."""

    exit_code = 3


class ConfigError(Fatal):
    """A setting, a credential or a rule file is missing or wrong."""


class VersionRetired(Fatal):
    """The pinned API version is not served any more."""


class LockHeld(Fatal):
    """Another run holds the warehouse."""

    exit_code = 6


class DataError(CrosscheckError):
    """The data cannot be trusted; what is published stays as it is."""

    exit_code = 5


class BrokenAnswer(DataError):
    """Not the vendor's format: HTML with status 200, truncated JSON, a page that never ends."""

    exit_code = 4


class EmptyAnswer(DataError):
    """No rows for a window that had rows."""


class GateFailed(DataError):
    """A gate refused: the checks that failed are in `ops.check_result`."""


class AlertUndelivered(CrosscheckError):
    """Every channel refused the message; it stays in the outbox."""

    exit_code = 8
