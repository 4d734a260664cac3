// The page: controls above, sections below; every choice draws the sections anew and stands in the address.
import "./style.css";
import { attribution } from "./attribution.js";
import { campaigns } from "./campaigns.js";
import { changed } from "./changed.js";
import { draw, forget } from "./charts.js";
import { choice, h, note } from "./dom.js";
import { personName, ratios } from "./ratios.js";
import { address, parse, remember, remembered } from "./state.js";
import { summary } from "./summary.js";
import { NO_PLATFORM, opened, unpacked } from "./sums.js";
import { stepNamed, waterfall } from "./waterfall.js";
import { weeks } from "./weeks.js";
import { speak } from "./words.js";

const SECTIONS = { summary, waterfall, ratios, campaigns, attribution, weeks, changed };
const { packed, ...told } = JSON.parse(document.getElementById("data").textContent);
const data = opened({ ...told, ...await unpacked(packed) });
const months = data.months.map((each) => each.slice(0, 7));
const horizons = [...new Set(data.cohort.rows.map((row) => row.horizon_days))].sort((one, other) => one - other);
const defaults = { from: months[0] ?? "", to: months.at(-1) ?? "", platform: "", campaign: "", person: "", model: "linear", basis: "closed", lang: "" };
const dialog = h("dialog", { "aria-labelledby": "dialog-title" });
const main = h("main", { id: "main", tabindex: "-1" });
const root = document.getElementById("page");
let state = { ...defaults, metric: "", plain: false };
let words;

/** What an address asks for, as far as it is there. */
function asked() {
  const { section, chosen } = parse(location.hash);
  const there = { from: months, to: months, platform: platforms(), campaign: data.campaigns.rows.map((each) => each.key),
    person: data.people.rows.map((each) => each.key), model: models(), basis: bases(), lang: Object.keys(data.texts) };
  const known = Object.fromEntries(Object.entries(chosen).filter(([name, value]) => !there[name] || there[name].includes(value)));
  return { section, chosen: known };
}

const platforms = () => [...new Set(data.campaigns.rows.map((each) => each.platform))];
const models = () => data.credit.models;
const bases = () => ["closed", ...horizons.map((days) => `cohort${days}`)];

function set(change, how) {
  state = { ...state, ...change };
  if (change.platform !== undefined && state.campaign && !state.campaign.startsWith(`${state.platform}/`) && state.platform) state.campaign = "";
  if (state.from > state.to) state[change.from ? "to" : "from"] = change.from ?? state.to;
  history.replaceState(null, "", address(parse(location.hash).section, state, defaults) || location.pathname + location.search);
  render(how);
}

function render({ whole = false } = {}) {
  const focused = document.activeElement?.id;
  const unfolded = new Set([...root.querySelectorAll("section")].filter((each) => each.querySelector("details[open]")).map((each) => each.id));
  forget();
  if (whole) {
    const language = state.lang || remembered("lang") || data.meta.language;
    words = speak(data, data.texts[language] ? language : "en");
    document.documentElement.lang = words.language;
    document.title = `${words.t("title")} · ${data.meta.project}`;
  }
  if (whole || !main.isConnected) root.replaceChildren(skip(), header(), filters(), contents(), main, footer(), dialog);
  const page = { data, state, words, set, open };
  main.replaceChildren(...Object.entries(SECTIONS).map(([id, make]) => section(id, make(page))));
  follow();
  for (const id of unfolded) for (const each of document.querySelectorAll(`#${id} details`)) each.open = true;
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  if (whole) soon(draw);
  else draw();
}

/** After the next frame: numbers are there at once, charts come into the room that is kept for them. */
const soon = (work) => requestAnimationFrame(() => setTimeout(work));

const skip = () => h("a", { class: "skip", href: "#main", onclick: (event) => { event.preventDefault(); main.focus(); } }, words.t("skip"));

const section = (id, content) => h("section", { id, "aria-labelledby": `${id}-title`, tabindex: "-1" }, h("h2", { id: `${id}-title` }, words.t(id)), content);

function header() {
  const { t, moment, day } = words;
  const newest = data.changes.publications[0];
  const sources = data.meta.sources.map(([source, to, stale]) => h("li", { class: stale && "stale" }, t("complete", { source: words.name("platform", source), day: day(to) }), stale ? ` (${t("stale")})` : ""));
  return h("header", {},
    h("div", {}, h("h1", {}, t("title")), h("p", { class: "note" }, `${data.meta.project} · `, newest ? t("published", { moment: moment(newest[1]) }) : ""),
      h("ul", { class: "sources" }, sources), data.meta.drafts.length ? h("p", { class: "draft" }, t("drafts", { rules: data.meta.drafts.map(words.rule).join(", ") })) : null),
    h("div", { class: "switches" },
      choice("lang", t("language"), [["vi", "Tiếng Việt"], ["en", "English"]], words.language, (lang) => { remember("lang", lang); set({ lang }, { whole: true }); }),
      choice("look", t("appearance"), ["automatic", "light", "dark"].map((each) => [each, t(each)]), remembered("look") ?? "automatic", (look) => { remember("look", look); dress(look); })));
}

const night = matchMedia("(prefers-color-scheme: dark)");
const paper = matchMedia("print");
let printing = false;

/** Light or dark, as chosen, or else as the machine is; paper is light, and what is folded stands open on it. */
function dress(look = remembered("look") ?? "automatic") {
  const sheet = printing || paper.matches;
  const dark = !sheet && (look === "dark" || (look !== "light" && night.matches));
  document.documentElement.dataset.look = dark ? "dark" : "light";
  for (const each of main.querySelectorAll(sheet ? "details:not([open])" : "details[data-folded]")) {
    each.open = sheet;
    each.toggleAttribute("data-folded", sheet);
  }
  draw({ paper: sheet });
}

function print(now) {
  printing = now;
  dress();
}

function filters() {
  const { t, name, month } = words;
  const all = ["", t("all")];
  const monthly = months.map((each) => [each, month(each)]);
  const pick = (key, label, options) => choice(`filter-${key}`, label, options, state[key], (value) => set({ [key]: value }));
  return h("form", { class: "filters", "aria-label": t("filters"), onsubmit: (event) => event.preventDefault() },
    pick("from", t("from"), monthly), pick("to", t("to"), monthly),
    pick("platform", t("platform"), [all, ...platforms().map((each) => [each, name("platform", each)])]),
    pick("campaign", t("campaign"), listed()),
    data.people.rows.length ? pick("person", t("person"), [all, ...data.people.rows.map((each) => [each.key, personName(each, t)])]) : null,
    pick("model", t("model"), models().map((each) => [each, name("attribution", each)])),
    pick("basis", t("basis"), [["closed", t("basis_closed")], ...horizons.map((days) => [`cohort${days}`, t("basis_cohort", { days })])]),
    h("button", { type: "button", id: "reset", onclick: () => set({ ...defaults, lang: state.lang }) }, t("reset")),
    h("p", { id: "showing", role: "status", class: "note" }));
}

const offered = () => data.campaigns.rows.filter((each) => each.name !== "(unattributed)" && (!state.platform || each.platform === state.platform));
const listed = () => [["", words.t("all")], ...offered().map((each) => [each.key, words.name("place", each.name)])];

/** The controls as chosen: they stay where they are, so that the focus does, and that the status is read out. */
function follow() {
  document.getElementById("filter-campaign").replaceChildren(...listed().map(([value, text]) => h("option", { value }, text)));
  for (const key of ["from", "to", "platform", "campaign", "person", "model", "basis"]) {
    const control = document.getElementById(`filter-${key}`);
    if (control) control.value = state[key];
  }
  const campaigns = offered().filter((each) => each.platform !== NO_PLATFORM && (!state.campaign || each.key === state.campaign)).length;
  document.getElementById("showing").textContent = words.t("showing", { campaigns: words.count(campaigns), first: words.month(state.from), last: words.month(state.to) });
}

const contents = () => h("nav", { "aria-label": words.t("contents") }, h("ul", {}, Object.keys(SECTIONS).map((id) => h("li", {}, h("a", { href: `#${id}`, onclick: (event) => {
  event.preventDefault();
  history.replaceState(null, "", address(id, state, defaults) || `#${id}`);
  show(id);
} }, words.t(id))))));

function footer() {
  const [before, after] = words.t("footer", { command: "\u0000" }).split("\u0000");
  return h("footer", {}, note(before, h("code", {}, "crosscheck trace"), after));
}

function show(id) {
  const there = SECTIONS[id] && document.getElementById(id);
  there?.scrollIntoView();
  there?.focus({ preventScroll: true });
}

/** What stands behind a number, over the page; the focus comes back to what opened it. */
function open({ title, content }) {
  const from = document.activeElement?.id;
  const close = h("button", { type: "button", onclick: () => dialog.close() }, words.t("close"));
  dialog.replaceChildren(h("h2", { id: "dialog-title", tabindex: "-1" }, title), h("div", {}, content), close);
  dialog.onclose = () => document.getElementById(from)?.focus();
  dialog.showModal();
  document.getElementById("dialog-title").focus();
}

function arrive() {
  const { section: id, chosen } = asked();
  state = { ...defaults, metric: state.metric, plain: state.plain, ...chosen, step: "" };
  render({ whole: true });
  show(id);
  const evidence = chosen.step && stepNamed({ data, state, words, set, open }, chosen.step);
  if (evidence) open(evidence);
}

for (const [owner, colours] of Object.entries(data.owners)) {
  for (const look of ["light", "dark"]) document.documentElement.style.setProperty(`--${owner}-${look}`, colours[look]);
}
addEventListener("hashchange", arrive);
let resized;
addEventListener("resize", () => { clearTimeout(resized); resized = setTimeout(draw, 100); });
for (const medium of [night, paper]) medium.addEventListener("change", () => dress());
addEventListener("beforeprint", () => print(true));
addEventListener("afterprint", () => print(false));
dress();
arrive();
