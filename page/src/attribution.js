// The same deals divided by every model, side by side: how far apart the answers lie.
import { axis, chart, tooltip } from "./charts.js";
import { h, note, table } from "./dom.js";
import { based, credit, returns } from "./sums.js";
import { campaignName } from "./campaigns.js";

export function attribution({ data, state, words }) {
  const { t, name, money, percent } = words;
  const models = data.credit.models;
  const credited = credit(data, state);
  const spends = spend(data, state);
  // Whoever spent and was credited with nothing stands here as well: left out, all others would look dearer than they are.
  const rows = [...new Set([...credited.keys(), ...spends.keys()])].map((place) => ({ place, amounts: credited.get(place) ?? new Map(), spend: spends.get(place) ?? null }));
  const shown = rows.filter((row) => row.spend).map((row) => ({ ...row, label: campaignName(data, row.place, words),
    roi: models.map((model) => ((row.amounts.get(model) ?? 0) - row.spend) / row.spend) }))
    .sort((one, other) => other.spend - one.spend);
  const without = rows.filter((row) => !row.spend && row.amounts.size).map((row) => `${campaignName(data, row.place, words)} (${money(row.amounts.get(state.model) ?? 0)})`);
  const chosen = models.indexOf(state.model);
  const share = (value) => percent(value, { signed: true, digits: 0 });
  const columns = [{ text: t("campaign") }, { text: name("measure", "spend_reporting_amount"), end: true }, { text: t("lowest"), end: true }, { text: t("highest"), end: true },
    ...models.map((model) => ({ text: name("attribution", model), end: true }))];
  const body = shown.map((row) => ({ cells: [row.label, money(row.spend), share(Math.min(...row.roi)), share(Math.max(...row.roi)),
    ...row.roi.map((value, at) => (at === chosen ? h("strong", {}, share(value)) : share(value)))] }));
  return [
    note(t("attribution_note", { models: models.length })),
    state.person ? note(t("no_person")) : null,
    shown.length ? chart("chart-attribution", t("attribution"), 70 + shown.length * (innerWidth < NARROW ? 46 : 34), (look) => spread(look, shown, models, chosen, words)) : note(t("nothing")),
    without.length ? note(t("without_spend", { list: without.join(", ") })) : null,
    shown.length ? h("details", {}, h("summary", {}, t("table")), table(t("attribution"), columns, body)) : null,
  ];
}

/** Below it, names stand above their dots. */
const NARROW = 680;

function spend(data, state) {
  const { rows } = based(data, { ...state, basis: "closed" });
  return new Map([...new Set(rows.map((row) => row.campaign))].map((place) => [place, returns(rows.filter((row) => row.campaign === place)).spend]));
}

function spread(look, shown, models, chosen, { name, percent }) {
  const narrow = innerWidth < NARROW;
  const labels = shown.map((row) => row.label);
  const told = (value) => percent(value, { signed: true, digits: 0 });
  return {
    grid: { left: narrow ? 8 : 190, right: 24, top: 10, bottom: 40 },
    tooltip: tooltip(look, { formatter: ({ data: [value, at, model] }) => `${labels[at]}<br>${name("attribution", model)}: <b>${told(value)}</b>` }),
    xAxis: { type: "value", splitNumber: narrow ? 3 : 6, ...axis(look, { axisLabel: { formatter: (value) => told(value) } }) },
    yAxis: { type: "category", data: labels, inverse: true, ...axis(look, { axisLabel: narrow
      ? { inside: true, align: "left", verticalAlign: "bottom", padding: [0, 0, 10, 0], color: look.soft, hideOverlap: false, interval: 0, fontSize: 11 }
      : { width: 175, overflow: "truncate", color: look.ink, interval: 0 } }), splitLine: { show: false }, z: 5 },
    series: [
      { type: "custom", silent: true, tooltip: { show: false }, data: shown.map((row, at) => [Math.min(...row.roi), at, Math.max(...row.roi)]),
        encode: { x: [0, 2], y: 1 }, renderItem: (_, api) => bar(api, look) },
      { type: "scatter", symbolSize: 9, itemStyle: { color: look.dot, opacity: 0.7 },
        data: shown.flatMap((row, at) => row.roi.map((value, place) => [value, at, models[place]])) },
      { type: "scatter", symbolSize: 16, itemStyle: { color: look.accent, borderColor: look.paper, borderWidth: 2 }, z: 4,
        markLine: { silent: true, symbol: "none", label: { show: false }, lineStyle: { color: look.ink, type: "solid", width: 1 }, data: [{ xAxis: 0 }] },
        data: shown.map((row, at) => [row.roi[chosen], at, models[chosen]]) },
    ],
  };
}

function bar(api, look) {
  const [left, y] = api.coord([api.value(0), api.value(1)]);
  const [right] = api.coord([api.value(2), api.value(1)]);
  return { type: "rect", shape: { x: left, y: y - 2, width: Math.max(1, right - left), height: 4, r: 2 }, style: { fill: look.line } };
}
