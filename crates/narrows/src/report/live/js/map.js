// The latent map: test images as points, in a plane through their codes. One point of the plane is marked by a cross; what is
// decoded, the nearest test image and the next nearest all belong to that point's code.

import { codesOf } from "./codes.js";
import { classColour, onTheme } from "./colours.js";
import { button, choice, element, onFrame, segments } from "./dom.js";
import { gestures } from "./gestures.js";
import { paintMarks } from "./marks.js";
import { Near } from "./near.js";
import { codeAt, describePlane, extent, project } from "./plane.js";
import { paintPoints } from "./points.js";
import { View } from "./view.js";

/** What an arrow key moves the point by, in pixels, and with Shift. */
const STRIDE = 8;
const LONG_STRIDE = 40;
/** How near to the edge of the map an arrow key may take the point before the map moves along, in pixels. */
const EDGE = 24;

export function map(study) {
  const view = new View();
  const hidden = new Set();
  const near = new Near(study.image);
  const canvas = element("canvas", {
    className: "plane", tabIndex: 0, role: "application", id: "plane", "aria-describedby": "map-keys",
    "aria-label": "Map of the codes. Arrow keys move the cross, plus and minus magnify.",
  });
  const base = document.createElement("canvas");
  const plane = element("p", { className: "caption", id: "map-state", role: "status" });
  const follow = button("follows the mouse", () => follows(follow.getAttribute("aria-pressed") !== "true"),
    { id: "map-follow", className: "only-mouse" });
  const models = choice("Model", study.models.map((m) => [m.index, m.name]), (index) => load(study.models[index]));
  const legend = study.classes.map((label, index) => classButton(label, index, hidden, () => {
    redraw();
    look(point);
  }));
  let dragging = "cross";
  const drags = segments("What dragging moves", [["cross", "the cross"], ["map", "the map"]], (what) => {
    dragging = what;
    canvas.dataset.dragging = what;
  }, dragging);
  // Which model is shown, the codes of the set of images, where they stand, and the rows that are nearest to the point.
  let [model, set, codes, points, rows] = [null, null, null, null, []];
  let point = [0, 0];

  const control = (title, ...inside) => element("div", { className: "control" }, element("span", {}, title), ...inside);
  const root = element(
    "div", { className: "map" },
    element("p", { className: "lead" },
      "Each dot is a test image, where the model’s encoder puts it. Move the cross over the map: the decoder draws what lies \
there, also where no image is. ",
      element("span", { className: "only-mouse" },
        "The cross follows the mouse until you click.")),
    element("div", { className: "toolbar" },
      models.root,
      control("Dragging moves", drags.root),
      element("div", { className: "control only-mouse" }, element("span", {}, "The cross"), follow),
      control("Zoom", element("div", { className: "buttons" },
        button("+", () => zoom(1.5), { "aria-label": "Zoom in" }),
        button("−", () => zoom(1 / 1.5), { "aria-label": "Zoom out" }), button("All", all))),
      legend.length ? control("Classes", element("div", { className: "buttons classes" }, ...legend)) : null),
    element("div", { className: "map-columns" }, canvas, near.root,
      element("div", { className: "notes" }, plane,
        element("p", { className: "caption", id: "map-keys" },
          "With keys: press Tab until the map has a frame. The arrow keys move the cross, with Shift in larger steps; plus and \
minus magnify. Dragging with Shift held, or with two fingers, moves the map."))));

  async function load(next, at = null) {
    [model, codes, points, rows] = [next, null, null, []];
    models.select.value = String(next.index);
    set = await study.test;
    const found = await codesOf(next, set, (share) => {
      if (model === next) plane.textContent = `Encoding ${set.rows.toLocaleString("en")} images: ${Math.round(100 * share)} %`;
    });
    if (model !== next) return;
    if (next.plane.share === null) {
      plane.textContent = "The codes of this model are no finite numbers, so there is nothing to show.";
      return;
    }
    codes = found;
    points = project(codes, model.plane);
    const shown = set.rows < set.all ? `${set.rows.toLocaleString("en")} of ${set.all.toLocaleString("en")}` : `All ${set.all}`;
    plane.textContent = `${shown} test images. ${describePlane(model.latent, model.plane)}`;
    all();
    look(at ?? [view.x, view.y]);
  }

  /** Moves the point: everything that is shown belongs to it. */
  function look(at) {
    if (!points) return;
    point = at;
    decode();
    part.onchange?.();
  }

  const decode = onFrame(() => {
    if (!points) return;
    const code = codeAt(model.plane, point);
    rows = near.show(model, code, point, set, codes, (row) => !set.labels || !hidden.has(set.labels[row]));
    paintTop();
  });

  function all() {
    if (!points) return;
    view.fit(extent(points, 0), extent(points, 1));
    redraw();
  }

  function zoom(factor, at) {
    view.zoom(factor, ...(at ?? view.toScreen(...point)));
    redraw();
  }

  function pan(right, down) {
    view.pan(right, down);
    redraw();
  }

  /** Whether the point goes where the mouse is, also while its button is up. */
  function follows(yes) {
    follow.setAttribute("aria-pressed", String(yes));
  }

  const redraw = onFrame(() => {
    if (!points) return;
    base.width = canvas.width;
    base.height = canvas.height;
    paintPoints(base.getContext("2d"), view, points, set, study.classes, hidden);
    paintTop();
  });

  function paintTop() {
    const context = canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.drawImage(base, 0, 0);
    context.scale(devicePixelRatio, devicePixelRatio);
    paintMarks(context, view, point, points, rows);
  }

  gestures(canvas, {
    pans: () => dragging === "map",
    hover: (at) => follow.getAttribute("aria-pressed") === "true" && look(view.toPlane(...at)),
    press: (at) => {
      follows(false);
      look(view.toPlane(...at));
    },
    pan, zoom,
  });
  canvas.onkeydown = (event) => {
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (ways[event.key]) step(ways[event.key], event.shiftKey ? LONG_STRIDE : STRIDE);
    else if (event.key === "+" || event.key === "=") zoom(1.25);
    else if (event.key === "-") zoom(1 / 1.25);
    else return;
    event.preventDefault();
  };

  function step([right, down], stride) {
    const [left, top] = view.toScreen(...point);
    follows(false);
    look(view.toPlane(left + right * stride, top + down * stride));
    if (!view.shows(left + right * stride, top + down * stride, -EDGE)) pan(-right * stride, -down * stride);
  }

  new ResizeObserver(() => {
    const { width, height } = canvas.getBoundingClientRect();
    if (!width) return;
    canvas.width = Math.round(width * devicePixelRatio);
    canvas.height = Math.round(height * devicePixelRatio);
    view.resize(width, height);
    redraw();
  }).observe(canvas);
  onTheme(redraw);
  canvas.dataset.dragging = dragging;
  follows(true);

  const part = {
    id: "map", title: "Latent map", root,
    /** Called when what `state` says may have changed. */
    onchange: null,
    /** Which model is shown and where the point is: names and numbers that an address can hold. */
    state: () => ({ model: (model ?? best(study.models)).name, at: point }),
    /** Takes back what `state` said; what it does not know or cannot be is left as it would be without. */
    restore({ model: name, at }) {
      const known = study.models.find((m) => m.name === name) ?? best(study.models);
      const place = Array.isArray(at) && at.length === 2 && at.every(Number.isFinite) ? at : null;
      if (place) follows(false);
      load(known, place);
    },
    show() {
      if (!model) load(best(study.models));
    },
  };
  return part;
}

function best(models) {
  return models.reduce((best, m) => ((m.test_error ?? Infinity) < (best.test_error ?? Infinity) ? m : best));
}

/** A button that shows or hides a class. */
function classButton(label, index, hidden, changed) {
  const dot = element("span", { className: "dot" });
  const paint = () => (dot.style.background = classColour(index));
  paint();
  onTheme(paint);
  const one = button("", () => {
    if (!hidden.delete(label)) hidden.add(label);
    one.setAttribute("aria-pressed", String(!hidden.has(label)));
    changed();
  }, { "aria-pressed": "true", className: "class", title: `Show or hide class ${label}` });
  one.append(dot, String(label));
  return one;
}
