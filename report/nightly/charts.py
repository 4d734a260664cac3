"""The report's charts, as SVG that stands in the page: a wide one, and a narrow one for phones.

Their colours are those of light ground. The page's style sheet gives each its dark counterpart by its value, so a chart
needs no script and prints as it is. Axes count as the reader's language does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import altair as alt
import vl_convert

from report.nightly.palette import INK, LINE, MUTED, PROFIT

_ROLES = re.compile(r'\s(?:role|aria-[a-z]+)="[^"]*"')
_SVG = re.compile(r'<svg [^>]*?width="([\d.]+)" height="([\d.]+)"[^>]*>')
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', sans-serif"


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
    """A chart, and the rows that it names: beside it, because Altair copies a chart with every step."""

    chart: Any
    rows: dict[str, list[dict[str, Any]]]


def waterfall(bars: Sequence[Bar], size: Size) -> Plot:
    """Leads step by step, from all that came to those that were won."""
    most = max((bar.end for bar in bars), default=1)
    room = most * (1.42 if size.narrow else 1.2)
    x = alt.X("begin:Q", scale=alt.Scale(domain=[0, room], nice=False), axis=None)
    y = alt.Y("name:N", sort=None, title=None, axis=None if size.narrow else _names(230))
    base = alt.Chart(alt.NamedData(name="bars"))
    thick = {"height": 10, "yOffset": 7} if size.narrow else {"height": 15}
    layers = [base.mark_bar(cornerRadius=1.5, **thick).encode(x=x, x2="end:Q", y=y,
                                                             color=alt.Color("colour:N", scale=None)),
              base.mark_text(align="left", dx=6, dy=7 if size.narrow else 0, color=INK, fontSize=12)
              .encode(x=alt.X("end:Q"), y=y, text="label:N")]
    if size.narrow:
        layers.append(base.mark_text(align="left", dy=-8, color=MUTED, fontSize=12)
                      .encode(x=alt.value(0), y=y, text="name:N"))
    chart = alt.layer(*layers).properties(width=size.width - (0 if size.narrow else 245),
                                          height=alt.Step(36 if size.narrow else 25))
    return Plot(chart, {"bars": _rows(bars)})


def lines(spots: Sequence[Spot], colours: dict[str, str], size: Size) -> Plot:
    """Two lines over weeks; dashed where the weeks are too young, broken where a value is not published."""
    weeks = list(dict.fromkeys(spot.week for spot in spots))
    ticks = weeks[::4] if size.narrow else weeks[::2]
    x = alt.X("week:O", sort=weeks, title=None, axis=alt.Axis(values=ticks, labelAngle=0, labelColor=MUTED, grid=False,
                                                            domainColor=LINE, tickColor=LINE, labelFontSize=12))
    y = alt.Y("value:Q", title=None, axis=alt.Axis(tickCount=5, labelColor=MUTED, gridColor=LINE, domain=False,
                                                  ticks=False, labelFontSize=12, format=",~r"))
    hue = alt.Color("line:N", scale=alt.Scale(domain=list(colours), range=list(colours.values())), legend=None)
    layers = []
    for part, dash in (("matured", [1, 0]), ("young", [4, 4])):
        base = alt.Chart(alt.NamedData(name=part)).encode(x=x, y=y, color=hue)
        layers += [base.mark_line(strokeWidth=2.2, strokeDash=dash), base.mark_circle(size=26, opacity=1)]
    chart = alt.layer(*layers).properties(width=size.width - 62, height=230 if size.narrow else 280)
    return Plot(chart, {"matured": _rows(spot for spot in spots if spot.is_matured), "young": _rows(_young(spots))})


def intervals(points: Sequence[Point], size: Size) -> Plot:
    """Values with their 95 % intervals, one panel beside (on a phone: below) the other."""
    panels = list(dict.fromkeys(point.panel for point in points))
    charts = [_panel(panel, size, first=place == 0) for place, panel in enumerate(panels)]
    chart = alt.vconcat(*charts, spacing=18) if size.narrow else alt.hconcat(*charts, spacing=26)
    return Plot(chart, {panel: _rows(point for point in points if point.panel == panel) for panel in panels})


def _panel(title: str, size: Size, *, first: bool) -> Any:
    base = alt.Chart(alt.NamedData(name=title))
    x = alt.X("value:Q", scale=alt.Scale(domainMin=0, zero=True), title=None, axis=alt.Axis(
        format=".0%", tickCount=4, labelColor=MUTED, gridColor=LINE, domain=False, ticks=False, labelFontSize=12))
    y = alt.Y("name:N", sort=None, title=None, axis=_names(140) if first or size.narrow else None)
    band = base.mark_rule(strokeWidth=7, opacity=0.35, color=PROFIT, strokeCap="round").encode(
        x=alt.X("low:Q"), x2="high:Q", y=y)
    dot = base.mark_circle(size=70, opacity=1, color=PROFIT).encode(x=x, y=y)
    text = base.mark_text(align="left", dx=4, dy=-11, color=INK, fontSize=11).encode(x=alt.X("low:Q"), y=y,
                                                                                    text="label:N")
    hidden = base.transform_filter("datum.value === null").mark_text(align="left", color=MUTED, fontSize=11).encode(
        x=alt.value(4), y=y, text="label:N")
    width = (size.width - 152) if size.narrow else (size.width - 168) // 2
    head = alt.Title(title, anchor="start", color=INK, fontSize=13, fontWeight=600, offset=8)
    return alt.layer(band, dot, text, hidden).properties(width=width, height=alt.Step(38), title=head)


def svg(draw: Callable[[Size], Plot], alternative: str, size: Size, number_format: Mapping[str, Any]) -> str:
    """The chart as an image of the page: one picture to a screen reader, with what it says in words.

    `number_format` is how the axes write numbers, in the terms of D3 (`Numbers.chart_format`).
    """
    with alt.utils.schemapi.debug_mode(False):  # noqa: FBT003 - validation takes as long as drawing; tests draw every chart
        plot = draw(size)
        made = plot.chart.configure(background="transparent", font=_FONT, padding=2).configure_view(stroke=None)
        spec = made.to_dict(validate=False) | {"datasets": plot.rows}
    text = _ROLES.sub("", vl_convert.vegalite_to_svg(spec, format_locale=dict(number_format)))
    found = _SVG.search(text)
    assert found is not None
    root = (f'<svg xmlns="http://www.w3.org/2000/svg" class="{size.name}" viewBox="0 0 {found[1]} {found[2]}" '
            f'width="{found[1]}" height="{found[2]}" role="img" aria-label="{escape(alternative)}">')
    return root + text[found.end():]


def _names(limit: int) -> alt.Axis:
    return alt.Axis(labelLimit=limit, labelColor=INK, labelFontSize=12.5, domain=False, ticks=False, labelPadding=8)


def _rows(values: Iterable[Bar | Point | Spot]) -> list[dict[str, Any]]:
    return [dict(vars(value)) for value in values]


def _young(spots: Sequence[Spot]) -> list[Spot]:
    """The young weeks, joined to the last mature one of their line."""
    last = {spot.line: spot for spot in spots if spot.is_matured}
    return [*last.values(), *(spot for spot in spots if not spot.is_matured)]
