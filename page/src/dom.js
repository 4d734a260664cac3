// Elements without a framework: h("p", { class: "note" }, "text", child).

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [key, told] of Object.entries(value)) element.style.setProperty(key, told);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A select with its label. `options` are pairs of value and text. */
export function choice(id, label, options, value, chosen) {
  const select = h("select", { id, onchange: () => chosen(select.value) },
    options.map(([own, text]) => h("option", { value: own, selected: own === value }, text)));
  return h("div", { class: "field" }, h("label", { for: id }, label), select);
}

/** A table in a frame of its own, which scrolls sideways where the window is too narrow, by keyboard as well. */
export function table(label, columns, rows, { caption = false } = {}) {
  const head = h("tr", {}, columns.map((column) => h("th", { scope: "col", class: kind(column) }, column.text)));
  const body = rows.map((row) => h("tr", { class: row.strong && "strong" }, row.cells.map((cell, at) => at === 0
    ? h("th", { scope: "row" }, cell) : h("td", { class: kind(columns[at]) }, cell))));
  return h("div", { class: "frame", tabindex: "0", role: "group", "aria-label": label },
    h("table", {}, h("caption", { class: caption ? null : "unseen" }, label), h("thead", {}, head),
      h("tbody", {}, body)));
}

/** Numbers stand at the end of their column; what is said twice gives way in a narrow window. */
const kind = ({ end, wide }) => (end ? "end" : wide ? "wide" : null);

export const note = (...text) => h("p", { class: "note" }, ...text);

/** A command to copy. */
export function command(text, t) {
  const code = h("code", { tabindex: "0" }, text);
  const button = h("button", { type: "button", class: "small", onclick: async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = t("copied");
    } catch {
      getSelection().selectAllChildren(code); // no clipboard: it is marked, to be copied by hand
    }
  } }, t("copy"));
  return h("div", { class: "command" }, code, button);
}
