// The five agreed ratios with their intervals; counts alone where there are too few leads.
import { h, note, table } from "./dom.js";
import { quality, rate } from "./sums.js";

const STATES = ["reached", "hot", "potential", "wrong_target", "closed"];

export function ratios({ data, state, words }) {
  const { t, count, percent } = words;
  const small = data.meta.small;
  if (state.person && (state.campaign || state.platform)) return [note(t("ratios_both"))];
  const sums = quality(data, state);
  if (!sums.unique) return [note(t("nothing"))];
  const covered = rate(sums.covered, sums.unique, small);
  const rows = STATES.map((name) => {
    const told = rate(sums[name], sums.unique, small);
    return { cells: [words.name("state", name), told.share === null ? UNTOLD : h("strong", {}, percent(told.share)),
      told.share === null ? t("small", { small }) : whole(`${percent(told.low)} – ${percent(told.high)}`), interval(told),
      whole(`${count(told.part)} / ${count(told.whole)}`)] };
  });
  return [
    note(t("ratios_note", { days: data.quality.horizon, small })),
    table(t("ratios"), [{ text: t("ratio") }, { text: t("rate"), end: true }, { text: t("interval"), end: true },
      { text: "0 – 100%", wide: true }, { text: t("count"), end: true }], rows),
    note(covered.share === null ? t("coverage_few", { part: count(covered.part), whole: count(covered.whole) })
      : t("coverage", { rate: percent(covered.share) })),
    !state.campaign && !state.platform && data.people.rows.length ? byPerson(data, state, words) : null,
  ];
}

const whole = (text) => h("span", { class: "whole" }, text);
const UNTOLD = "–";

function interval({ share, low, high }) {
  if (share === null) return "";
  return h("div", { class: "track thin", "aria-hidden": "true" },
    h("div", { class: "fill range", style: { left: `${low * 100}%`, width: `${(high - low) * 100}%` } }),
    h("div", { class: "point", style: { left: `${share * 100}%` } }));
}

function byPerson(data, state, words) {
  const { t, count, percent } = words;
  const people = data.people.rows.filter((each) => !state.person || each.key === state.person);
  const rows = people.map((each) => ({ each, sums: quality(data, state, each.key) })).filter(({ sums }) => sums.unique)
    .map(({ each, sums }) => ({ cells: [personName(each, t), count(sums.unique), ...STATES.map((name) => {
      const told = rate(sums[name], sums.unique, data.meta.small);
      return told.share === null ? count(told.part)
        : h("span", {}, percent(told.share, { digits: 0 }), h("span", { class: "soft" }, ` ${percent(told.low, { digits: 0 })} – ${percent(told.high, { digits: 0 })}`));
    })] }));
  const columns = [{ text: t("person") }, { text: t("leads"), end: true }, ...STATES.map((name) => ({ text: words.name("state", name), end: true }))];
  return h("details", {}, h("summary", {}, t("by_person")), note(t("by_person_note")), table(t("by_person"), columns, rows));
}

export const personName = (each, t) => (each.owner_id === "(none)" ? `${each.source}: ${t("nobody")}` : each.key);
