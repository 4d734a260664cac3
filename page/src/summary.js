// The headline: what was spent, what came of it, and where the figures are silent.
import { h, note } from "./dom.js";
import { NO_PLATFORM, based, quality, rate, returns } from "./sums.js";

export function summary({ data, state, words }) {
  const { t, money, percent, count } = words;
  const { rows, young } = based(data, state);
  const own = (row) => data.campaigns.rows[row.campaign].platform !== NO_PLATFORM;
  const sums = returns(rows.filter(own));
  const apart = returns(rows.filter((row) => !own(row))).deals;
  const ratios = quality(data, state);
  const both = state.person && (state.campaign || state.platform);
  const closed = rate(ratios.closed, ratios.unique, data.meta.small);
  const silent = sums.spend === null || sums.spend === 0 ? t("no_spend")
    : sums.missing ? t("margin_missing", { missing: count(sums.missing), deals: count(sums.deals) }) : null;
  const cards = [
    card(words.name("measure", "spend_reporting_amount"), money(sums.spend)),
    card(words.name("measure", "revenue_reporting_amount"), money(sums.revenue)),
    card(t("roi"), sums.roi === null ? t("not_published") : percent(sums.roi, { signed: true, digits: 0 }),
      sums.roi === null ? silent : null),
    card(t("roi_revenue"), percent(sums.roiRevenue, { signed: true, digits: 0 }), t("roi_revenue_note")),
    card(t("closed_rate"), both || closed.share === null ? UNTOLD : percent(closed.share), both ? t("ratios_both")
      : closed.share === null ? `${t("of", { part: count(closed.part), whole: count(closed.whole) })}. ${t("small", { small: data.meta.small })}`
        : `${percent(closed.low)} – ${percent(closed.high)} · ${t("closed_note", { part: count(closed.part), whole: count(closed.whole), days: data.quality.horizon })}`),
  ];
  return [
    h("div", { class: "cards" }, cards),
    young.length ? note(t("young", { months: young.map(words.month).join(", ") })) : null,
    apart ? note(t("apart", { deals: count(apart) })) : null,
    state.person ? note(t("no_person")) : null,
  ];
}

const UNTOLD = "–";

const card = (label, value, more) => h("div", { class: "card" }, h("p", { class: "label" }, label),
  h("p", { class: `value${/\d/.test(value) ? "" : " word"}` }, value), more ? h("p", { class: "more" }, more) : null);
