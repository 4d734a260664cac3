"""The facts as charts in one language: what each draws, and what it says in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from gettext import NullTranslations
from typing import Any

from markupsafe import Markup

from report.nightly import charts
from report.nightly.charts import SIZES, Bar, Plot, Point, Size, Spot
from report.nightly.facts import Band, Facts, Leak, Rate
from report.nightly.labels import BANDS
from report.nightly.palette import PROFIT, TOTAL, owner_colour
from report.numbers import Numbers
from report.terms import CAUSES, RATIOS
from report.words import mark
from warehouse.marts.leak_causes import SET_ASIDE

#: The scale in which an axis of money counts, largest first, and its word.
_SCALES = ((10**9, mark("billion")), (10**6, mark("million")), (10**3, mark("thousand")), (1, ""))


@dataclass(frozen=True)
class Drawing:
    """How one language draws."""

    words: NullTranslations
    numbers: Numbers

    def say(self, text: str, **values: Any) -> str:
        """A text in the language, with its values."""
        return self.words.gettext(text) % values if values else self.words.gettext(text)

    def all(self, facts: Facts) -> dict[str, Markup]:
        """Every chart of the report by name; one without data is empty."""
        return {"waterfall": self.waterfall(facts), "weeks": self.weeks(facts), "curve": self.curve(facts)}

    def waterfall(self, facts: Facts) -> Markup:
        """Where leads were lost."""
        bars = self.bars(facts)
        told = "; ".join(f"{bar.name}: {bar.label}" for bar in bars)
        return self._both(lambda size: charts.waterfall(bars, size), told) if facts.waterfall.leads else Markup()

    def bars(self, facts: Facts) -> list[Bar]:
        """All leads, then each cause off what is left, and at the end those that were won."""
        n, left = self.numbers, facts.waterfall.leads
        bars = [Bar(self.say(mark("All leads")), 0, left, n.count(left), TOTAL)]
        leaks = [leak for leak in facts.waterfall.leaks if leak.leads]
        for leak in sorted(leaks, key=lambda one: (one.cause == "won", one.cause_no)):
            colour = TOTAL if leak.cause == "won" else owner_colour(leak.owner)
            bars.append(Bar(self.say(CAUSES[leak.cause]), left - leak.leads, left, self._leak(leak), colour))
            left -= leak.leads
        return bars

    def _leak(self, leak: Leak) -> str:
        number = self.numbers.count(leak.leads)
        if leak.cause in SET_ASIDE or leak.margin is None:
            return number
        return f"{number} · {self.numbers.short_money(leak.margin)}"

    def unit(self, facts: Facts) -> tuple[int, str]:
        """The scale of the weeks' axis, and what it is called."""
        most = max((abs(value) for week in facts.weeks for value in (week.spend, week.margin) if value), default=0)
        scale, word = next(((scale, word) for scale, word in _SCALES if most >= 5 * scale), _SCALES[-1])
        return scale, f"{self.say(word) if word else ''} {self.numbers.currency}".strip()

    def weeks(self, facts: Facts) -> Markup:
        """Cost against gross profit."""
        scale, unit = self.unit(facts)
        colours = {self.say(mark("Ad spend")): TOTAL, self.say(mark("Gross profit")): PROFIT}
        spots = [Spot(name, f"{week.start:%d/%m}", None if value is None else float(Decimal(value) / scale),
                      week.is_matured)
                 for week in facts.weeks for name, value in zip(colours, (week.spend, week.margin), strict=True)]
        if not spots:
            return Markup()
        told = "; ".join(f"{spot.week} {spot.line}: " + ("–" if spot.value is None else f"{spot.value:.0f}")
                         for spot in spots)
        return self._both(lambda size: charts.lines(spots, colours, size), f"{unit}. {told}")

    def curve(self, facts: Facts) -> Markup:
        """What became of leads, by how long they waited."""
        bands = facts.speed.curve
        points = [self._point(self.say(RATIOS["reached"]), band, band.reached) for band in bands]
        points += [self._point(self.say(RATIOS["closed"]), band, band.closed) for band in bands]
        told = "; ".join(f"{point.panel}, {point.name}: {point.label}" for point in points)
        return self._both(lambda size: charts.intervals(points, size), told) if points else Markup()

    def _point(self, panel: str, band: Band, rate: Rate) -> Point:
        name, of = self.say(BANDS[band.name]), self.numbers.count(rate.of)
        if rate.value is None:
            return Point(panel, name, None, None, None, self.say(mark("hidden: n = %(count)s"), count=of))
        return Point(panel, name, rate.value, rate.low, rate.high,
                     f"{self.numbers.percent(rate.value, 1)} (n = {of})")

    def _both(self, draw: Callable[[Size], Plot], told: str) -> Markup:
        """A chart in each size; the style sheet shows the one that fits. Its maker escapes the SVG's texts."""
        counts = self.numbers.chart_format
        return Markup("\n").join(Markup(charts.svg(draw, told, size, counts)) for size in SIZES)  # noqa: S704
