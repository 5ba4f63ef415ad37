// Sets of rows: images as bytes or rows of a table as numbers, labels, and which rows of the data they are.

/** Some rows of the training or the test set. */
export class RowSet {
  /** `description` has `rows`, `all` and `labelled`; `reader` is at the first value; labels are places in the study's class names. */
  constructor(study, name, description, reader) {
    const classNames = study.class_names;
    Object.assign(this, { name, features: study.features, rows: description.rows, all: description.all });
    this.ids = description.ids ?? null;
    this.values = study.read(reader, description.rows);
    this.labels = description.labelled
      ? Array.from(reader.shorts(description.rows), (place) => classNames[place & 0xffff]) : null;
  }

  /** A row with its name. */
  at(row) {
    const values = this.values.subarray(row * this.features, (row + 1) * this.features);
    const label = this.labels ? this.labels[row] : null;
    return { values, label, row, id: this.ids?.[row], name: `${this.name}#${Math.floor((row * this.all) / this.rows)}` };
  }

  /** The row that is `index` of the whole set; null where the page does not carry it. */
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
  const set = await (name === "test" ? study.test : study.trainingRows());
  return set.find(Number(index));
}

/** A name that says what the data calls the row, its class, and which row it is, such as `S0017, class 7, train#15`. */
export function fullNameOf({ id, label, name }) {
  return [id, label == null ? null : `class ${label}`, name].filter((part) => part != null).join(", ");
}

/** What to call an image: its class if it has one, else as the data calls it, else its row. */
export function titleOf({ id, label, name }) {
  return String(label ?? id ?? name);
}
