// Rows that are shown in an order of the reader's choice: moved, hidden and added by buttons.

import { button, element, refill } from "./dom.js";

/** Some of many rows; each row has a `root`, a place for `controls`, and a `way` with `key`, `name` and `colour`. */
export class Rows {
  /** `changed(added)` is called after the reader has changed what is shown; `added` is a new row or null. */
  constructor(all, changed) {
    Object.assign(this, { all, changed, shown: [] });
    this.root = element("div", { className: "rows" });
    this.addable = element("div", { className: "buttons" });
    this.adding = element("div", { className: "control adding" }, element("span", {}, "Add a row"), this.addable);
    this.said = element("p", { className: "unseen", role: "status" });
    for (const row of all) row.buttons = this.buttonsOf(row);
    for (const row of all) row.controls.append(...Object.values(row.buttons));
  }

  /** The rows of these keys, in their order; unknown ones are left out. Nothing if none is known. */
  named(keys) {
    const rows = [...new Set(keys)].map((key) => this.all.find((row) => row.way.key === key)).filter(Boolean);
    return rows.length ? rows : null;
  }

  get keys() {
    return this.shown.map((row) => row.way.key);
  }

  /** Shows these rows. */
  show(rows) {
    this.shown = rows;
    refill(this.root, ...rows.map((row) => row.root));
    rows.forEach((row, place) => {
      row.buttons.up.disabled = place === 0;
      row.buttons.down.disabled = place === rows.length - 1;
      row.buttons.hide.disabled = rows.length === 1;
    });
    this.adders = this.all.filter((row) => !rows.includes(row)).map((row) => {
      const add = button("", () => this.add(row), { className: "class" });
      add.append(element("span", { className: "dot", style: `background:${row.way.colour}` }), row.way.name);
      return { row, add };
    });
    refill(this.addable, ...this.adders.map(({ add }) => add));
    this.adding.hidden = !this.adders.length;
  }

  buttonsOf(row) {
    const one = (sign, verb, press) => button(sign, press, { title: verb, "aria-label": `${verb}: ${row.way.name}` });
    return {
      up: one("↑", "Move up", () => this.move(row, -1)),
      down: one("↓", "Move down", () => this.move(row, 1)),
      hide: one("×", "Hide", () => this.hide(row)),
    };
  }

  move(row, by) {
    const rows = this.shown.filter((other) => other !== row);
    const place = this.shown.indexOf(row) + by;
    rows.splice(place, 0, row);
    this.show(rows);
    // A row that was taken out and put back has lost the focus; at the end of its way the other button has it.
    const { up, down } = row.buttons;
    const [pressed, other] = by < 0 ? [up, down] : [down, up];
    (pressed.disabled ? other : pressed).focus();
    this.said.textContent = `${row.way.name} is row ${place + 1} of ${rows.length}`;
    this.changed(null);
  }

  hide(row) {
    this.show(this.shown.filter((other) => other !== row));
    this.adders.find((adder) => adder.row === row).add.focus();
    this.said.textContent = `${row.way.name} is hidden`;
    this.changed(null);
  }

  add(row) {
    this.show([...this.shown, row]);
    row.buttons.hide.focus();
    this.said.textContent = `${row.way.name} is row ${this.shown.length}`;
    this.changed(row);
  }
}
