// The latent map: test rows as points, in a plane through their codes. One point of the plane is marked by a cross; what is
// decoded, the nearest test image and the next nearest all belong to that point's code.

import { get, numberWithin, set } from "./address.js";
import { Atlas } from "./atlas.js";
import { codesOf } from "./codes.js";
import { onTheme } from "./colours.js";
import { button, choice, element, onFrame, segments, shortened } from "./dom.js";
import { gestures } from "./gestures.js";
import { groupsOf } from "./groups.js";
import { Near } from "./near.js";
import { NearRow } from "./near-row.js";
import { codeAt, describePlane, project } from "./plane.js";

/** What an arrow key moves the cross by, in pixels, and with Shift. */
const STRIDE = 8;
const LONG_STRIDE = 40;
/** How near to the edge of the map an arrow key may take the cross before the map moves along, in pixels. */
const EDGE = 24;

/** Digits of the cross's place in an address, and beyond what no code lies. */
const DIGITS = 2;
const FARTHEST = 1e6;

const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export function map(study) {
  return new LatentMap(study);
}

class LatentMap {
  id = "map";
  title = "Latent map";
  constructor(study) {
    this.study = study;
    this.hidden = new Set();
    this.groups = groupsOf(study.classes);
    this.atlas = new Atlas(this.groups, this.hidden);
    this.near = study.table ? new NearRow(study) : new Near(study);
    this.text = element("p", { className: "caption", id: "map-state", role: "status" });
    // Which model is shown, the codes of the set of images, the cross, and whether it goes where the mouse is.
    Object.assign(this, { model: null, set: null, codes: null, point: [0, 0], dragging: "cross" });
    this.root = element("div", { className: study.table ? "map of-table" : "map" }, lead(study), this.toolbar(),
      element("div", { className: "map-columns" }, this.atlas.canvas, this.near.root,
        element("div", { className: "notes" }, this.text, keys())));
    this.decode = onFrame(() => this.showPoint());
    this.follow(true);
    this.drag("cross");
    this.listen();
  }

  show() {
    if (!this.model) this.load(best(this.study.models));
  }

  /** Keeps in the address which model is shown and where the cross is. */
  remember() {
    set(this.id, "model", this.model.name);
    set(this.id, "at", this.point.map((x) => x.toFixed(DIGITS)).join(","));
  }

  /** Shows what an address says; what it does not say, or says wrongly, is as at the beginning. */
  restore() {
    const said = get(this.id);
    const at = (said.at ?? "").split(",").map((x) => numberWithin(x, -FARTHEST, FARTHEST));
    const place = at.length === 2 && !at.includes(null) ? at : null;
    if (place) this.follow(false);
    this.load(this.study.models.find((model) => model.name === said.model) ?? best(this.study.models), place);
  }

  toolbar() {
    const { study, atlas } = this;
    this.models = choice("Model", study.models.map((m) => [m.index, m.name]), (index) => this.load(study.models[index]));
    this.following = button("follows the mouse", () => this.follow(!this.follows), { id: "map-follow" });
    const drags = segments("What dragging moves", [["cross", "the cross"], ["map", "the map"]], (what) => this.drag(what), "cross");
    const named = this.groups.groups.filter(({ name }) => name !== null);
    const legend = named.map((group, index) => classButton(group, index, this.hidden, () => {
      atlas.redraw();
      this.look(this.point);
    }));
    const control = (title, className, ...inside) =>
      element("div", { className: `control ${className}` }, element("span", {}, title), ...inside);
    return element("div", { className: "toolbar" },
      this.models.root,
      control("Dragging moves", "", drags.root),
      control("The cross", "only-mouse", this.following),
      control("Zoom", "", element("div", { className: "buttons" },
        button("+", () => atlas.zoom(1.5), { "aria-label": "Zoom in" }),
        button("−", () => atlas.zoom(1 / 1.5), { "aria-label": "Zoom out" }), button("All", () => atlas.all()))),
      legend.length ? control("Classes", "", element("div", { className: "buttons classes" }, ...legend)) : null);
  }

  /** Shows another model, with the cross at a point of its plane or in the middle. */
  async load(model, at = null) {
    const { study, atlas } = this;
    Object.assign(this, { model, codes: null });
    this.models.select.value = String(model.index);
    atlas.show(null, null);
    const set = await study.test;
    const codes = await codesOf(model, set, (share) => {
      if (this.model !== model) return;
      this.text.textContent = `Encoding ${set.rows.toLocaleString("en")} ${study.noun}s: ${Math.round(100 * share)} %`;
    });
    if (this.model !== model) return;
    if (model.plane.share === null) {
      this.text.textContent = "The codes of this model are no finite numbers, so there is nothing to show.";
      return;
    }
    Object.assign(this, { set, codes });
    const shown = set.rows < set.all ? `${set.rows.toLocaleString("en")} of ${set.all.toLocaleString("en")}` : `All ${set.all}`;
    this.text.textContent = `${shown} test ${study.noun}s. ${describePlane(model.latent, model.plane, study.noun)}`;
    atlas.show(project(codes, model.plane), set);
    this.look(at ?? [atlas.view.x, atlas.view.y]);
  }

  /** Moves the cross: everything that is shown belongs to it. */
  look(at) {
    if (!this.codes) return;
    this.point = at;
    this.decode();
    this.remember();
  }

  showPoint() {
    const { model, set, codes, point, hidden } = this;
    if (!codes) return;
    const wanted = (row) => !hidden.has(this.groups.of(set.labels?.[row]));
    this.atlas.mark(point, this.near.show(model, codeAt(model.plane, point), point, set, codes, wanted));
  }

  /** Whether the cross goes where the mouse is, also while its button is up. */
  follow(yes) {
    this.follows = yes;
    this.following.setAttribute("aria-pressed", String(yes));
  }

  /** What a drag moves: the cross or the map. */
  drag(what) {
    this.dragging = this.atlas.canvas.dataset.dragging = what;
  }

  listen() {
    const { atlas } = this;
    gestures(atlas.canvas, {
      pans: () => this.dragging === "map",
      hover: (at) => this.follows && this.look(atlas.view.toPlane(...at)),
      press: (at) => {
        this.follow(false);
        this.look(atlas.view.toPlane(...at));
      },
      pan: (right, down) => atlas.pan(right, down),
      zoom: (factor, at) => atlas.zoom(factor, at),
    });
    atlas.canvas.onkeydown = (event) => {
      if (!this.codes) return;
      if (WAYS[event.key]) this.step(WAYS[event.key], event.shiftKey ? LONG_STRIDE : STRIDE);
      else if (event.key === "+" || event.key === "=") atlas.zoom(1.25);
      else if (event.key === "-") atlas.zoom(1 / 1.25);
      else return;
      event.preventDefault();
    };
  }

  step([right, down], stride) {
    const { view } = this.atlas;
    const [left, top] = view.toScreen(...this.point);
    const [x, y] = [left + right * stride, top + down * stride];
    this.follow(false);
    this.look(view.toPlane(x, y));
    if (!view.shows(x, y, -EDGE)) this.atlas.pan(-right * stride, -down * stride);
  }
}

function lead({ table }) {
  return element("p", { className: "lead" },
    table
      ? "Each dot is a test row, where the model’s encoder puts it. Move the cross over the map: beside it stand the values of the nearest \
row, what the model reconstructs of them, and what the decoder makes of the place of the cross. "
      : "Each dot is a test image, where the model’s encoder puts it. Move the cross over the map: the decoder draws what lies \
there, also where no image is. ",
    element("span", { className: "only-mouse" }, "The cross follows the mouse until you click."));
}

function keys() {
  return element("p", { className: "caption", id: "map-keys" },
    "With keys: press Tab until the map has a frame. The arrow keys move the cross, with Shift in larger steps; plus and minus \
magnify. Dragging with Shift held, or with two fingers, moves the map.");
}

function best(models) {
  return models.reduce((best, m) => ((m.test_error ?? Infinity) < (best.test_error ?? Infinity) ? m : best));
}

/** The letters of a class's name on its button. */
const LETTERS = 24;

/** A button that shows or hides a group of classes. */
function classButton({ name, named, colour }, index, hidden, changed) {
  const dot = element("span", { className: "dot" });
  const paint = () => (dot.style.background = colour());
  paint();
  onTheme(paint);
  const one = button("", () => {
    if (!hidden.delete(index)) hidden.add(index);
    one.setAttribute("aria-pressed", String(!hidden.has(index)));
    changed();
  }, { "aria-pressed": "true", className: "class", title: `Show or hide ${named ? "class " : ""}${name}` });
  one.append(dot, shortened(name, LETTERS));
  return one;
}
