// Encoder and decoder: dense layers, y = activation(W·x + b), W (outputs, inputs).

/** How many numbers a sum adds side by side, so that no addition waits for the one before. */
const CHAINS = 4;

class Dense {
  constructor(shape, reader) {
    const { inputs, outputs, activation } = shape;
    const scales = reader.singles(outputs);
    this.inputs = inputs;
    this.outputs = outputs;
    this.bias = reader.singles(outputs);
    const whole = reader.shorts(outputs * inputs);
    this.weight = new Float32Array(whole.length);
    for (let n = 0, i = 0; n < outputs; n++) {
      for (let k = 0; k < inputs; k++, i++) this.weight[i] = whole[i] * scales[n];
    }
    this.activate = activations[activation];
    this.out = new Float32Array(outputs);
  }

  /** What follows `x`; the array is the layer's own, and lasts until the next call. */
  forward(x) {
    const { inputs, outputs, weight, bias, out } = this;
    const whole = inputs - (inputs % CHAINS);
    for (let n = 0, row = 0; n < outputs; n++, row += inputs) {
      let a = 0, b = 0, c = 0, d = 0;
      for (let k = 0; k < whole; k += CHAINS) {
        const at = row + k;
        a += weight[at] * x[k];
        b += weight[at + 1] * x[k + 1];
        c += weight[at + 2] * x[k + 2];
        d += weight[at + 3] * x[k + 3];
      }
      for (let k = whole; k < inputs; k++) a += weight[row + k] * x[k];
      out[n] = a + b + (c + d) + bias[n];
    }
    this.activate(out);
    return out;
  }
}

/**
 * A first layer on pixels, most of which are 0: with x = s·p + o,
 * W·x + b = Σ p·(s·W) over the pixels that are not 0, + (W·o + b). Its weights lie by input.
 */
class PixelLayer {
  constructor(dense, input) {
    const { inputs, outputs } = dense;
    const of = (numbers, k) => numbers[numbers.length === 1 ? 0 : k];
    this.outputs = outputs;
    this.columns = new Float32Array(inputs * outputs);
    this.black = Float32Array.from(dense.bias);
    for (let n = 0; n < outputs; n++) {
      let black = dense.bias[n];
      for (let k = 0; k < inputs; k++) {
        const w = dense.weight[n * inputs + k];
        this.columns[k * outputs + n] = w * of(input.scale, k);
        black += w * of(input.offset, k);
      }
      this.black[n] = black;
    }
    this.activate = dense.activate;
    this.out = new Float32Array(outputs);
  }

  forward(pixels) {
    const { columns, outputs, out } = this;
    out.set(this.black);
    for (let k = 0; k < pixels.length; k++) {
      const p = pixels[k];
      if (p === 0) continue;
      for (let n = 0, at = k * outputs; n < outputs; n++, at++) out[n] += p * columns[at];
    }
    this.activate(out);
    return out;
  }
}

/** A first layer on raw values of a table: x = s·v + o in double precision; where a value is missing, 0. */
class ValueLayer {
  constructor(dense, input) {
    Object.assign(this, { dense, input, x: new Float32Array(dense.inputs) });
  }

  forward(values) {
    const { scale, offset } = this.input;
    const one = scale.length === 1;
    for (let k = 0; k < this.x.length; k++) {
      const x = scale[one ? 0 : k] * values[k] + offset[one ? 0 : k];
      this.x[k] = Number.isNaN(x) ? 0 : x;
    }
    return this.dense.forward(this.x);
  }
}

/**
 * A trained autoencoder. Images are bytes, and what it decodes of them is brightness from 0 to 1; rows of a `table` are raw values, and
 * so is what it decodes.
 */
export class Model {
  constructor(description, index, reader, table) {
    const layers = description.layers.map((shape) => new Dense(shape, reader));
    Object.assign(this, description, { index, table });
    this.encoder = layers.slice(0, description.depth);
    this.encoder[0] = table ? new ValueLayer(layers[0], description.input) : new PixelLayer(layers[0], description.input);
    this.decoder = layers.slice(description.depth);
    this.latent = description.plane.mean.length;
    this.features = layers[0].inputs;
  }

  /** encoder(x) of a row of the data. */
  encode(values) {
    return this.encoder.reduce((x, layer) => layer.forward(x), values).slice();
  }

  /** decoder(z) as it is shown, into `out`. */
  decode(code, out = new Float32Array(this.features)) {
    const x = this.decoder.reduce((x, layer) => layer.forward(x), code);
    const { scale, offset } = this.input;
    const one = scale.length === 1;
    if (this.table) {
      for (let i = 0; i < x.length; i++) out[i] = (x[i] - offset[one ? 0 : i]) / scale[one ? 0 : i];
      return out;
    }
    for (let i = 0; i < x.length; i++) {
      const unit = (x[i] - offset[one ? 0 : i]) / (255 * scale[one ? 0 : i]);
      out[i] = unit < 0 ? 0 : unit > 1 ? 1 : unit;
    }
    return out;
  }

  /** decoder(encoder(x)). */
  reconstruct(values) {
    return this.decode(this.encode(values));
  }
}

/** A classifier: the probability of each class. */
export class Judge {
  constructor(description, reader, table) {
    this.table = table;
    this.classes = description.classes;
    this.layers = description.layers.map((shape) => new Dense(shape, reader));
    this.layers[0] = table ? new ValueLayer(this.layers[0], description.input) : new PixelLayer(this.layers[0], description.input);
  }

  /** softmax of the last layer, of what a model decodes: brightness from 0 to 1, or raw values of a table. */
  probabilities(shown) {
    const values = this.table ? shown : shown.map((brightness) => brightness * 255);
    const sums = this.layers.reduce((x, layer) => layer.forward(x), values);
    const largest = Math.max(...sums);
    const shares = Array.from(sums, (sum) => Math.exp(sum - largest));
    const total = shares.reduce((a, b) => a + b);
    return shares.map((share) => share / total);
  }

  /** The most probable class of what a model decodes, and its probability. */
  mostProbable(shown) {
    const probabilities = this.probabilities(shown);
    const best = probabilities.indexOf(Math.max(...probabilities));
    return { name: this.classes[best], share: probabilities[best] };
  }

  /** The same in words. */
  says(shown) {
    const { name, share } = this.mostProbable(shown);
    return `seen as ${name}, ${Math.round(100 * share)} % sure`;
  }
}

/** λ·to + (1 − λ)·from */
export function blend(from, to, lambda) {
  return Float32Array.from(to, (x, i) => lambda * x + (1 - lambda) * from[i]);
}

/** In place. */
const activations = {
  identity() {},
  relu: each((z) => (z > 0 ? z : 0)),
  leaky_relu: each((z) => (z > 0 ? z : 0.01 * z)),
  tanh: each(Math.tanh),
  sigmoid: each((z) => 1 / (1 + Math.exp(-z))),
  gelu: each((z) => 0.5 * z * complementaryError(-z * Math.SQRT1_2)),
  silu: each((z) => z / (1 + Math.exp(-z))),
};

function each(f) {
  return (x) => {
    for (let i = 0; i < x.length; i++) x[i] = f(x[i]);
  };
}

/** erfc x = 1 − erf x, to 1.2·10⁻⁷ of its value: the Chebyshev fit of Numerical Recipes, section 6.2. */
export function complementaryError(x) {
  const z = Math.abs(x);
  const t = 1 / (1 + 0.5 * z);
  const fit = [
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223,
    0.17087277,
  ];
  const power = fit.reduceRight((sum, c) => sum * t + c, 0);
  const tail = t * Math.exp(-z * z + power);
  return x >= 0 ? tail : 2 - tail;
}
