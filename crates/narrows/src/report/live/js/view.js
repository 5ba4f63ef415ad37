// A window onto a plane: which part of it is seen, and where a point of it stands on the screen.

/** How far a view can be magnified. */
const MOST = 60;

/** The plane is measured in its own units, the screen in pixels, y upwards in the one and downwards in the other. */
export class View {
  constructor() {
    Object.assign(this, { x: 0, y: 0, scale: 1, least: 1, width: 1, height: 1 });
  }

  /** Shows all of a box of the plane. */
  fit([left, right], [bottom, top]) {
    this.home = [[left, right], [bottom, top]];
    this.x = (left + right) / 2;
    this.y = (bottom + top) / 2;
    this.scale = this.least = 0.94 * Math.min(this.width / (right - left || 1), this.height / (top - bottom || 1));
  }

  resize(width, height) {
    const grown = Math.min(width / this.width, height / this.height);
    Object.assign(this, { width, height });
    this.scale *= grown;
    this.least *= grown;
  }

  toScreen(x, y) {
    return [this.width / 2 + (x - this.x) * this.scale, this.height / 2 - (y - this.y) * this.scale];
  }

  toPlane(left, top) {
    return [this.x + (left - this.width / 2) / this.scale, this.y - (top - this.height / 2) / this.scale];
  }

  /** Whether a place of the screen is within the window, or at most `margin` pixels outside it. */
  shows(left, top, margin) {
    return left >= -margin && top >= -margin && left <= this.width + margin && top <= this.height + margin;
  }

  /** Magnifies by `factor`, while the point of the plane at a place of the screen stays there. */
  zoom(factor, left = this.width / 2, top = this.height / 2) {
    const [x, y] = this.toPlane(left, top);
    this.scale = Math.max(this.least / 2, Math.min(this.least * MOST, this.scale * factor));
    this.x = x - (left - this.width / 2) / this.scale;
    this.y = y + (top - this.height / 2) / this.scale;
  }

  /** Moves what is seen by so many pixels. */
  pan(right, down) {
    this.x -= right / this.scale;
    this.y += down / this.scale;
  }
}
