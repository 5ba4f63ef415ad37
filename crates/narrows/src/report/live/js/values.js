// A table of values: a line for every column of the data, in its units.

import { valueText } from "./columns.js";
import { element, refill } from "./dom.js";

/** Columns of the data that a list has room for. */
const MAX_COLUMNS = 200;

/** The columns that a list shows. */
export function shownColumns(columns) {
  return columns.slice(0, MAX_COLUMNS);
}

/** What a list leaves out, as a sentence; nothing if that is nothing. */
export function thinnedNote(columns) {
  return columns.length > MAX_COLUMNS ? ` The first ${MAX_COLUMNS} of ${columns.length.toLocaleString("en")} columns.` : "";
}

/** A box that scrolls, also with the keyboard. */
export function scrollBox(label, ...children) {
  return element("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": label }, ...children);
}

export class Values {
  constructor(columns, { id, label }) {
    this.columns = shownColumns(columns);
    this.head = element("thead", {});
    this.body = element("tbody", {});
    this.root = element("div", { id, className: "values" },
      scrollBox(label, element("table", {}, element("caption", { className: "unseen" }, label), this.head, this.body)),
      columns.length > MAX_COLUMNS ? element("p", { className: "caption" }, thinnedNote(columns)) : null);
  }

  /** Shows lists of raw values under `headings`, each a text or an element. */
  show(headings, lists) {
    refill(this.head, element("tr", {}, element("th", { scope: "col" }, "column"),
      ...headings.map((heading) => element("th", { scope: "col", className: "number" }, heading))));
    refill(this.body, ...this.columns.map((column, i) => element("tr", {},
      element("th", { scope: "row", title: column.name }, element("span", { className: "column-name" }, column.name)),
      ...lists.map((values) => element("td", { className: "number" }, values ? valueText(column, values[i]) : "–")))));
  }
}
