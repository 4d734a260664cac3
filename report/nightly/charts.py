"""The report's charts, as SVG that stands in the page: a wide one, and a narrow one for phones.

Their colours are those of light ground. The page's style sheet gives each its dark counterpart by its value, so a chart
needs no script and prints as it is. They are written, not laid out by a library: bars, lines and dots on straight axes
take milliseconds so, and a browser engine, which a library starts for them, takes seconds of every night.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from report.nightly.palette import INK, LINE, MUTED, PROFIT

_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', sans-serif"
_ROUND = 10**9
Tell = Callable[[float], str]


@dataclass(frozen=True)
class Size:
    """A chart's width, and whether it is the phone's."""

    name: str
    width: int

    @property
    def narrow(self) -> bool:
        """Whether names stand above the bars instead of beside them."""
        return self.name == "narrow"


SIZES = (Size("wide", 900), Size("narrow", 330))


@dataclass(frozen=True)
class Bar:
    """A bar of the waterfall: where it begins and ends, what it is called and says, and whose colour it has."""

    name: str
    begin: int
    end: int
    label: str
    colour: str


@dataclass(frozen=True)
class Point:
    """A value with its interval, under a name in a panel; `value` is null where it is hidden."""

    panel: str
    name: str
    value: float | None
    low: float | None
    high: float | None
    label: str


@dataclass(frozen=True)
class Spot:
    """A week of a line; `line` names it."""

    line: str
    week: str
    value: float | None
    is_matured: bool


@dataclass(frozen=True)
class Plot:
    """A chart's marks and how high it became."""

    marks: list[str]
    height: float


def waterfall(bars: Sequence[Bar], size: Size) -> Plot:
    """Leads step by step, from all that came to those that were won."""
    left, step = (0, 36) if size.narrow else (262, 25)
    scale = (size.width - left) / (max((bar.end for bar in bars), default=1) * (1.5 if size.narrow else 1.24) or 1)
    marks = []
    for at, bar in enumerate(bars):
        middle = at * step + (24 if size.narrow else step / 2)
        thick = 10 if size.narrow else 15
        marks += [_text(0, middle - 10, bar.name, MUTED) if size.narrow
                  else _text(left - 8, middle + 4, bar.name, INK, 12.5, "end"),
                  _box(left + bar.begin * scale, middle - thick / 2, (bar.end - bar.begin) * scale, thick, bar.colour),
                  _text(left + bar.end * scale + 6, middle + 4, bar.label)]
    return Plot(marks, len(bars) * step + 4)


def lines(spots: Sequence[Spot], colours: dict[str, str], size: Size, tell: Tell) -> Plot:
    """Two lines over weeks; dashed where the weeks are too young, broken where a value is not published."""
    left, right, height = 62, size.width - 12, 230 if size.narrow else 280
    weeks = list(dict.fromkeys(spot.week for spot in spots))
    known = [spot.value for spot in spots if spot.value is not None]
    ticks = _ticks(min([0.0, *known]), max([0.0, *known]), 5)
    apart = (right - left) / len(weeks)
    across = {week: left + (at + 0.5) * apart for at, week in enumerate(weeks)}

    def down(value: float) -> float:
        return 10 + (ticks[-1] - value) / (ticks[-1] - ticks[0]) * (height - 20)

    marks = [_line(left, down(tick), right, down(tick), LINE) for tick in ticks]
    marks += [_text(left - 8, down(tick) + 4, tell(tick), MUTED, 12, "end") for tick in ticks]
    marks += [_text(across[week], height + 14, week, MUTED, 12, "middle") for week in weeks[::4 if size.narrow else 2]]
    for name, colour in colours.items():
        mine = [spot for spot in spots if spot.line == name]
        marks += _trail([spot for spot in mine if spot.is_matured], across, down, f'stroke="{colour}"')
        marks += _trail(_young(mine), across, down, f'stroke="{colour}" stroke-dasharray="4 4"')
        marks += [_dot(across[spot.week], down(spot.value), 3, colour) for spot in mine if spot.value is not None]
    return Plot(marks, height + 22)


def _trail(spots: Sequence[Spot], across: dict[str, float], down: Callable[[float], float],
           style: str) -> Iterator[str]:
    """A line through the values that are known; it breaks where one is not."""
    path = ""
    for before, spot in zip([None, *spots], spots, strict=False):
        if spot.value is not None:
            joined = before is not None and before.value is not None
            path += f"{'L' if joined else 'M'}{across[spot.week]:.1f} {down(spot.value):.1f}"
    if path:
        yield f'<path d="{path}" fill="none" {style} stroke-width="2.2" stroke-linejoin="round"/>'


def intervals(points: Sequence[Point], size: Size, tell: Tell) -> Plot:
    """Values with their 95 % intervals, one panel beside (on a phone: below) the other."""
    panels = list(dict.fromkeys(point.panel for point in points))
    apart = 48
    width = size.width - 168 if size.narrow else (size.width - 128 - apart * len(panels)) / len(panels)
    marks, top = [], 0.0
    for at, panel in enumerate(panels):
        mine = [point for point in points if point.panel == panel]
        left = 150 if size.narrow else 150 + at * (width + apart)
        made = _panel(panel, mine, left, top, width, tell)
        if size.narrow or not at:
            made += [_text(142, top + 48 + row * 38, point.name, INK, 12.5, "end") for row, point in enumerate(mine)]
        marks += made
        top += 38 * len(mine) + 62 if size.narrow else 0
    return Plot(marks, top if size.narrow else 38 * len(points) / len(panels) + 50)


def _panel(title: str, points: Sequence[Point], left: float, top: float, width: float, tell: Tell) -> list[str]:
    ticks = _ticks(0, max((point.high for point in points if point.high is not None), default=1), 4)
    first, foot = top + 44, top + 24 + 38 * len(points)

    def across(value: float) -> float:
        return left + value / ticks[-1] * width

    marks = [_text(left, top + 14, title, INK, 13, weight=600)]
    for tick in ticks:
        marks += [_line(across(tick), top + 24, across(tick), foot, LINE),
                  _text(across(tick), foot + 16, tell(tick), MUTED, 12, "middle")]
    for row, point in enumerate(points):
        middle = first + row * 38
        if point.value is None or point.low is None or point.high is None:
            marks.append(_text(left + 4, middle + 4, point.label, MUTED, 11))
            continue
        late = across(point.low) > left + width * 0.6
        marks += [_line(across(point.low), middle, across(point.high), middle, PROFIT,
                        'stroke-width="7" stroke-linecap="round" opacity="0.35"'),
                  _dot(across(point.value), middle, 4.7, PROFIT),
                  _text(across(point.high if late else point.low), middle - 9, point.label, INK, 11,
                        "end" if late else "start")]
    return marks


def svg(draw: Callable[[Size], Plot], alternative: str, size: Size) -> str:
    """The chart as an image of the page: one picture to a screen reader, with what it says in words."""
    plot = draw(size)
    box = f'viewBox="0 0 {size.width} {plot.height:g}" width="{size.width}" height="{plot.height:g}"'
    return (f'<svg xmlns="http://www.w3.org/2000/svg" class="{size.name}" {box} font-family="{_FONT}" role="img" '
            f'aria-label="{escape(alternative)}">{"".join(plot.marks)}</svg>')


def _text(x: float, y: float, text: str, colour: str = INK, size: float = 12, anchor: str = "start",
          weight: int = 400) -> str:
    return (f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" font-size="{size:g}" font-weight="{weight}" '
            f'text-anchor="{anchor}">{escape(text)}</text>')


def _box(x: float, y: float, width: float, height: float, colour: str) -> str:
    return (f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 1):.1f}" height="{height:g}" rx="1.5" '
            f'fill="{colour}"/>')


def _line(x: float, y: float, x2: float, y2: float, colour: str, style: str = "") -> str:
    return f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" {style}/>'


def _dot(x: float, y: float, radius: float, colour: str) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" fill="{colour}"/>'


def _ticks(low: float, high: float, count: int) -> list[float]:
    """Round numbers that reach from below the lowest value to above the highest, about so many."""
    raw = (high - low) / count or 1
    base = 10.0 ** math.floor(math.log10(raw))
    step = next(base * factor for factor in (1, 2, 5, 10) if base * factor >= raw * 0.999)
    return [round(at * step * _ROUND) / _ROUND for at in range(math.floor(low / step), math.ceil(high / step) + 1)]


def _young(spots: Iterable[Spot]) -> list[Spot]:
    """The young weeks of a line, joined to its last mature one."""
    known = list(spots)
    return [*[spot for spot in known if spot.is_matured][-1:], *(spot for spot in known if not spot.is_matured)]
