// Where leads are lost. The chart is a table whose rows are bars, so that it reads, scales and opens without a mouse.
import { command, h, note } from "./dom.js";
import { leaks } from "./sums.js";

/** The steps in the order in which they are drawn: the leaks from the top, then those who bought; leads by name only apart. */
function ordered(data, state) {
  const steps = leaks(data, state);
  const aside = steps.filter((step) => data.leaks.aside.includes(step.name) && step.count);
  const won = steps.find((step) => step.name === "won");
  const shown = [...steps.filter((step) => !aside.includes(step) && step !== won), won].filter((step) => step.count);
  return { aside, won, shown, leads: shown.reduce((sum, step) => sum + step.count, 0) };
}

export function waterfall(page) {
  const { data, state, words } = page;
  const { t, count, name } = words;
  const { aside, won, shown, leads } = ordered(data, state);
  if (!leads && !aside.length) return [note(t("nothing"))];
  const of = (owner) => count(shown.filter((step) => step.owner === owner && step !== won).reduce((sum, step) => sum + step.count, 0));
  const finding = t("waterfall_finding", { leads: count(leads), won: count(won.count), marketing: of("marketing"),
    sales: of("sales"), routing: of("routing"), both: of("both"), nobody: of("nobody") });
  return [
    h("p", { class: "finding" }, finding),
    note(t("waterfall_note", { days: data.leaks.horizon })),
    legend(data, words),
    bars(page, shown, leads),
    aside.length ? h("p", { class: "note" }, t("aside"), aside.flatMap((step) => [" ",
      opener(page, step, `step-${step.name}`, `${name("cause", step.name)}: ${count(step.count)}`)])) : null,
  ];
}

const legend = (data, { name }) => h("ul", { class: "legend", "aria-hidden": "true" },
  [...Object.keys(data.owners), "won"].map((owner) => h("li", {}, h("span", { class: "swatch", style: { background: colour(owner) } }),
    owner === "won" ? name("cause", "won") : name("owner", owner))));

const colour = (owner) => `var(--owner-${owner})`;

function bars(page, shown, leads) {
  const { t, count, money, name, portion } = page.words;
  let passed = 0;
  const byMargin = shown.every((step) => step.margin !== null);
  const rows = shown.map((step) => {
    const from = step.name === "won" ? 0 : leads - passed - step.count;
    passed += step.count;
    const owner = step.name === "won" ? "won" : step.owner;
    const worth = step.name === "won" ? null : byMargin ? step.margin : step.revenue;
    return h("tr", { role: "row" },
      h("th", { scope: "row", role: "rowheader" }, opener(page, step, `step-${step.name}`, name("cause", step.name))),
      h("td", { role: "cell", class: "whose" }, step.name === "won" ? "" : name("owner", step.owner)),
      h("td", { role: "cell", class: "bar" }, h("div", { class: "track", "aria-hidden": "true" },
        h("div", { class: "fill", style: { left: `${(from / leads) * 100}%`, width: `${(step.count / leads) * 100}%`, background: colour(owner) } }))),
      h("td", { role: "cell", class: "end" }, count(step.count), h("span", { class: "soft" }, ` ${portion(step.count, leads)}`)),
      h("td", { role: "cell", class: "end worth" }, worth === null ? "" : money(worth)));
  });
  const heads = [[t("step")], [t("whose"), "whose"], ["", "bar"], [t("leads"), "end"], [byMargin ? t("worth") : t("worth_revenue"), "end worth"]];
  return h("table", { class: "bars", role: "table", "aria-label": t("waterfall") },
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, heads.map(([text, kind]) => (kind === "bar"
      ? h("td", { role: "cell", class: "bar" }) : h("th", { scope: "col", role: "columnheader", class: kind }, text))))),
    h("tbody", { role: "rowgroup" }, rows));
}

function opener(page, step, id, text) {
  const label = page.words.t("open_evidence", { step: page.words.name("cause", step.name) });
  return h("button", { type: "button", class: "open", id, "aria-haspopup": "dialog", "aria-label": `${text}. ${label}`,
    onclick: () => page.open(evidence(page, step), step.name) }, text);
}

/** What stands behind one step, under the chosen filters: ids as the CRM has them, and the command for the rest. */
export function evidence(page, step) {
  const { data, state, words } = page;
  const { t, count, name } = words;
  const title = name("cause", step.name);
  const shown = step.ids.slice(0, Math.max(data.leaks.cap, 20));
  const rules = data.leaks.rules[step.name];
  return { title: t("evidence", { step: title }), content: [
    h("p", {}, h("span", { class: "swatch", style: { background: colour(step.name === "won" ? "won" : step.owner) } }), " ",
      step.name === "won" ? "" : `${t("whose")}: ${name("owner", step.owner)}. `, t("rests", { what: name("rests", step.rests) })),
    rules ? note(t("ruled", { rules: rules.map((each) => [words.rule(each.split(" ")[0]), each.split(" ")[1]].join(" ")).join(", ") })) : null,
    h("p", {}, shown.length ? t("ids_shown", { shown: count(shown.length), count: count(step.count) }) : t("ids_none", { count: count(step.count) })),
    shown.length ? h("ul", { class: "ids" }, shown.map((id) => h("li", {}, id))) : null,
    h("p", {}, t("rest")), command(traced("leak_waterfall", { ...named(state), leak_cause: step.name, ...month(state, "cohort_month") }), t),
    h("p", {}, t("one")), command(traced("leak_evidence", lead(shown[0])), t),
    data.leaks.cap < 20 && shown.length < step.count ? note(cut(data, t)) : null,
  ] };
}

/** Which ids are kept, where not all are. */
function cut({ leaks: { cap, newest: [step, campaign] }, meta }, t) {
  if (!cap) return t("ids_newest", { step, campaign });
  return t(meta.with_people ? "ids_cut" : "ids_cut_without", { cap });
}

/** Open a step's evidence by its name; nothing when the filters leave none of it. */
export function stepNamed(page, wanted) {
  const step = leaks(page.data, page.state).find((each) => each.name === wanted && each.count);
  return step ? evidence(page, step) : null;
}

const lead = (id = "SOURCE/LEAD_ID") => ({ source: id.slice(0, id.indexOf("/")), lead_id: id.slice(id.indexOf("/") + 1) });

/** The chosen campaign or platform, as words of a key. */
export function named(state) {
  if (!state.campaign) return state.platform ? { platform: state.platform } : {};
  const [platform, account, ...campaign] = state.campaign.split("/");
  return { platform, account_id: account, campaign_id: campaign.join("/") };
}

/** The chosen month, where it is one. */
export const month = (state, column) => (state.from === state.to ? { [column]: `${state.from}-01` } : {});

/** A command line, quoted for a shell where it must be. */
export function traced(mart, key) {
  const quoted = (text) => (/^[\w./=:+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
  return ["crosscheck trace", mart, ...Object.entries(key).map(([name, value]) => quoted(`${name}=${value}`))].join(" ");
}
