// Playing: λ goes to and fro by itself.

import { button } from "./dom.js";

/** What one way takes, in milliseconds. */
const DURATION = 4000;

/** Moves a slider from 0 to 1; `draw` follows every move, `ended` its end. */
export class Player {
  constructor(slider, draw, ended) {
    Object.assign(this, { slider, draw, ended, playing: null });
    this.button = button("Play", () => (this.playing ? this.pause() : this.play()), { className: "primary", id: "play" });
  }

  play() {
    this.button.textContent = "Pause";
    let direction = Number(this.slider.value) >= 1 ? -1 : 1;
    let before = performance.now();
    const frame = (now) => {
      const next = Number(this.slider.value) + (direction * (now - before)) / DURATION;
      // Steps of the slider are coarser than a frame: what is left of one waits for the next.
      if (Math.abs(next - Number(this.slider.value)) >= Number(this.slider.step)) {
        this.slider.value = next;
        before = now;
        this.draw();
      }
      if (next >= 1) direction = -1;
      if (next <= 0) direction = 1;
      this.playing = requestAnimationFrame(frame);
    };
    this.playing = requestAnimationFrame(frame);
  }

  pause() {
    if (!this.playing) return;
    cancelAnimationFrame(this.playing);
    this.playing = null;
    this.button.textContent = "Play";
    this.ended();
  }
}
