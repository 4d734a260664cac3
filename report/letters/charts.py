"""Charts of letters as PNG, because mail programs drop SVG: few, small, in the owners' colours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from report.letters.facts import Facts
from report.letters.items import ITEMS
from report.letters.letter import Voice
from report.letters.week import Week
from report.owners import OWNERS
from report.terms import CAUSES

_DAYS, _WIDTH, _HEIGHT = 14, 300, 120
#: The first ones have all Vietnamese marks; a font without some makes vl-convert mix in letters with serifs.
_FONT = "Noto Sans, DejaVu Sans, Segoe UI, Arial, sans-serif"
_INK = "#1d2126"


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


def leaks(week: Week, voice: Voice) -> tuple[Chart, ...]:
    """Where leads were lost, longest first in the agreed order, each bar in the colour of whose step it is."""
    import altair as alt

    values = [{"cause": voice(CAUSES[line["leak_cause"]]), "leads": int(line["lead_count"]),
               "owner": voice(OWNERS[line["leak_owner"]].label)} for line in week.leaks]
    if not values:
        return ()
    owners = [OWNERS[name] for name in dict.fromkeys(line["leak_owner"] for line in week.leaks)]
    colours = alt.Scale(domain=[voice(owner.label) for owner in owners], range=[owner.light for owner in owners])
    title = voice("Where leads were lost")
    axis = alt.Axis(title=None, tickSize=0, domain=False, labelLimit=220, labelPadding=6)
    base = alt.Chart(alt.Data(values=values), title=title, width=200, height=alt.Step(20)).encode(
        y=alt.Y("cause:N", sort=None, axis=axis),
        x=alt.X("leads:Q", axis=None))
    bars = base.mark_bar(cornerRadiusEnd=2).encode(
        color=alt.Color("owner:N", scale=colours, legend=alt.Legend(title=None, orient="bottom")))
    labels = base.mark_text(align="left", dx=4, color=_INK, fontSize=11).encode(text=alt.Text("leads:Q", format="d"))
    says = "; ".join(f"{value['cause']}: {value['leads']} ({value['owner']})" for value in values)
    return (Chart("leaks", png(bars + labels), f"{title}. {says}", is_wide=True),)


def png(chart: Any) -> bytes:
    """The picture at twice its size, for sharp screens."""
    import vl_convert

    dressed = chart.configure(
        background="#ffffff", font=_FONT, view={"strokeWidth": 0}, padding=6,
        axis={"labelColor": "#59616b", "labelFontSize": 11, "domainColor": "#9aa3ad", "grid": False},
        title={"fontSize": 13, "color": _INK, "anchor": "start", "frame": "group", "fontWeight": "bold", "offset": 8},
        legend={"labelFontSize": 11, "labelColor": _INK, "columns": 3, "symbolSize": 80})
    made: bytes = vl_convert.vegalite_to_png(dressed.to_dict(), scale=2)
    return made
