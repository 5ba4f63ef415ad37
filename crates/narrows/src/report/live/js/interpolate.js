// Interpolate: from image A to image B, or from row A to row B, through each model's latent space,
// decoder(λ·encoder(B) + (1 − λ)·encoder(A)).

import { get, joined, numberWithin, separated, set } from "./address.js";
import { csv } from "./csv.js";
import { findImage, keyOf, titleOf } from "./data.js";
import { button, element, onFrame, shortened } from "./dom.js";
import { onScale } from "./errors.js";
import { blendOf, lambdaOf, STEPS, throughModel } from "./path.js";
import { Picker } from "./picker.js";
import { PicturePath } from "./picture-path.js";
import { Player } from "./player.js";
import { Rows } from "./rows.js";
import { save } from "./save.js";
import { stripCanvas } from "./strip.js";
import { TablePath } from "./table-path.js";
import { Values } from "./values.js";

const ID = "interpolate";
/** What an arrow key moves λ by; Page Up and Page Down take ten times as much. */
const STEP = 0.01;
const MIDDLE = 0.5;
/** The letters of a class on the button of a pair. */
const LETTERS = 24;

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
  const paths = [blendOf(study), ...study.models.map(throughModel)].map((way) => (study.table ? new TablePath(study, way) : new PicturePath(study, way, go)));
  const compared = study.compared && [0, ...study.compared.map((index) => index + 1)].map((place) => paths[place]);
  const rows = new Rows(paths, (added) => {
    if (added) added.between(ends.a, ends.b);
    draw();
    remember();
  });
  const values = study.table ? new Values(study.columns, { id: "lambda-values", label: "Values at λ" }) : null;
  const noun = `${study.noun[0].toUpperCase()}${study.noun.slice(1)}`;
  const pickers = Object.fromEntries([["a", "A", "0"], ["b", "B", "1"]].map(([end, letter, at]) => [end, new Picker(study, {
    id: `end-${end}`, label: `${noun} ${letter}, λ = ${at}`, fixed: study.pairs.flat(), fixedLabel: `${noun}s of the pairs`,
    drawing: shared.draws ? () => shared.drawing : null, chosen: (image) => choose({ ...ends, [end]: image }),
  })]));
  const root = element(
    "div", { className: study.table ? "interpolate of-table" : "interpolate" },
    element("p", { className: "lead" },
      `Drag λ to go from ${study.noun} A to ${study.noun} B. Each model shows `, formula(),
      study.table
        ? "; the blend mixes the two rows themselves. A thin line is a row on the way, the palest at A; the thick line is the row at λ. \
Up is above a column’s mean over the training set, in standard deviations."
        : "; the pixel blend mixes the two images themselves."),
    toolbar(),
    element("div", { className: "paths", id: "paths" },
      element("div", { className: "path head" },
        element("label", { className: "name", htmlFor: "lambda" }, "λ"), value,
        element("div", { className: "along" }, lambda)),
      rows.root),
    values && element("h3", {}, "Values at λ, in the units of the data"), values?.root,
    study.judge && !study.table ? element("p", { className: "caption explain-curve" },
      "The line under each strip shows how sure a classifier is of its most likely class: it was trained on real images only, \
and is less sure where an image looks like no single class.") : null,
    rows.adding, rows.said);

  function toolbar() {
    const pairs = study.pairs.map(([from, to]) => button([from, to].map((end) => shortened(titleOf(end), LETTERS)).join(" → "), () => choose({ a: from, b: to })));
    return element("div", { className: "toolbar" },
      element("div", { className: "ends" }, pickers.a.root, pickers.b.root),
      element("div", { className: "control" }, element("span", {}, "Pairs"),
        element("div", { className: "buttons", id: "pairs" }, ...pairs,
          button("⇄", () => choose({ a: ends.b, b: ends.a }), { "aria-label": "Swap A and B", title: "Swap A and B", id: "swap" }))),
      element("div", { className: "buttons last" }, player.button,
        study.table
          ? button("Save as CSV", saveValues, { id: "save-values", title: "Save the values on every way that is shown, in the units of the data" })
          : button("Save as PNG", saveStrip, { id: "save-strip", title: "Save the rows that are shown as one picture" })));
  }

  const drawSoon = onFrame(() => {
    const at = Number(lambda.value);
    value.textContent = at.toFixed(2);
    root.style.setProperty("--lambda", at);
    for (const row of rows.shown) row.show(at);
    values?.show(["A", ...rows.shown.map((row) => row.way.name), "B"], [ends.a.values, ...rows.shown.map((row) => row.at(at)), ends.b.values]);
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

  function saveValues() {
    const steps = Array.from({ length: STEPS }, (_, step) => lambdaOf(step));
    const lines = rows.shown.flatMap((row) => steps.map((at) => [row.way.name, at.toFixed(2), ...Array.from(row.at(at), String)]));
    const text = csv([["model", "lambda", ...study.columns.map(({ name }) => name)], ...lines]);
    save(new Blob([text], { type: "text/csv;charset=utf-8" }), "interpolation.csv");
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
