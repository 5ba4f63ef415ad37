// The parts of the page, one shown at a time, each under an address of its own: #interpolate, #map, …

import { keepOf, read } from "./address.js";
import { element } from "./dom.js";

/** The report's first page, which comes first here too, and its other sections, which come last. */
const ANSWERS = "answers";
const RESULTS = "results";

/**
 * Puts the parts into `place`, and before them a way to each and `tools`, which serve all of them; the first link leads to the
 * report's answers, where it has some, the last to its other sections. A part has `id`, `title` and `root`, and may have `show()`, `hide()`, and `restore()`, which
 * is called when the address of the part says another state. `restored` is called whenever an address was read.
 */
export function build(place, parts, tools, restored) {
  const main = document.querySelector("main");
  const answers = document.getElementById(ANSWERS);
  const ways = [answers && { id: ANSWERS, title: "Answers" }, ...parts, { id: RESULTS, title: "Results" }];
  const links = ways.filter(Boolean).map((part) => element("a", { href: `#${part.id}`, textContent: part.title }));
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
    const target = asked ? main.querySelector(`#${CSS.escape(asked)}`) : null;
    const part = parts.find((part) => part.id === asked);
    const written = writtenPart(asked, target, part);
    const next = written ? null : (part ?? parts[0]);
    const id = written ?? next.id;
    if (shown && shown !== next) shown.hide?.();
    for (const one of [ANSWERS, RESULTS]) document.documentElement.classList.toggle(`at-${one}`, written === one);
    stage.hidden = written !== null;
    parts.forEach((part, index) => (sections[index].hidden = part !== next));
    for (const link of links) {
      if (link.hash === `#${id}`) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    // An address within the report names a place there, and stays as it is.
    keepOf(written ? null : id);
    if (next && stated && next.id === asked) next.restore?.();
    if (next && shown !== next) next.show?.();
    shown = next;
    if (target && target !== answers) target.scrollIntoView();
  }

  /** Which of the report's own parts an address means: by its name, by a place within it, or because it names nothing. */
  function writtenPart(asked, target, part) {
    if (target) return answers?.contains(target) ? ANSWERS : RESULTS;
    if (asked === RESULTS) return RESULTS;
    return answers && !part ? ANSWERS : null;
  }

  addEventListener("hashchange", show);
  document.documentElement.classList.add("live");
  place.hidden = false;
  show();
}
