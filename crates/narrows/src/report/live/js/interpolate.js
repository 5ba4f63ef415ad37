// Interpolate: from one image to another through each model's latent space,
// decoder(λ·encoder(A) + (1 − λ)·encoder(B)).

import { modelColour } from "./colours.js";
import { button, choice, element, onFrame, svg } from "./dom.js";
import { titleOf } from "./images.js";
import { blend } from "./model.js";
import { Picture } from "./picture.js";

/** Images in a film strip, both ends among them. */
const STEPS = 10;
/** Where a curve of probabilities is measured. */
const SAMPLES = 37;
/** What playing from one end to the other takes, in milliseconds. */
const DURATION = 4000;
/** A part of λ that an arrow key moves by; with Page Up and Page Down, the browser takes ten. */
const STEP = 0.01;

export function interpolate(study, desk) {
  const ends = { a: null, b: null };
  const rows = [pixelBlend(), ...study.models.map(ofModel)].map((way) => new Row(study, way, go));

  const lambda = element("input", {
    type: "range", min: 0, max: 1, step: STEP, value: 0.5, className: "lambda", id: "lambda", oninput: moved,
  });
  const value = element("output", { className: "value", htmlFor: "lambda" });
  const play = button("Play", toggle, { className: "primary", id: "play" });
  const pickers = { b: new Picker(study, desk, "B", "λ = 0", set), a: new Picker(study, desk, "A", "λ = 1", set) };
  const presets = study.pairs.map((pair) =>
    button(`${titleOf(pair[1])} → ${titleOf(pair[0])}`, () => {
      setBoth(pair[0], pair[1]);
      for (const picker of Object.values(pickers)) picker.select.value = "";
    }),
  );
  const root = element(
    "div", { className: "interpolate" },
    element("p", { className: "lead" },
      "Choose two images and drag λ. Every model decodes ", element("code", {}, "λ·encoder(A) + (1 − λ)·encoder(B)"),
      " as you go; the pixel blend mixes the images themselves.",
      study.judge ? " The line under a strip is how sure a classifier is that has seen real images only: it falls where the classifier is torn between classes." : null),
    element("div", { className: "toolbar" },
      element("div", { className: "ends" }, pickers.b.root, element("span", { className: "arrow", ariaHidden: "true" }, "→"),
        pickers.a.root),
      presets.length ? element("div", { className: "control" }, element("span", {}, "Pairs"),
        element("div", { className: "buttons" }, ...presets)) : null,
      element("div", { className: "control" }, element("span", {}, "Animate"), play)),
    element("div", { className: "paths", id: "paths" },
      element("div", { className: "path head" },
        element("label", { className: "name", htmlFor: "lambda" }, "λ"), value,
        element("div", { className: "along" }, lambda)),
      ...rows.map((row) => row.root)));

  const draw = onFrame(() => {
    const at = Number(lambda.value);
    value.textContent = at.toFixed(2);
    root.style.setProperty("--lambda", at);
    for (const row of rows) row.show(at);
  });

  function moved() {
    pause();
    draw();
  }

  function go(at) {
    lambda.value = at;
    moved();
  }

  function set(end, image) {
    ends[end] = image;
    pickers[end].show(image);
    if (!(ends.a && ends.b)) return;
    for (const row of rows) row.between(ends.a, ends.b);
    draw();
  }

  function setBoth(a, b) {
    ends.b = null;
    set("a", a);
    set("b", b);
  }

  let playing = null;
  function toggle() {
    if (playing) return pause();
    play.textContent = "Pause";
    let direction = Number(lambda.value) >= 1 ? -1 : 1;
    let before = performance.now();
    const frame = (now) => {
      const next = Number(lambda.value) + (direction * (now - before)) / DURATION;
      // Steps of the slider are coarser than a frame: what is left of one waits for the next.
      if (Math.abs(next - Number(lambda.value)) >= STEP) {
        lambda.value = next;
        before = now;
        draw();
      }
      if (next >= 1) direction = -1;
      if (next <= 0) direction = 1;
      playing = requestAnimationFrame(frame);
    };
    playing = requestAnimationFrame(frame);
  }

  function pause() {
    if (playing) cancelAnimationFrame(playing);
    playing = null;
    play.textContent = "Play";
  }

  if (study.pairs.length) setBoth(study.pairs[0][0], study.pairs[0][1]);
  else setBoth(study.originals[0], study.originals[study.originals.length - 1]);
  desk.use = (end, image) => {
    pickers[end].select.value = "drawn";
    set(end, image);
  };
  return { id: "interpolate", title: "Interpolate", root, hide: pause };
}

/** The picture of one end, and how to choose another. */
class Picker {
  constructor(study, desk, letter, where, set) {
    const end = letter.toLowerCase();
    const options = [
      ["", "of the pair"],
      ["any", "any test image"],
      ...study.classes.map((label) => [label, `a ${label}`]),
      ["drawn", "my drawing"],
    ];
    const pick = async () => {
      const chosen = this.select.value;
      if (chosen === "drawn") {
        if (desk.drawing) set(end, desk.drawing);
        else location.hash = "#draw";
      } else if (chosen !== "") {
        const image = (await study.test).any(chosen === "any" ? null : chosen);
        if (image) set(end, image);
      }
    };
    const { root, select } = choice(`Image ${letter}, ${where}`, options, pick, "");
    this.select = select;
    this.letter = letter;
    this.picture = new Picture(study.image, `Image ${letter}`, 56);
    this.caption = element("span", { className: "caption" });
    const again = button("Another", () => {
      if (select.value === "" || select.value === "drawn") select.value = "any";
      pick();
    });
    this.root = element("div", { className: "picker", id: `end-${end}` }, this.picture.canvas,
      element("div", {}, root, element("div", { className: "buttons" }, again, this.caption)));
  }

  show(image) {
    this.picture.paintBytes(image.pixels);
    this.picture.label = `Image ${this.letter}: ${titleOf(image)}`;
    this.caption.textContent = image.name;
  }
}

/** The images themselves, mixed. */
function pixelBlend() {
  return {
    name: "pixel blend", note: "no model", colour: "var(--muted)",
    encode: (pixels) => Float32Array.from(pixels, (p) => p / 255),
    decode: (mixed) => mixed,
  };
}

function ofModel(model) {
  return {
    name: model.name,
    note: model.test_error === null ? model.description : `test error ${model.test_error.toFixed(4)}`,
    colour: modelColour(model.index),
    encode: (pixels) => model.encode(pixels),
    decode: (code) => model.decode(code),
  };
}

/** One way between the ends: the picture at λ, and ten steps of the way. */
class Row {
  constructor(study, way, go) {
    this.way = way;
    this.judge = study.judge;
    this.live = new Picture(study.image, `${way.name} at λ`);
    this.strip = Array.from({ length: STEPS }, () => new Picture(study.image, ""));
    const cells = this.strip.map((picture, i) => {
      const at = i / (STEPS - 1);
      // For the hand alone: the keyboard has the slider, which does the same.
      return element("button", {
        type: "button", className: "step", tabIndex: -1, title: `λ = ${at.toFixed(2)}`, onclick: () => go(at),
        "aria-label": `${way.name}, λ = ${at.toFixed(2)}`,
      }, picture.canvas);
    });
    this.curve = study.judge ? svg("svg", { viewBox: "0 0 100 28", preserveAspectRatio: "none", class: "sure", role: "img" }) : null;
    this.says = study.judge ? element("span", { className: "says" }) : null;
    this.root = element(
      "div", { className: "path", style: `--colour:${way.colour}`, role: "group", "aria-label": way.name },
      element("div", { className: "name" },
        element("strong", {}, way.name), element("span", { className: "note-small" }, way.note), this.says),
      element("div", { className: "now" }, this.live.canvas),
      element("div", { className: "along" },
        element("div", { className: "strip" }, ...cells),
        this.curve && element("div", { className: "sure-place" }, element("span", {}, "100 %"), element("span", {}, "0"), this.curve),
        element("div", { className: "marker", ariaHidden: "true" })));
    this.root.dataset.model = way.name;
  }

  between(a, b) {
    this.codes = [this.way.encode(a.pixels), this.way.encode(b.pixels)];
    this.strip.forEach((picture, i) => picture.paint(this.at(i / (STEPS - 1))));
    if (this.judge) this.drawCurve();
  }

  at(lambda) {
    return this.way.decode(blend(this.codes[0], this.codes[1], lambda));
  }

  show(lambda) {
    const image = this.at(lambda);
    this.live.paint(image);
    if (this.judge) {
      const probabilities = this.judge.probabilities(image);
      const best = probabilities.indexOf(Math.max(...probabilities));
      this.says.textContent = `seen as ${this.judge.classes[best]}, ${Math.round(100 * probabilities[best])} % sure`;
    }
  }

  /** The highest class probability along the way: it falls where the classifier is torn between classes. */
  drawCurve() {
    const sure = Array.from({ length: SAMPLES }, (_, i) =>
      Math.max(...this.judge.probabilities(this.at(i / (SAMPLES - 1)))));
    // From the middle of the first picture to that of the last, as the marker.
    const points = sure.map((p, i) => `${(5 + (90 * i) / (SAMPLES - 1)).toFixed(2)},${(27 - 26 * p).toFixed(2)}`);
    const low = Math.min(...sure);
    this.curve.setAttribute("aria-label", `certainty along the way: at least ${Math.round(100 * low)} %`);
    this.curve.replaceChildren(
      svg("line", { x1: 5, x2: 95, y1: 1, y2: 1, class: "grid" }),
      svg("line", { x1: 5, x2: 95, y1: 27, y2: 27, class: "grid" }),
      svg("polyline", { points: points.join(" ") }));
  }
}
