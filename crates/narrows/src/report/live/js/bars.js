// All columns of a row as bars from their means, each with its value: what the sliders of a table move.

import { standardised, valueText } from "./columns.js";
import { element } from "./dom.js";
import { REACH } from "./profile.js";
import { scrollBox, shownColumns, thinnedNote } from "./values.js";

export class Bars {
  constructor(columns, label) {
    this.bars = shownColumns(columns).map((column, index) => {
      const [bar, start] = [element("span", { className: "bar-fill" }), element("span", { className: "home" })];
      const value = element("span", { className: "number" });
      const row = element("div", { className: "bar-row" }, element("span", { className: "column-name", title: column.name }, column.name),
        element("span", { className: "bar-track", ariaHidden: "true" }, bar, start), value);
      return { column, index, bar, start, value, row };
    });
    this.root = element("div", { className: "bars" },
      scrollBox(label, ...this.bars.map(({ row }) => row)),
      element("p", { className: "caption" },
        `A bar begins at the column’s mean over the training set, and reaches at most ${REACH} standard deviations to a side. The dot is the \
row to start from. Values are in the units of the data.${thinnedNote(columns)}`));
  }

  /** Shows decoded values, and marks those of the row to start from. */
  show(values, home) {
    for (const { column, index, bar, start, value } of this.bars) {
      const at = place(standardised(column, values[index]));
      bar.style.left = `${100 * Math.min(at, 0.5)}%`;
      bar.style.width = `${100 * Math.abs(at - 0.5)}%`;
      const from = standardised(column, home[index]);
      start.hidden = !Number.isFinite(from);
      start.style.left = `${100 * place(from)}%`;
      value.textContent = valueText(column, values[index]);
    }
  }
}

/** From deviations to a place on the track, 0 to 1. */
function place(deviations) {
  return (Math.max(-REACH, Math.min(REACH, deviations || 0)) / REACH + 1) / 2;
}
