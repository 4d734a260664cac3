// What each publication changed against the one before it, by cause.
import { axis, chart, tooltip } from "./charts.js";
import { choice, h, note, table } from "./dom.js";
import { campaignName } from "./campaigns.js";

const NEW = "new";
const LISTED = 200;

export function changed(page) {
  const { data, state, words } = page;
  const { t, name, month, day } = words;
  const rows = mine(data, state);
  const metrics = [...new Set(data.changes.rows.map((row) => row.changed_metric))].sort();
  if (!metrics.length) return [note(t("nothing"))];
  const metric = metrics.includes(state.metric) ? state.metric : metrics.includes("revenue_reporting_amount") ? "revenue_reporting_amount" : metrics[0];
  const told = metric.endsWith("amount") ? words.money : words.count;
  const of = rows.filter((row) => row.changed_metric === metric && (state.plain || row.change_cause !== NEW));
  const columns = [{ text: t("publication") }, { text: t("campaign") }, { text: t("month") }, { text: t("cause") },
    ...["before", "now", "change"].map((key) => ({ text: t(key), end: true }))];
  const body = of.slice(0, LISTED).map((row) => ({ cells: [day(data.changes.publications[row.publication][2]),
    row.campaign < 0 ? row.key.join("/") : campaignName(data, row.campaign, words), month(row.close_month), name("change", row.change_cause), told(row.old), told(row.new),
    signed(row.change, told)] }));
  return [
    note(t("changed_note")),
    state.person ? note(t("no_person")) : null,
    h("div", { class: "controls" },
      choice("metric", t("number"), metrics.map((each) => [each, name("measure", each)]), metric, (value) => page.set({ metric: value })),
      h("div", { class: "check" }, h("input", { type: "checkbox", id: "plain", checked: state.plain, onchange: (event) => page.set({ plain: event.target.checked }) }),
        h("label", { for: "plain" }, t("plain_progress")))),
    ...(of.length ? [
      chart("chart-changed", t("changed"), 280, (look) => bars(look, data, of, told, words)),
      h("details", {}, h("summary", {}, t("table")), table(t("changed"), columns, body)),
      data.changes.count > data.changes.rows.length || of.length > LISTED ? note(t("changes_cut", { shown: words.count(body.length), count: words.count(of.length) })) : null,
    ] : [note(t("no_changes"))]),
  ];
}

/** The changes of the chosen months and campaigns. */
function mine(data, state) {
  return data.changes.rows.filter((row) => row.close_month >= `${state.from}-01` && row.close_month <= `${state.to}-01`
    && (!state.platform || row.key[0] === state.platform) && (!state.campaign || row.key.join("/") === state.campaign));
}

const signed = (value, told) => (value > 0 ? `+${told(value)}` : told(value));

function bars(look, data, rows, told, { name, day, language }) {
  const causes = Object.keys(data.texts[language]).filter((key) => key.startsWith("change.")).map((key) => key.slice("change.".length));
  const present = causes.filter((cause) => rows.some((row) => row.change_cause === cause));
  const publications = data.changes.publications.map((each, at) => ({ at, label: day(each[2]) })).reverse();
  const sum = (at, cause) => rows.filter((row) => row.publication === at && row.change_cause === cause).reduce((whole, row) => whole + row.change, 0);
  return {
    grid: { left: 84, right: 16, top: 60, bottom: 30 },
    legend: { type: "plain", top: 0, left: 0, textStyle: { color: look.ink }, itemGap: 14 },
    tooltip: tooltip(look, { trigger: "axis", axisPointer: { type: "shadow" }, valueFormatter: (value) => signed(value ?? 0, told) }),
    xAxis: { type: "category", data: publications.map((each) => each.label), ...axis(look), splitLine: { show: false } },
    yAxis: { type: "value", ...axis(look, { axisLabel: { formatter: (value) => told(value) } }) },
    series: present.map((cause) => ({ type: "bar", stack: "all", name: name("change", cause), barMaxWidth: 48,
      itemStyle: { color: look.causes[causes.indexOf(cause)], borderColor: look.paper, borderWidth: 1 }, data: publications.map((each) => sum(each.at, cause)) })),
  };
}
