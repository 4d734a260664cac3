// Texts, numbers, months and days as a reader of the chosen language writes them. What is not known is a dash.

export const UNKNOWN = "–";
const LOCALES = { vi: "vi-VN", en: "en-GB" };
const SCALES = { vi: [[1e9, "\u00a0tỷ"], [1e6, "\u00a0triệu"]], en: [[1e12, "tn"], [1e9, "bn"], [1e6, "m"]] };

export function speak(data, language) {
  const texts = data.texts[language];
  const locale = LOCALES[language];
  const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
  const three = new Intl.NumberFormat(locale, { maximumSignificantDigits: 3 });
  const symbol = new Intl.NumberFormat(locale, { style: "currency", currency: data.meta.currency, currencyDisplay: "narrowSymbol" })
    .formatToParts(0).find((part) => part.type === "currency").value;

  function t(key, filled = {}) {
    const text = texts[key] ?? key;
    return text.replace(/%\((\w+)\)s/g, (_, name) => filled[name] ?? UNKNOWN).replaceAll("%%", "%");
  }

  /** The name of a word of the marts; a word that has none stands for itself. */
  const name = (kind, word) => texts[`${kind}.${word}`] ?? word;
  /** A rule file; the states of leads are agreed on for each CRM. */
  const rule = (file) => (file.includes("/") ? `${name("rule", file.split("/")[0])} (${name("platform", file.split("/")[1])})` : name("rule", file));
  const count = (value) => (value === null || value === undefined ? UNKNOWN : whole.format(value));

  function money(value) {
    if (value === null || value === undefined) return UNKNOWN;
    const [scale, word] = SCALES[language].find(([each]) => Math.abs(value) >= each) ?? [1, ""];
    const digits = scale === 1 ? whole.format(value) : three.format(value / scale);
    if (language === "vi") return `${digits}${word}\u00a0${symbol}`;
    return digits.startsWith("-") ? `-${symbol}${digits.slice(1)}${word}` : `${symbol}${digits}${word}`;
  }

  function percent(share, { signed = false, digits = 1 } = {}) {
    if (share === null || share === undefined) return UNKNOWN;
    return new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: digits,
      minimumFractionDigits: digits, signDisplay: signed ? "exceptZero" : "auto" }).format(share);
  }

  /** A part of some leads: one lead of a thousand is few, and not none. */
  const portion = (part, whole) => (part && part / whole < 0.005 ? `< ${percent(0.01, { digits: 0 })}` : percent(part / whole, { digits: 0 }));

  /** A month by its first day, or by year and month. */
  function month(text) {
    const [year, number] = text.split("-");
    if (language === "vi") return `${number}/${year}`;
    return new Intl.DateTimeFormat(locale, { month: "short", year: "numeric", timeZone: "UTC" })
      .format(new Date(`${year}-${number}-01T00:00:00Z`));
  }

  function day(text) {
    if (!text) return UNKNOWN;
    return new Intl.DateTimeFormat(locale, { day: "2-digit", month: "2-digit", year: "numeric", timeZone: "UTC" })
      .format(new Date(`${text}T00:00:00Z`));
  }

  const moment = (text) => (text ? `${new Intl.DateTimeFormat(locale, { dateStyle: "short", timeStyle: "short",
    timeZone: data.meta.zone }).format(new Date(text))} (${data.meta.zone})` : UNKNOWN);

  return { language, locale, t, name, count, money, percent, portion, rule, month, day, moment };
}
