// Week by week, each number on its own date.
import { axis, chart, tooltip } from "./charts.js";
import { h, note, table } from "./dom.js";
import { chosen, returns, total } from "./sums.js";

export function weeks({ data, state, words }) {
  const { t, name, money, count, day } = words;
  const within = chosen(data, state);
  const rows = data.weeks.rows.filter((row) => within(row.campaign, `${row.week.slice(0, 7)}-01`));
  const all = [...new Set(rows.map((row) => row.week))].sort();
  if (!all.length) return [note(t("nothing"))];
  const sums = all.map((week) => {
    const mine = rows.filter((row) => row.week === week);
    return { week, ...returns(mine), known: total(mine, "gross_margin_reporting_amount") };
  });
  const names = ["spend_reporting_amount", "revenue_reporting_amount", "gross_margin_reporting_amount"].map((each) => name("measure", each));
  const columns = [{ text: t("week") }, ...[names[0], name("measure", "unique_lead_count"), name("measure", "qualified_count"), name("measure", "won_count"),
    names[1], names[2]].map((text) => ({ text, end: true }))];
  const body = sums.map((each) => ({ cells: [day(each.week), money(each.spend), count(each.leads), count(each.qualified), count(each.won),
    money(each.revenue), each.margin === null ? t("not_published") : money(each.margin)] }));
  return [
    note(t("weeks_note")),
    state.person ? note(t("no_person")) : null,
    chart("chart-weeks", t("weeks"), 300, (look) => lines(look, sums, names, words)),
    h("details", {}, h("summary", {}, t("table")), table(t("weeks"), columns, body)),
  ];
}

function lines(look, sums, names, { money, day }) {
  const series = [["spend", look.spend, "solid", "circle"], ["revenue", look.revenue, "solid", "rect"], ["margin", look.margin, "dashed", "triangle"]];
  return {
    grid: { left: 78, right: 16, top: 40, bottom: 30 },
    legend: { top: 0, left: 0, textStyle: { color: look.ink }, itemGap: 18 },
    tooltip: tooltip(look, { trigger: "axis", valueFormatter: (value) => money(value ?? null) }),
    xAxis: { type: "category", data: sums.map((each) => day(each.week).slice(0, 5)), ...axis(look), splitLine: { show: false } },
    yAxis: { type: "value", ...axis(look, { axisLabel: { formatter: (value) => money(value) } }) },
    series: series.map(([key, color, type, symbol], at) => ({ type: "line", name: names[at], data: sums.map((each) => each[key]), symbol, symbolSize: 7,
      lineStyle: { color, type, width: 2 }, itemStyle: { color } })),
  };
}
