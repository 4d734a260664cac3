// What each campaign cost and brought: parts first, ratios of their sums beside them.
import { command, h, note, table } from "./dom.js";
import { NO_PLATFORM, based, credit, returns } from "./sums.js";
import { month, traced } from "./waterfall.js";

export function campaignName(data, place, words) {
  const each = data.campaigns.rows[place];
  return each ? words.name("place", each.name) : "–";
}

export function campaigns(page) {
  const { data, state, words } = page;
  const { t, money, count, percent, name } = words;
  const { rows, young } = based(data, state);
  const closed = state.basis === "closed";
  const credited = credit(data, state);
  const places = [...new Set(rows.map((row) => row.campaign))].map((place) => ({ place, sums: returns(rows.filter((row) => row.campaign === place)) }))
    .sort((one, other) => (other.sums.spend ?? -1) - (one.sums.spend ?? -1));
  if (!places.length) return [young.length ? note(t("young", { months: young.map(words.month).join(", ") })) : note(t("nothing"))];
  const cells = (title, sums, amount) => [title, money(sums.spend), count(sums.leads), money(sums.cpl), money(sums.cpql), count(sums.won),
    money(sums.revenue), sums.margin === null ? silent(t) : money(sums.margin), sums.spend ? roi(sums.roi, words) : UNTOLD,
    sums.spend ? roi(sums.roiRevenue, words) : UNTOLD, ...(closed ? [sums.spend ? roi(((amount ?? 0) - sums.spend) / sums.spend, words) : UNTOLD] : [])];
  const body = places.map(({ place, sums }) => ({ cells: cells(title(page, place), sums, credited.get(place)?.get(state.model)) }));
  const own = rows.filter((row) => data.campaigns.rows[row.campaign].platform !== NO_PLATFORM);
  const columns = [{ text: t("campaign") }, ...[name("measure", "spend_reporting_amount"), name("measure", "unique_lead_count"), t("cpl"), t("cpql"),
    name("measure", "won_count"), name("measure", "revenue_reporting_amount"), name("measure", "gross_margin_reporting_amount"),
    t("roi"), t("roi_revenue"), ...(closed ? [`${t("roi_revenue")}: ${name("attribution", state.model)}`] : [])].map((text) => ({ text, end: true }))];
  if (own.length && places.length > 1) {
    const amounts = [...credited].filter(([place]) => data.campaigns.rows[place].platform !== NO_PLATFORM).map(([, models]) => models.get(state.model) ?? 0);
    body.push({ strong: true, cells: cells(t("all_campaigns"), returns(own), amounts.reduce((sum, each) => sum + each, 0)) });
  }
  return [
    note(closed ? t("campaigns_closed") : t("campaigns_cohort", { days: state.basis.slice("cohort".length) })),
    young.length ? note(t("young", { months: young.map(words.month).join(", ") })) : null,
    state.person ? note(t("no_person")) : null,
    table(t("campaigns"), columns, body),
  ];
}

function title(page, place) {
  const { data, state, words } = page;
  const each = data.campaigns.rows[place];
  const name = campaignName(data, place, words);
  const mart = state.basis === "closed" ? "campaign_roi_closed" : "campaign_roi_cohort";
  const column = state.basis === "closed" ? "close_month" : "cohort_month";
  const line = traced(mart, { platform: each.platform, account_id: each.account_id, campaign_id: each.campaign_id, ...month(state, column) });
  return h("span", {}, h("button", { type: "button", class: "open", id: `campaign-${place}`, "aria-haspopup": "dialog", "aria-label": `${name}. ${words.t("trace")}`,
    onclick: () => page.open({ title: name, content: [h("p", {}, words.t("rest")), command(line, words.t)] }) }, name),
  each.platform === NO_PLATFORM ? null : h("span", { class: "soft block" }, words.name("platform", each.platform)));
}

const UNTOLD = "–";
const silent = (t) => h("span", { class: "soft" }, t("not_published"));

/** Never red or green: a number's sign says which side of nothing it is on. */
const roi = (value, { percent, t }) => (value === null ? silent(t) : percent(value, { signed: true, digits: 0 }));
