// Draw: an image of one's own, as each model sees it.

import { codesOf, nearest } from "./codes.js";
import { button, choice, element, onFrame } from "./dom.js";
import { digit } from "./digit.js";
import { Drawn, seenAs } from "./drawn.js";
import { Pad, RADIUS } from "./pad.js";
import { Picture } from "./picture.js";
import { Thumbs } from "./thumbs.js";

/** Nearest training images that are shown. */
const NEIGHBOURS = 8;
/** The sides of images that a thick pen can draw, in pixels. */
const [MIN_SIDE, MAX_SIDE] = [8, 64];

/** Whether images are such that one can draw them by hand: grey, and small enough for a pen to fill. */
export function canDraw({ height, width, channels = 1 }) {
  return channels === 1 && Math.min(height, width) >= MIN_SIDE && Math.max(height, width) <= MAX_SIDE;
}

/** `shared` is what parts tell one another: the last drawing, and how to give it to another part. */
export function draw(study, shared) {
  const pad = new Pad(onFrame(changed));
  const seen = new Picture(study.image, "Your drawing as the models see it", 112);
  const says = study.judge ? element("span", { className: "says", id: "drawing-says" }) : null;
  const drawn = new Drawn(study);
  let model = study.models.reduce((best, m) => ((m.test_error ?? Infinity) < (best.test_error ?? Infinity) ? m : best));
  const by = choice("By the codes of", study.models.map((m) => [m.index, m.name]), (index) => {
    model = study.models[index];
    find();
  }, model.index);
  const alike = new Thumbs(study, "drawn-neighbours", NEIGHBOURS);
  const state = element("p", { className: "caption", role: "status", id: "drawn-state" });
  const hint = element("span", { className: "hint" }, "draw here");
  const uses = ["a", "b"].map((end) => button(`Use as image ${end.toUpperCase()}`, () => use(end)));

  const root = element(
    "div", { className: "draw" },
    element("p", { className: "lead" },
      `Draw an image. The drawing is scaled and centred as MNIST’s digits were. Then every model encodes it, and decodes its \
${study.models.length === 1 ? "code" : "own code"} again.`),
    element("div", { className: "columns" },
      element("div", { className: "column" },
        element("div", { className: "pad-place" }, pad.canvas, hint),
        element("div", { className: "buttons" }, button("Clear", () => pad.clear()), button("Undo", () => pad.undo()),
          button("A test image", example)),
        pad.said,
        element("div", { className: "seen" }, seen.canvas,
          element("div", {}, element("span", { className: "caption" }, "as the models see it"), says, ...uses)),
        element("p", { className: "caption keys", id: "pad-keys" },
          "With keys: press Tab until the pad has a frame. The arrow keys move the pen, with Shift in larger steps. Space puts it \
down or lifts it, Escape lifts it. Backspace takes the last stroke back.")),
      drawn.root,
      element("div", { className: "column wide" },
        element("h3", {}, "Nearest training images"), by.root, alike.root, state)));

  function changed() {
    const pixels = digit(pad.strokes, RADIUS, study.image);
    show(pixels && { values: pixels, label: null, name: "my drawing" });
  }

  async function example() {
    pad.clear();
    show((await study.test).any());
  }

  function show(image) {
    shared.drawing = image;
    for (const one of uses) one.disabled = !image;
    hint.hidden = pad.strokes.length > 0;
    root.classList.toggle("empty", !image);
    seen.paintRow(image ? image.values : new Uint8Array(study.image.width * study.image.height));
    if (says) says.textContent = image ? `the classifier sees ${seenAs(study.judge, brightness(image.values))}` : "";
    drawn.show(image);
    find();
  }

  const find = onFrame(async () => {
    const image = shared.drawing;
    const encoder = model;
    if (!image) {
      alike.show([]);
      state.textContent = "Nothing is drawn yet.";
      return;
    }
    const set = await study.trainingRows();
    const codes = await codesOf(encoder, set, (share) => {
      state.textContent = `Encoding ${set.rows.toLocaleString("en")} training images: ${Math.round(100 * share)} %`;
    });
    if (image !== shared.drawing || encoder !== model) return;
    alike.show(nearest(codes, encoder.encode(image.values), NEIGHBOURS).map((row) => set.at(row)));
    state.textContent = describe(set);
  });

  function use(end) {
    shared.use(end, shared.drawing);
    location.hash = "#interpolate";
  }

  show(null);
  return { id: "draw", title: "Draw", root };
}

/** Bytes as brightness from 0 to 1. */
function brightness(pixels) {
  return Float32Array.from(pixels, (p) => p / 255);
}

/** Among which images the nearest were looked for. */
function describe({ rows, all }) {
  const among = rows < all
    ? `the ${rows.toLocaleString("en")} training images that this page has, spread evenly over all ${all.toLocaleString("en")}`
    : `all ${all.toLocaleString("en")} training images`;
  return `The nearest by the distance between codes, among ${among}.`;
}
