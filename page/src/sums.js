// Sums of the published rows under the chosen filters, and the ratios of these sums. Nothing here averages a ratio.

const Z = 1.959963984540054;
export const NO_PLATFORM = "(none)";
const DAYS = ["close_month", "cohort_month", "month", "week"];
const WORDS = ["changed_metric", "close_month", "change_cause"];

/** The inlined rows, which Python packed with gzip. */
export async function unpacked(text) {
  const { readable, writable } = new DecompressionStream("gzip");
  const writer = writable.getWriter();
  writer.write(Uint8Array.from(atob(text), (each) => each.charCodeAt(0)));
  writer.close();
  return new Response(readable).json();
}

/** The inlined data: tables, which hold column after column, as rows that are objects. */
export function opened(raw) {
  const data = { ...raw };
  for (const [name, part] of Object.entries(raw)) {
    if (part?.columns) data[name] = { ...part, rows: (part.rows[0] ?? []).map((_, row) => Object.fromEntries(part.columns.map((column, at) => [column, part.rows[at][row]]))) };
  }
  // Days, words and sources stand in the rows by their places in lists of their own.
  for (const part of [data.closed, data.cohort, data.weeks, data.credit, data.quality, data.leaks]) {
    for (const row of part.rows) for (const name of DAYS) if (name in row) row[name] = data.days[row[name]];
  }
  for (const row of data.changes.rows) for (const name of WORDS) row[name] = data.changes.words[row[name]];
  for (const row of data.leaks.rows) row.ids = row.ids.map((id) => id.replace(/^\d+/, (place) => data.leaks.sources[place]));
  data.campaigns.rows.forEach((each) => { each.key = [each.platform, each.account_id, each.campaign_id].join("/"); });
  data.people.rows.forEach((each) => { each.key = `${each.source}/${each.owner_id}`; });
  const at = new Map(data.campaigns.rows.map((each, place) => [each.key, place]));
  data.changes.rows.forEach((each) => {
    const key = data.changes.keys[each.campaign];
    each.campaign = at.get(key.join("/")) ?? -1;
    each.key = key;
  });
  const months = [data.closed.rows.map((row) => row.close_month), data.cohort.rows.map((row) => row.cohort_month),
    data.leaks.rows.map((row) => row.month)].flat();
  data.months = [...new Set(months)].sort();
  return data;
}

/** Whether a row's campaign and month are among the chosen. */
export function chosen(data, state) {
  const from = `${state.from}-01`;
  const to = `${state.to}-01`;
  return (place, month) => {
    const campaign = data.campaigns.rows[place];
    return month >= from && month <= to && (!state.platform || campaign?.platform === state.platform)
      && (!state.campaign || campaign?.key === state.campaign);
  };
}

/** The sum of what is known; null where nothing is. */
export function total(rows, name) {
  let sum = null;
  for (const row of rows) if (row[name] !== null) sum = (sum ?? 0) + row[name];
  return sum;
}

const over = (part, whole) => (part === null || !whole ? null : part / whole);

const PARTS = ["spend_reporting_amount", "unique_lead_count", "qualified_count", "won_count", "won_deal_count",
  "margin_known_count", "revenue_reporting_amount", "gross_margin_reporting_amount"];

/** The parts of some rows and what they make. ROI on gross profit only where every won deal's is on record. */
export function returns(rows) {
  const [spend, leads, qualified, won, deals, known, revenue, margin] = PARTS.map((name) => total(rows, name));
  const told = known === deals;
  return {
    spend, leads, qualified, won, deals, revenue, missing: (deals ?? 0) - (known ?? 0),
    margin: told ? margin : null, cpl: over(spend, leads), cpql: over(spend, qualified),
    roi: told && margin !== null && spend ? (margin - spend) / spend : null,
    roiRevenue: revenue !== null && spend ? (revenue - spend) / spend : null,
  };
}

/** Rows of the chosen date basis; of cohorts those of its horizon that are old enough, and the months that are not. */
export function based(data, state) {
  const within = chosen(data, state);
  if (state.basis === "closed") {
    return { rows: data.closed.rows.filter((row) => within(row.campaign, row.close_month)), young: [] };
  }
  const all = data.cohort.rows.filter((row) => String(row.horizon_days) === state.basis.slice("cohort".length)
    && within(row.campaign, row.cohort_month));
  return { rows: all.filter((row) => row.is_matured),
    young: [...new Set(all.filter((row) => !row.is_matured).map((row) => row.cohort_month))].sort() };
}

/** Wilson's 95 % interval of a share. */
export function wilson(part, whole) {
  const share = part / whole;
  const middle = share + (Z * Z) / (2 * whole);
  const half = Z * Math.sqrt((share * (1 - share)) / whole + (Z * Z) / (4 * whole * whole));
  const scale = 1 + (Z * Z) / whole;
  return [Math.max(0, (middle - half) / scale), Math.min(1, (middle + half) / scale)];
}

/** A share of leads, hidden where there are too few. */
export function rate(part, whole, small) {
  if (whole === null || whole < small) return { part, whole, share: null };
  const [low, high] = wilson(part, whole);
  return { part, whole, share: part / whole, low, high };
}

/** The waterfall's steps: leads, ids and what they are worth; a month's leads at the month's average. */
export function leaks(data, state) {
  const within = chosen(data, state);
  const person = data.people.rows.findIndex((each) => each.key === state.person);
  const steps = data.leaks.steps.map(([name, owner, rests]) => ({ name, owner, rests, count: 0, ids: [], revenue: 0, margin: 0 }));
  for (const row of data.leaks.rows) {
    if (!within(row.campaign, row.month) || (state.person && row.person !== person)) continue;
    const step = steps[row.step];
    step.count += row.count;
    step.ids.push(...row.ids);
    const [revenue, margin] = data.leaks.aside.includes(step.name) ? [0, 0] : data.leaks.averages[row.month];
    step.revenue = revenue === null || step.revenue === null ? null : step.revenue + revenue * row.count;
    step.margin = margin === null || step.margin === null ? null : step.margin + margin * row.count;
  }
  return steps;
}

/** The counts of the five ratios over the chosen mature months, by campaigns or of one salesperson. */
export function quality(data, state, of = state.person) {
  const within = chosen(data, { ...state, campaign: of ? "" : state.campaign, platform: of ? "" : state.platform });
  const person = data.people.rows.findIndex((each) => each.key === of);
  const rows = data.quality.rows.filter((row) => (of
    ? row.dimension === "salesperson" && row.of === person && row.month >= `${state.from}-01` && row.month <= `${state.to}-01`
    : row.dimension === "campaign" && within(row.of, row.month)));
  return Object.fromEntries(data.quality.columns.slice(3).map((name) => [name, total(rows, name) ?? 0]));
}

/** Revenue by campaign and model over the chosen closing months. */
export function credit(data, state) {
  const within = chosen(data, state);
  const found = new Map();
  for (const row of data.credit.rows) {
    if (!within(row.campaign, row.close_month)) continue;
    const models = found.get(row.campaign) ?? new Map();
    data.credit.models.forEach((model, at) => models.set(model, (models.get(model) ?? 0) + (row.amounts[at] ?? 0)));
    found.set(row.campaign, models);
  }
  return found;
}
