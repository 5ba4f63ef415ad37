// What the page shows, kept in its address, so that a reload, a bookmark and a copied link show the same:
//
//   #interpolate?from=train-3&to=train-15&lambda=0.35&models=pca,three-layer
//
// The part stands before the question mark; what follows is that part's state, and what the whole page has in common.

/** Where what belongs to no single part is kept. */
const PAGE = "page";
/** Its keys. */
const OF_PAGE = ["scale"];
/** How long nothing changes before the address is written, in milliseconds: browsers refuse to write it for every frame. */
const REST = 250;

/** Of each part, its keys and values; all are text. */
const states = new Map();
let shown = null;
let waiting = null;

/** An address's part and its keys and values. What cannot be read is left out. */
export function parse(hash) {
  const text = hash.replace(/^#/, "");
  const end = text.indexOf("?");
  const values = new Map();
  for (const pair of end < 0 ? [] : text.slice(end + 1).split("&")) {
    const at = pair.indexOf("=");
    const value = at < 1 ? null : decoded(pair.slice(at + 1));
    if (value !== null) values.set(pair.slice(0, at), value);
  }
  return { part: decoded(end < 0 ? text : text.slice(0, end)) ?? "", values };
}

/** The address of a part and its values. */
export function format(part, values) {
  const pairs = [...values].map(([key, value]) => `${key}=${encodeURIComponent(value).replaceAll("%2C", ",")}`);
  return pairs.length ? `#${part}?${pairs.join("&")}` : `#${part}`;
}

/** Names as one value. */
export function joined(names) {
  return names.map(encodeURIComponent).join(",");
}

/** The names of a value; one that cannot be read is left out. */
export function separated(value) {
  return value.split(",").map(decoded).filter((name) => name !== null && name !== "");
}

/** A number within limits; null where the value is none. */
export function numberWithin(value, low, high) {
  const number = value === undefined || value === null || value.trim() === "" ? NaN : Number(value);
  return number >= low && number <= high ? number : null;
}

/** The state of a part: an object of text. */
export function get(part) {
  return Object.fromEntries(states.get(part) ?? []);
}

/** Changes one key of a part's state; null removes it. */
export function set(part, key, value) {
  const state = stateOf(part);
  if (value === null) state.delete(key);
  else state.set(key, String(value));
  clearTimeout(waiting);
  waiting = setTimeout(write, REST);
}

/** Changes one key of what the whole page has in common. */
export function setOfPage(key, value) {
  set(PAGE, key, value);
}

/** What the whole page has in common. */
export function ofPage() {
  return get(PAGE);
}

/** Takes over what the browser's address says, and whether it says anything of its part's state. */
export function read() {
  const { part, values } = parse(location.hash);
  const own = new Map([...values].filter(([key]) => !OF_PAGE.includes(key)));
  for (const key of OF_PAGE) if (values.has(key)) stateOf(PAGE).set(key, values.get(key));
  if (own.size) states.set(part, own);
  return { part, stated: own.size > 0 };
}

/** Says which part is shown; the address has its state from now on. With null, the address is left alone. */
export function keepOf(part) {
  shown = part;
  write();
}

/** Writes what has changed now. */
export function write() {
  clearTimeout(waiting);
  waiting = null;
  if (shown === null) return;
  const hash = format(shown, new Map([...(states.get(shown) ?? []), ...(states.get(PAGE) ?? [])]));
  if (hash !== location.hash) history.replaceState(history.state, "", hash);
}

function stateOf(part) {
  if (!states.has(part)) states.set(part, new Map());
  return states.get(part);
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

addEventListener("pagehide", write);
