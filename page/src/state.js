// What is chosen, and its address: #section?from=2026-08&platform=meta_ads. Whoever is sent the address sees the same.

const NAMES = ["from", "to", "platform", "campaign", "person", "model", "basis", "lang", "step"];

export function parse(hash) {
  const [section, asked = ""] = hash.replace(/^#/, "").split("?");
  const given = new URLSearchParams(asked);
  return { section, chosen: Object.fromEntries(NAMES.filter((name) => given.has(name)).map((name) => [name, given.get(name)])) };
}

export function address(section, state, defaults) {
  const asked = NAMES.filter((name) => state[name] && state[name] !== defaults[name])
    .map((name) => `${name}=${encodeURIComponent(state[name]).replaceAll("%2F", "/")}`);
  return asked.length ? `#${section}?${asked.join("&")}` : section ? `#${section}` : "";
}

/** A choice that was kept by this browser; a file that was opened from a disk may not be allowed to keep any. */
export function remembered(name) {
  try { return localStorage.getItem(`crosscheck.${name}`); } catch { return null; }
}

export function remember(name, value) {
  try { localStorage.setItem(`crosscheck.${name}`, value); } catch { /* it is asked again next time */ }
}
