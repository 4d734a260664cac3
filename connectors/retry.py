"""Patience: how often and how long a request is repeated, and how many may run at once.

All waiting goes through one injectable sleeper, so a test of an hour of throttling takes no time.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TypeVar

from pyrate_limiter import Limiter, Rate
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from connectors.base import Limits
from crosscheck.errors import BrokenAnswer, QuotaExhausted, TryAgain

T = TypeVar("T")
Sleeper = Callable[[float], None]


@dataclass(frozen=True)
class Policy:
    """Bounds of one request: all in seconds but `attempts`, `circuit` and `max_bytes`.

    `longest_wait` caps a vendor's Retry-After; `deadline` is for one whole answer, however slowly it drips.
    """

    attempts: int = 6
    circuit: int = 3
    first_wait: float = 0.5
    longest_backoff: float = 60.0
    longest_wait: float = 300.0
    deadline: float = 300.0
    read_timeout: float = 60.0
    max_bytes: int = 256 * 2**20


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The vendor's wish in seconds, from a number or an HTTP date measured against its own `Date` header.

    None when there is none or it makes no sense; never negative.

    >>> retry_after({"retry-after": "7"}), retry_after({"retry-after": "-3"}), retry_after({"retry-after": "soon"})
    (7.0, 0.0, None)
    """
    wish = headers.get("retry-after", "").strip()
    try:
        seconds = float(wish)
        return None if math.isnan(seconds) else max(0.0, seconds)
    except ValueError:
        return _until(wish, headers.get("date", ""))


def _until(wish: str, now: str) -> float | None:
    try:
        return max(0.0, (parsedate_to_datetime(wish) - parsedate_to_datetime(now)).total_seconds())
    except (ValueError, TypeError):
        return None


class Throttle:
    """What one credential may do at once: a semaphore and a rate, shared by all threads of a connector."""

    def __init__(self, limits: Limits, sleep: Sleeper = time.sleep) -> None:
        burst = max(1, round(limits.per_second))
        self._places = threading.BoundedSemaphore(limits.concurrent)
        self._limiter = Limiter(Rate(burst, max(1, round(1000 * burst / limits.per_second))))
        self._pause = 1 / limits.per_second
        self._sleep = sleep

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Wait for a place and for the rate, then hold the place."""
        with self._places:
            while not self._limiter.try_acquire("credential", blocking=False):
                self._sleep(self._pause)
            yield


class Patience:
    """Repeats a call on TryAgain and BrokenAnswer; anything else passes through at once.

    After `Policy.circuit` calls in a row that failed for all their attempts the vendor counts as down: each further
    call gets one attempt, until one succeeds. So a dead source costs a night minutes, not hours.
    """

    def __init__(self, policy: Policy, sleep: Sleeper = time.sleep) -> None:
        self.policy, self.sleep = policy, sleep
        self._failed = 0
        self._backoff = wait_random_exponential(multiplier=policy.first_wait, max=policy.longest_backoff)

    def call(self, attempt: Callable[[], T]) -> T:
        """The first good result. Raises the last error, or QuotaExhausted when the vendor wants too long a pause."""
        attempts = self.policy.attempts if self._failed < self.policy.circuit else 1
        retrying = Retrying(
            retry=retry_if_exception_type((TryAgain, BrokenAnswer)), stop=stop_after_attempt(attempts),
            wait=self._wait, sleep=self.sleep, reraise=True)
        try:
            result: T = retrying(self._bounded, attempt)
        except (TryAgain, BrokenAnswer):
            self._failed += 1
            raise
        self._failed = 0
        return result

    def _bounded(self, attempt: Callable[[], T]) -> T:
        try:
            return attempt()
        except TryAgain as error:
            if error.after is not None and error.after > self.policy.longest_wait:
                raise QuotaExhausted(
                    f"{error.what}; the vendor asks for a pause of {error.after:.0f} s",
                    fix="nothing: what was landed is kept and the next run resumes") from None
            raise

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        wish = error.after if isinstance(error, TryAgain) else None
        return self._backoff(state) if wish is None else wish
