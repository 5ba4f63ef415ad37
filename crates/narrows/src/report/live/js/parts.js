// The parts of the page, one shown at a time, each under an address of its own: #interpolate, #map, …

import { element } from "./dom.js";

/** Puts the parts, and before them a way to each, into `place`; the last link leads to the report's own sections. */
export function build(place, parts) {
  const links = [...parts, { id: "results", title: "Results" }].map((part) =>
    element("a", { href: `#${part.id}`, textContent: part.title }),
  );
  const sections = parts.map((part) =>
    element("section", { id: `part-${part.id}`, "aria-label": part.title, hidden: true },
      element("h2", {}, part.title), part.root),
  );
  const nav = element("nav", { "aria-label": "Parts", className: "parts" }, ...links);
  place.append(nav, ...sections);

  let shown = null;
  function show() {
    const asked = location.hash.slice(1);
    const results = asked === "results" || asked.startsWith("section-");
    const next = results ? null : (parts.find((part) => part.id === asked) ?? parts[0]);
    const id = results ? "results" : next.id;
    if (shown && shown !== next) shown.hide?.();
    document.documentElement.classList.toggle("at-results", results);
    parts.forEach((part, index) => (sections[index].hidden = part !== next));
    for (const link of links) {
      if (link.hash === `#${id}`) {
        link.setAttribute("aria-current", "page");
        // On a telephone not all names fit: the one that is shown stands in the middle.
        nav.scrollLeft = link.offsetLeft - nav.offsetLeft - (nav.clientWidth - link.offsetWidth) / 2;
      } else link.removeAttribute("aria-current");
    }
    if (next && shown !== next) next.show?.();
    shown = next;
    if (asked.startsWith("section-")) document.getElementById(asked)?.scrollIntoView();
  }
  // The report's question and answer belong to its results; the header stays the same for all parts.
  document.querySelector("main").prepend(...document.querySelectorAll("header .summary"));
  addEventListener("hashchange", show);
  document.documentElement.classList.add("live");
  place.hidden = false;
  show();
}
