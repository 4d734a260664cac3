// The charts that are drawn: as SVG, in the page's own colours, each with its numbers in a table below it.
import { BarChart, CustomChart, LineChart, ScatterChart } from "echarts/charts";
import { GridComponent, LegendComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { h } from "./dom.js";

use([BarChart, CustomChart, LineChart, ScatterChart, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent, SVGRenderer]);

const drawn = new Map();

/** What a chart takes from the page: its colours, light or dark. */
function look() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(name).trim();
  return { ink: of("--ink"), soft: of("--soft"), line: of("--line"), paper: of("--paper"), accent: of("--accent"),
    spend: of("--series-1"), revenue: of("--series-2"), margin: of("--series-3"), dot: of("--dot"),
    causes: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map((each) => of(`--cause-${each}`)) };
}

/** A chart in the page. `option(look)` makes it, anew when colours or window change. */
export function chart(id, label, height, option) {
  const place = h("div", { id, class: "chart", role: "img", "aria-label": label, style: { height: `${height}px` } });
  drawn.set(id, { place, option, height });
  return place;
}

/** What a sheet of A4 leaves for a chart; a page is laid out for paper only after it was drawn. */
const SHEET = 640;

/** Draw what stands in the page, on a sheet no wider than that; forget what no longer does. */
export function draw({ paper = false } = {}) {
  for (const [id, one] of drawn) {
    if (!one.place.isConnected) {
      one.instance?.dispose();
      drawn.delete(id);
      continue;
    }
    const width = paper ? Math.min(SHEET, one.place.clientWidth) : one.place.clientWidth;
    one.instance ??= init(one.place, null, { renderer: "svg", width, height: one.height });
    one.instance.resize({ width, height: one.height });
    const colours = look();
    one.instance.setOption({ ...common(colours), ...one.option(colours) }, true);
  }
}

export function forget() {
  for (const one of drawn.values()) one.instance?.dispose();
  drawn.clear();
}

const common = (colours) => ({
  animation: false, backgroundColor: "transparent",
  textStyle: { color: colours.ink, fontFamily: "system-ui, sans-serif" },
});

export const axis = (colours, extra = {}) => ({
  axisLine: { lineStyle: { color: colours.line } }, axisTick: { show: false },
  axisLabel: { color: colours.soft, hideOverlap: true, ...extra.axisLabel },
  splitLine: { lineStyle: { color: colours.line, ...(extra.split ?? {}) } },
});

export const tooltip = (colours, extra) => ({
  confine: true, backgroundColor: colours.paper, borderColor: colours.line,
  textStyle: { color: colours.ink, fontSize: 13 }, ...extra,
});
