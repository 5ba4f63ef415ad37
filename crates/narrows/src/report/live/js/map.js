// The latent map: test images as points, in the plane of the codes' first two principal directions.

import { codesOf, nearest } from "./codes.js";
import { classColour, onTheme, styleColour } from "./colours.js";
import { button, choice, element, onFrame, refill, segments } from "./dom.js";
import { titleOf } from "./images.js";
import { Picture } from "./picture.js";
import { paintPoints } from "./points.js";
import { View } from "./view.js";

/** How far from a point the cursor may be to mean it, in pixels. */
const REACH = 14;
/** What an arrow key moves the probe by, in pixels. */
const STRIDE = 8;
const NEIGHBOURS = 8;

export function map(study) {
  const canvas = element("canvas", {
    className: "plane", tabIndex: 0, role: "application", id: "plane",
    "aria-label": "Map of the codes. Arrow keys move the probe, plus and minus zoom, Enter shows the nearest images.",
  });
  const context = canvas.getContext("2d");
  const base = document.createElement("canvas");
  const view = new View();
  const hidden = new Set();
  let model = study.models.reduce((best, m) => ((m.test_error ?? 1e9) < (best.test_error ?? 1e9) ? m : best));
  let mode = "decode";
  let set = null;
  let codes = null;
  let points = null;
  // The probe in units of the plane, the point under the cursor, and the point whose neighbours are shown.
  let [probe, under, chosen] = [null, null, null];

  const decoded = new Picture(study.image, "Decoded from the map");
  const original = new Picture(study.image, "Nearest image", 80);
  const rebuilt = new Picture(study.image, "Its reconstruction", 80);
  const where = element("output", { id: "map-where" });
  const what = element("output", { className: "caption", id: "map-what" });
  const state = element("p", { className: "caption", role: "status" });
  const neighbours = element("div", { className: "neighbours", id: "map-neighbours" });
  const models = choice("Model", study.models.map((m) => [m.index, m.name]), (index) => load(study.models[index]), model.index);
  const modes = segments("What dragging does", [["decode", "decode"], ["pan", "move"]], (m) => {
    mode = m;
    canvas.dataset.mode = m;
  }, mode);
  const legend = study.classes.map((label, index) => {
    const one = button("", () => {
      if (!hidden.delete(label)) hidden.add(label);
      one.setAttribute("aria-pressed", String(!hidden.has(label)));
      redraw();
    }, { "aria-pressed": "true", className: "class", title: `Show or hide class ${label}` });
    const dot = element("span", { className: "dot" });
    const paint = () => (dot.style.background = classColour(index));
    paint();
    onTheme(paint);
    one.append(dot, String(label));
    return one;
  });

  const root = element(
    "div", { className: "map" },
    element("p", { className: "lead" },
      "Each point is a test image, where the model’s encoder puts it. Drag across the map: the decoder draws what lies under \
the cursor, also between the points."),
    element("div", { className: "toolbar" },
      models.root,
      element("div", { className: "control" }, element("span", {}, "Dragging"), modes.root),
      element("div", { className: "control" }, element("span", {}, "Zoom"),
        element("div", { className: "buttons" },
          button("+", () => zoomed(1.5), { "aria-label": "Zoom in" }),
          button("−", () => zoomed(1 / 1.5), { "aria-label": "Zoom out" }), button("All", all))),
      legend.length ? element("div", { className: "control" }, element("span", {}, "Classes"),
        element("div", { className: "buttons classes" }, ...legend)) : null),
    element("div", { className: "columns" },
      element("div", { className: "stage" },
        element("div", { className: "plane-place" }, canvas,
          element("figure", { className: "decoded" }, decoded.canvas,
            element("figcaption", {}, "decoded at ", where))),
        state),
      element("div", { className: "column side" },
        element("h3", {}, "Nearest image"),
        element("div", { className: "pair" },
          element("figure", { className: "thumb" }, original.canvas, element("figcaption", {}, "image")),
          element("figure", { className: "thumb" }, rebuilt.canvas, element("figcaption", {}, "reconstruction"))), what,
        element("h3", {}, "Its neighbours in the latent space"), neighbours,
        element("p", { className: "caption" }, "Click the map to see those of another point."))));

  async function load(next) {
    model = next;
    codes = points = under = chosen = probe = null;
    set = await study.test;
    const all_codes = await codesOf(next, set, (share) => {
      if (model === next) state.textContent = `Encoding ${set.rows.toLocaleString("en")} images: ${Math.round(100 * share)} %`;
    });
    if (model !== next) return;
    codes = all_codes;
    points = project(codes, model);
    state.textContent = describe();
    all();
    look([view.x, view.y]);
    const middle = view.toScreen(...probe);
    hover(...middle, Infinity);
    choose(...middle);
  }

  function describe() {
    const count = `${set.rows.toLocaleString("en")} of ${set.all.toLocaleString("en")} test images`;
    if (model.latent <= 2) return `${count}; the axes are the latents themselves.`;
    const share = Math.round(100 * model.plane.share);
    return `${count}; the plane of the first two principal directions holds ${share} % of the codes’ variance.`;
  }

  function all() {
    if (!points) return;
    view.fit(middle(points, 0), middle(points, 1));
    redraw();
  }

  function zoomed(factor, left, top) {
    view.zoom(factor, left, top);
    redraw();
  }

  const redraw = onFrame(() => {
    if (!points) return;
    base.width = canvas.width;
    base.height = canvas.height;
    paintPoints(base.getContext("2d"), view, points, set, study.classes, hidden);
    drawTop();
  });
  const redrawTop = onFrame(() => points && drawTop());

  function drawTop() {
    const ratio = devicePixelRatio;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.drawImage(base, 0, 0);
    context.scale(ratio, ratio);
    const ink = styleColour("--ink");
    for (const [row, radius] of [[chosen, 8], [under, 6]]) {
      if (row === null) continue;
      const [left, top] = view.toScreen(points[2 * row], points[2 * row + 1]);
      context.beginPath();
      context.arc(left, top, radius, 0, 7);
      context.strokeStyle = ink;
      context.lineWidth = 2;
      context.stroke();
    }
    if (probe) {
      const [left, top] = view.toScreen(...probe);
      context.strokeStyle = ink;
      context.lineWidth = 1.5;
      context.beginPath();
      for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
        context.moveTo(left + 4 * dx, top + 4 * dy);
        context.lineTo(left + 12 * dx, top + 12 * dy);
      }
      context.stroke();
    }
  }

  /** Decodes a point of the plane. */
  function look(at) {
    probe = at;
    const { mean, first, second } = model.plane;
    const code = Float32Array.from(mean, (m, i) => m + at[0] * first[i] + at[1] * second[i]);
    decoded.paint(model.decode(code));
    where.textContent = `${at[0].toFixed(2)}, ${at[1].toFixed(2)}`;
    redrawTop();
  }

  /** The point near a place of the screen, or null. */
  function near(left, top, reach = REACH) {
    let [best, least] = [null, reach * reach];
    for (let row = 0; row < set.rows; row++) {
      if (set.labels && hidden.has(set.labels[row])) continue;
      const [x, y] = view.toScreen(points[2 * row], points[2 * row + 1]);
      const distance = (x - left) ** 2 + (y - top) ** 2;
      if (distance < least) [best, least] = [row, distance];
    }
    return best;
  }

  function hover(left, top, reach) {
    const row = near(left, top, reach);
    if (row === under) return;
    under = row;
    if (row !== null) {
      const image = set.at(row);
      original.paintBytes(image.pixels);
      rebuilt.paint(model.reconstruct(image.pixels));
      what.textContent = image.label === null ? image.name : `class ${image.label}, ${image.name}`;
    }
    redrawTop();
  }

  /** The images whose codes lie nearest to that of a point, in all latents, not only in the plane. */
  function choose(left, top) {
    const row = near(left, top, Infinity);
    if (row === null) return;
    chosen = row;
    const latent = model.latent;
    const rows = nearest(codes, codes.subarray(row * latent, (row + 1) * latent), NEIGHBOURS + 1).filter((r) => r !== row);
    refill(neighbours, ...rows.slice(0, NEIGHBOURS).map((r) => {
      const image = set.at(r);
      const picture = new Picture(study.image, `${image.name}: ${titleOf(image)}`, 56);
      picture.paintBytes(image.pixels);
      return element("figure", { className: "thumb" }, picture.canvas, element("figcaption", {}, titleOf(image)));
    }));
    redrawTop();
  }

  const fingers = new Map();
  let moved = 0;
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.x, event.clientY - box.y];
  };
  canvas.onpointerdown = (event) => {
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, place(event));
    moved = 0;
    if (points && fingers.size === 1 && mode === "decode") look(view.toPlane(...place(event)));
  };
  canvas.onpointermove = (event) => {
    if (!points) return;
    const [left, top] = place(event);
    const before = fingers.get(event.pointerId);
    if (!before) return hover(left, top);
    moved += Math.hypot(left - before[0], top - before[1]);
    fingers.set(event.pointerId, [left, top]);
    if (fingers.size === 2) {
      // Two fingers move and magnify at once.
      const other = [...fingers].find(([id]) => id !== event.pointerId)[1];
      const spread = (at) => Math.hypot(at[0] - other[0], at[1] - other[1]) || 1;
      view.zoom(spread([left, top]) / spread(before), ...other);
      view.pan((left - before[0]) / 2, (top - before[1]) / 2);
      redraw();
    } else if (mode === "pan" || event.shiftKey) {
      view.pan(left - before[0], top - before[1]);
      redraw();
    } else {
      look(view.toPlane(left, top));
      hover(left, top, Infinity);
    }
  };
  const lift = (event) => {
    if (points && fingers.size === 1 && moved < 4) choose(...place(event));
    fingers.delete(event.pointerId);
  };
  canvas.onpointerup = lift;
  canvas.onpointercancel = (event) => fingers.delete(event.pointerId);
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoomed(Math.exp(-event.deltaY * 0.0015), ...place(event));
  }, { passive: false });
  canvas.onkeydown = (event) => {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (!points) return;
    const [left, top] = view.toScreen(...probe);
    if (steps[event.key]) {
      const [x, y] = steps[event.key].map((step) => step * STRIDE);
      look(view.toPlane(left + x, top + y));
      hover(left + x, top + y, Infinity);
    } else if (event.key === "+" || event.key === "=") zoomed(1.25, left, top);
    else if (event.key === "-") zoomed(1 / 1.25, left, top);
    else if (event.key === "Enter") choose(left, top);
    else return;
    event.preventDefault();
  };

  new ResizeObserver(() => {
    const { width, height } = canvas.getBoundingClientRect();
    if (!width) return;
    canvas.width = Math.round(width * devicePixelRatio);
    canvas.height = Math.round(height * devicePixelRatio);
    view.resize(width, height);
    redraw();
  }).observe(canvas);
  onTheme(redraw);
  canvas.dataset.mode = mode;

  let begun = false;
  return {
    id: "map", title: "Latent map", root,
    show() {
      if (!begun) load(model);
      begun = true;
    },
  };
}

/** Where the codes stand in the model's plane: u, v of each. */
function project(codes, model) {
  const { mean, first, second } = model.plane;
  const latent = model.latent;
  const points = new Float32Array((2 * codes.length) / latent);
  for (let row = 0, at = 0; at < codes.length; row++, at += latent) {
    let [u, v] = [0, 0];
    for (let i = 0; i < latent; i++) {
      const z = codes[at + i] - mean[i];
      u += z * first[i];
      v += z * second[i];
    }
    points[2 * row] = u;
    points[2 * row + 1] = v;
  }
  return points;
}

/** Where nearly all points lie along one axis: a few far outside do not shrink the others. */
function middle(points, axis) {
  const values = points.filter((_, i) => i % 2 === axis).sort();
  const at = (share) => values[Math.round((values.length - 1) * share)];
  const [low, high] = [at(0.002), at(0.998)];
  return low === high ? [low - 1, high + 1] : [low, high];
}
