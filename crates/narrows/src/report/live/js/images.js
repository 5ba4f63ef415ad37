// Sets of images: bytes, labels, and which rows of the data they are.

/** Some rows of the training or the test set. */
export class ImageSet {
  /** `description` has `rows`, `all` and `labelled`; `reader` is at the first pixel; labels are places in `classNames`. */
  constructor(name, description, features, reader, classNames) {
    Object.assign(this, { name, features, rows: description.rows, all: description.all });
    this.pixels = reader.bytes(description.rows * features);
    this.labels = description.labelled
      ? Array.from(reader.shorts(description.rows), (place) => classNames[place & 0xffff]) : null;
  }

  /** An image with its name. */
  at(row) {
    const pixels = this.pixels.subarray(row * this.features, (row + 1) * this.features);
    const label = this.labels ? this.labels[row] : null;
    return { pixels, label, row, name: `${this.name}#${Math.floor((row * this.all) / this.rows)}` };
  }

  /** The image that is row `index` of the whole set; null where the page does not carry it. */
  find(index) {
    const row = Math.ceil((index * this.rows) / this.all);
    return row < this.rows && Math.floor((row * this.all) / this.rows) === index ? this.at(row) : null;
  }

  /** A row at random, of one class if one is given. */
  any(label = null) {
    const rows = [];
    for (let row = 0; row < this.rows; row++) {
      if (label === null || this.labels[row] === label) rows.push(row);
    }
    return rows.length ? this.at(rows[Math.floor(Math.random() * rows.length)]) : null;
  }
}

/** What an address calls an image: test-42 is row 42 of the test set. */
export function keyOf(image) {
  return image.name.replace("#", "-").replaceAll(" ", "-");
}

/** The image of a key; null where the page has none. */
export async function findImage(study, key) {
  if (!key) return null;
  const near = [...study.pairs.flat(), ...study.originals].find((image) => keyOf(image) === key);
  if (near) return near;
  const [, name, index] = /^(test|train)-(\d{1,9})$/.exec(key) ?? [];
  if (!name) return null;
  const set = await (name === "test" ? study.test : study.trainingImages());
  return set.find(Number(index));
}

/** A name that says class and row, such as `class 7, train#15`. */
export function fullNameOf(image) {
  return image.label === null || image.label === undefined ? image.name : `class ${image.label}, ${image.name}`;
}

/** What to call an image: its class if it has one, else its row. */
export function titleOf(image) {
  return image.label === null || image.label === undefined ? image.name : String(image.label);
}
