// Interpolate: from image A to image B through each model's latent space,
// decoder(λ·encoder(B) + (1 − λ)·encoder(A)).

import { get, joined, numberWithin, separated, set } from "./address.js";
import { button, element, onFrame } from "./dom.js";
import { onScale } from "./errors.js";
import { findImage, keyOf, titleOf } from "./images.js";
import { Path, pixelBlend, throughModel } from "./path.js";
import { Picker } from "./picker.js";
import { Player } from "./player.js";
import { Rows } from "./rows.js";
import { save } from "./save.js";
import { stripCanvas } from "./strip.js";

const ID = "interpolate";
/** What an arrow key moves λ by; Page Up and Page Down take ten times as much. */
const STEP = 0.01;
const MIDDLE = 0.5;

export function interpolate(study, shared) {
  const ends = { a: null, b: null };
  const begin = study.pairs[0] ?? [study.originals[0], study.originals[study.originals.length - 1]];
  // What was asked for last; an image that arrives later than a newer wish is dropped.
  let wish = 0;

  const lambda = element("input", {
    type: "range", min: 0, max: 1, step: STEP, value: MIDDLE, className: "lambda", id: "lambda",
    oninput: () => {
      player.pause();
      draw();
    },
    onchange: remember,
  });
  const value = element("output", { className: "value", htmlFor: "lambda" });
  const player = new Player(lambda, draw, remember);
  const paths = [pixelBlend(), ...study.models.map(throughModel)].map((way) => new Path(study, way, go));
  const compared = study.compared && [0, ...study.compared.map((index) => index + 1)].map((place) => paths[place]);
  const rows = new Rows(paths, (added) => {
    if (added) added.between(ends.a, ends.b);
    draw();
    remember();
  });
  const pickers = Object.fromEntries([["a", "A", "0"], ["b", "B", "1"]].map(([end, letter, at]) => [end, new Picker(study, {
    id: `end-${end}`, label: `Image ${letter}, λ = ${at}`, fixed: study.pairs.flat(), fixedLabel: "Images of the pairs",
    drawing: () => shared.drawing, chosen: (image) => choose({ ...ends, [end]: image }),
  })]));
  const root = element(
    "div", { className: "interpolate" },
    element("p", { className: "lead" },
      "Drag λ to go from image A to image B. Each model shows ", formula(), "; the pixel blend mixes the two images themselves."),
    toolbar(),
    element("div", { className: "paths", id: "paths" },
      element("div", { className: "path head" },
        element("label", { className: "name", htmlFor: "lambda" }, "λ"), value,
        element("div", { className: "along" }, lambda)),
      rows.root),
    study.judge ? element("p", { className: "caption explain-curve" },
      "The line under each strip shows how sure a classifier is of its most likely class: it was trained on real images only, \
and is less sure where an image looks like no single class.") : null,
    rows.adding, rows.said);

  function toolbar() {
    const pairs = study.pairs.map(([from, to]) => button(`${titleOf(from)} → ${titleOf(to)}`, () => choose({ a: from, b: to })));
    return element("div", { className: "toolbar" },
      element("div", { className: "ends" }, pickers.a.root, pickers.b.root),
      element("div", { className: "control" }, element("span", {}, "Pairs"),
        element("div", { className: "buttons", id: "pairs" }, ...pairs,
          button("⇄", () => choose({ a: ends.b, b: ends.a }), { "aria-label": "Swap A and B", title: "Swap A and B", id: "swap" }))),
      element("div", { className: "buttons last" }, player.button,
        button("Save as PNG", saveStrip, { id: "save-strip", title: "Save the rows that are shown as one picture" })));
  }

  const drawSoon = onFrame(() => {
    const at = Number(lambda.value);
    value.textContent = at.toFixed(2);
    root.style.setProperty("--lambda", at);
    for (const row of rows.shown) row.show(at);
  });

  function draw() {
    drawSoon();
  }

  function go(at) {
    player.pause();
    lambda.value = at;
    draw();
    remember();
  }

  /** What the reader has chosen is shown and kept in the address. */
  function choose({ a, b }) {
    wish++;
    between(a, b);
    remember();
  }

  function between(a, b) {
    Object.assign(ends, { a, b });
    pickers.a.show(a);
    pickers.b.show(b);
    for (const row of rows.shown) row.between(a, b);
    draw();
  }

  function remember() {
    set(ID, "from", keyOf(ends.a));
    set(ID, "to", keyOf(ends.b));
    set(ID, "lambda", Number(lambda.value).toFixed(2));
    set(ID, "models", joined(rows.keys));
  }

  /** Shows what an address says; what it does not say, or says wrongly, is as at the beginning. */
  async function restore() {
    const mine = ++wish;
    const state = get(ID);
    rows.show(rows.named(separated(state.models ?? "")) ?? compared ?? paths);
    lambda.value = numberWithin(state.lambda, 0, 1) ?? MIDDLE;
    if (!ends.a) between(...begin);
    const [from, to] = await Promise.all([state.from, state.to].map((key) => findImage(study, key)));
    if (mine === wish) between(from ?? begin[0], to ?? begin[1]);
  }

  function saveStrip() {
    const name = `strip-${titleOf(ends.a)}-${titleOf(ends.b)}`.replace(/[^\w-]+/g, "-");
    stripCanvas(rows.shown, ends.a, ends.b).toBlob((blob) => save(blob, `${name}.png`), "image/png");
  }

  onScale(() => paths.forEach((path) => path.describe()));
  restore();
  shared.use = (end, image) => choose({ ...ends, [end]: image });
  return { id: ID, title: "Interpolate", root, hide: () => player.pause(), restore };
}

/** What every model computes; on a narrow screen it breaks at the plus. */
function formula() {
  const [sum, rest] = ["decoder(λ·encoder(B) +", "(1 − λ)·encoder(A))"].map((part) => element("span", { className: "whole" }, part));
  return element("code", {}, sum, " ", rest);
}
