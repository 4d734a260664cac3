"""Charts of letters as PNG, because mail programs drop SVG: few, small, in the owners' colours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from report.letters.facts import Facts
from report.letters.letter import Voice
from report.letters.terms import ITEMS
from report.owners import OWNERS

_DAYS, _WIDTH, _HEIGHT = 14, 300, 120
_INK, _FONT = "#1d2126", "Arial, Liberation Sans, DejaVu Sans, sans-serif"


@dataclass(frozen=True)
class Chart:
    """A picture and what it says in words, for whoever does not see it."""

    cid: str
    png: bytes
    says: str
    is_wide: bool = False


def both_sides(facts: Facts, voice: Voice) -> tuple[Chart, Chart]:
    """Two weeks of what either side gave, each on a scale of its own: unlike things are not compared."""
    return _days(facts, voice, "marketing", "leads"), _days(facts, voice, "sales", "leads_worked")


def _days(facts: Facts, voice: Voice, side: str, item: str) -> Chart:
    import altair as alt

    owner = OWNERS[side]
    title, series = f"{voice(owner.label)}: {voice(ITEMS[item][0])}", facts.series(side, item, _DAYS)
    values = [{"day": f"{day.day}/{day.month}", "count": count} for day, count in series]
    ticks = [value["day"] for value in values[1::3]]
    axis = alt.Axis(title=None, values=ticks, labelAngle=0, tickSize=0, labelPadding=6)
    top = alt.Scale(domainMax=1.15 * max(1, *(count for _day, count in series)), nice=False)
    base = alt.Chart(alt.Data(values=values), title=title, width=_WIDTH, height=_HEIGHT).encode(
        x=alt.X("day:N", sort=None, axis=axis), y=alt.Y("count:Q", axis=None, scale=top))
    bars = base.mark_bar(color=owner.light, cornerRadiusEnd=2)
    labels = base.mark_text(dy=-7, color=_INK, fontSize=11).encode(text=alt.Text("count:Q", format="d"))
    says = ", ".join(f"{value['day']}: {value['count']}" for value in values)
    return Chart(f"{side}-{item}", png(bars + labels), f"{title}. {says}")


def png(chart: Any) -> bytes:
    """The picture at twice its size, for sharp screens."""
    import vl_convert

    dressed = chart.configure_axis(
        labelColor="#59616b", labelFontSize=11, domainColor="#9aa3ad", grid=False).configure_title(
        fontSize=13, color=_INK, anchor="start", fontWeight="bold", offset=8).configure(
        background="#ffffff", font=_FONT, view={"strokeWidth": 0})
    made: bytes = vl_convert.vegalite_to_png(dressed.to_dict(), scale=2)
    return made
