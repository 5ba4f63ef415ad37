// Axes: from values to positions, and where ticks stand.

/** A linear or logarithmic axis from `low` to `high` onto `from` to `to`. */
export function scale(low, high, from, to, logarithmic = false) {
  const f = logarithmic ? Math.log10 : (x) => x;
  const [a, b] = [f(low), f(high)];
  const span = b - a || 1;
  return {
    place: (x) => from + ((f(x) - a) / span) * (to - from),
    value: (place) => {
      const at = a + ((place - from) / (to - from)) * span;
      return logarithmic ? 10 ** at : at;
    },
    ticks: logarithmic ? logarithmicTicks(low, high) : linearTicks(low, high),
  };
}

/** Multiples of 1, 2 or 5 times a power of ten, about `count` of them. */
export function linearTicks(low, high, count = 6) {
  const rough = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough * 0.999);
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high * (1 + 1e-9); i++) ticks.push(Number((i * step).toPrecision(12)));
  return ticks;
}

/** 1, 2 and 5 times powers of ten; where those are few, more multiples. */
export function logarithmicTicks(low, high) {
  const multiples = high / low > 20 ? [1, 2, 5] : high / low > 2.5 ? [1, 1.5, 2, 3, 4, 5, 7] : [1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 9];
  const ticks = [];
  for (let power = Math.floor(Math.log10(low)); 10 ** power <= high; power++) {
    for (const m of multiples) {
      const tick = Number((m * 10 ** power).toPrecision(6));
      if (tick >= low && tick <= high) ticks.push(tick);
    }
  }
  return ticks;
}
