// The report's tables as CSV, for a spreadsheet.

import { csv } from "./csv.js";
import { button } from "./dom.js";
import { save } from "./save.js";

/** Puts a button beside the caption of every table. */
export function offerTables() {
  document.querySelectorAll("main figure.table").forEach((figure, index) => {
    const name = figure.id || `table-${index + 1}`;
    const caption = figure.querySelector("figcaption");
    const place = button("CSV", () => {
      save(new Blob([csv(rowsOf(figure.querySelector("table")))], { type: "text/csv;charset=utf-8" }), `${name}.csv`);
    }, { className: "csv", title: "Save this table as CSV", "aria-label": `Save as CSV: ${name.replace("-", " ")}` });
    if (caption) caption.append(" ", place);
    else figure.prepend(place);
  });
}

/** The text of a table's cells, without the marks of footnotes; a number has the minus of programs. */
function rowsOf(table) {
  return [...table.rows].map((row) => [...row.cells].map((one) => {
    const copy = one.cloneNode(true);
    copy.querySelectorAll("sup").forEach((mark) => mark.remove());
    return copy.textContent.trim().replace(/^−(?=[\d.])/, "-");
  }));
}
