// The parts of the page, one shown at a time, each under an address of its own: #interpolate, #map, …

import { keepOf, read } from "./address.js";
import { element } from "./dom.js";

const RESULTS = "results";

/**
 * Puts the parts into `place`, and before them a way to each and `tools`, which serve all of them; the last link leads to the
 * report's own sections. A part has `id`, `title` and `root`, and may have `show()`, `hide()`, and `restore()`, which
 * is called when the address of the part says another state. `restored` is called whenever an address was read.
 */
export function build(place, parts, tools, restored) {
  const links = [...parts, { id: RESULTS, title: "Results" }].map((part) =>
    element("a", { href: `#${part.id}`, textContent: part.title }),
  );
  const sections = parts.map((part) =>
    element("section", { id: `part-${part.id}`, "aria-label": part.title, hidden: true },
      element("h2", {}, part.title), part.root),
  );
  const nav = element("nav", { "aria-label": "Parts", className: "parts" }, ...links);
  const stage = element("div", { role: "main" }, ...sections);
  place.append(
    element("div", { className: "bar" }, nav, element("section", { className: "tools", "aria-label": "For all parts" }, ...tools)),
    stage);

  let shown = null;
  function show() {
    const { part: asked, stated } = read();
    restored();
    const target = asked && document.querySelector("main").querySelector(`#${CSS.escape(asked)}`);
    const results = asked === RESULTS || target !== null && target !== "";
    const next = results ? null : (parts.find((part) => part.id === asked) ?? parts[0]);
    const id = results ? RESULTS : next.id;
    if (shown && shown !== next) shown.hide?.();
    document.documentElement.classList.toggle("at-results", results);
    stage.hidden = results;
    parts.forEach((part, index) => (sections[index].hidden = part !== next));
    for (const link of links) {
      if (link.hash === `#${id}`) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    // An address within the results names a place there, and stays as it is.
    keepOf(results ? null : id);
    if (next && stated && next.id === asked) next.restore?.();
    if (next && shown !== next) next.show?.();
    shown = next;
    if (target) target.scrollIntoView();
  }

  // The report's question and answer belong to its results; the header stays the same for all parts.
  document.querySelector("main").prepend(...document.querySelectorAll("header .summary"));
  addEventListener("hashchange", show);
  document.documentElement.classList.add("live");
  place.hidden = false;
  show();
}
