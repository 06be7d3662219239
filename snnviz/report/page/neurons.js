// The arithmetic of the encoder, in float32 as it rounds: from bytes to drive, potential and spikes.

const float32 = Math.fround;

/** An image as it enters the first layer, Float32Array [C, H, W]: divided by 255, then normalized. */
function entering(report, bytes, [C, H, W]) {
  const [mean, std] = report.normalize ?? [null, null];
  const values = new Float32Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) {
    const value = float32(bytes[i] / 255);
    if (!mean) {
      values[i] = value;
      continue;
    }
    const c = Math.floor(i / (H * W)),
      at = (list) => float32(list.length > 1 ? list[c] : list[0]);
    values[i] = float32(float32(value - at(mean)) / at(std));
  }
  return values;
}

/** What a kernel sees at a neuron, Float32Array [C, kh, kw]; 0 beyond the border. */
function patchAt(report, values, [C, H, W], y, x) {
  const [, kh, kw] = report.kernelShape,
    { stride, padding } = report.arithmetic;
  const patch = new Float32Array(C * kh * kw);
  for (let c = 0, i = 0; c < C; c++) {
    for (let dy = 0; dy < kh; dy++) {
      for (let dx = 0; dx < kw; dx++, i++) {
        const row = y * stride - padding[0] + dy,
          column = x * stride - padding[1] + dx;
        const inside = row >= 0 && row < H && column >= 0 && column < W;
        patch[i] = inside ? values[(c * H + row) * W + column] : 0;
      }
    }
  }
  return patch;
}

/** Sum of the products, tap by tap, each product and sum in one rounding. */
function dot(patch, kernel) {
  let sum = 0;
  for (let i = 0; i < kernel.length; i++) sum = float32(sum + patch[i] * kernel[i]);
  return sum;
}

/** Scale and shift of the sum, in one rounding. */
const driveOf = (report, k, sum) => float32(sum * report.scale[k] + report.shift[k]);

/** The drive of all neurons, Float32Array [K, h, w], and that shape. */
function driveMaps(report, values, [C, H, W]) {
  const K = report.K,
    [, kh, kw] = report.kernelShape,
    { stride, padding } = report.arithmetic;
  const h = Math.floor((H + 2 * padding[0] - kh) / stride) + 1;
  const w = Math.floor((W + 2 * padding[1] - kw) / stride) + 1;
  const wide = W + 2 * padding[1],
    high = H + 2 * padding[0];
  const padded = new Float32Array(C * high * wide);
  for (let c = 0; c < C; c++) {
    for (let y = 0; y < H; y++) {
      const row = values.subarray((c * H + y) * W, (c * H + y + 1) * W);
      padded.set(row, (c * high + y + padding[0]) * wide + padding[1]);
    }
  }
  const drive = new Float32Array(K * h * w);
  for (let k = 0; k < K; k++) {
    const kernel = report.kernel(k),
      sums = drive.subarray(k * h * w, (k + 1) * h * w);
    for (let c = 0, tap = 0; c < C; c++) {
      for (let dy = 0; dy < kh; dy++) {
        for (let dx = 0; dx < kw; dx++, tap++) {
          const weight = kernel[tap];
          for (let y = 0; y < h; y++) {
            let from = (c * high + y * stride + dy) * wide + dx;
            // A Float32Array rounds what is stored in it.
            for (let x = 0, i = y * w; x < w; x++, i++, from += stride)
              sums[i] += padded[from] * weight;
          }
        }
      }
    }
    for (let i = 0; i < sums.length; i++) sums[i] = sums[i] * report.scale[k] + report.shift[k];
  }
  return [drive, [K, h, w]];
}

/** First-spike times by the exact thresholds: each one that a drive reaches, a step earlier. */
function firstSpikes(drive, thresholds) {
  const T = thresholds.length,
    times = new (T < 256 ? Uint8Array : Uint16Array)(drive.length);
  for (let i = 0; i < drive.length; i++) {
    let low = 0,
      high = T;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (thresholds[middle] <= drive[i]) low = middle + 1;
      else high = middle;
    }
    times[i] = T - low;
  }
  return times;
}

/**
 * The potential at each step before the reset and after it, and which steps spike: the rule of
 * snnviz.neurons.rule, rounded as it rounds.
 */
function membrane(drive, T, rule) {
  const { v_reset: reset, tau, decay_input: decays, beta, reset: how } = rule;
  const potentials = [],
    after = [],
    spikes = [],
    threshold = float32(rule.v_threshold),
    start = float32(reset ?? 0);
  const charge = (u) => {
    if (tau === undefined) return float32(u + drive);
    const above = float32(u - start);
    if (decays) return float32(u + float32(float32(drive - above) / float32(tau)));
    return float32(float32(u - float32(above / float32(tau))) + drive);
  };
  // snnTorch resets in the step after a spike, which is above the threshold, not at it.
  const late = (u, fired) => {
    const v = float32(float32(beta * (fired && how === "zero" ? 0 : u)) + drive);
    return fired && how === "subtract" ? float32(v - threshold) : v;
  };
  let kept = start;
  for (let t = 0; t < T; t++) {
    const v = beta === undefined ? charge(kept) : late(kept, t > 0 && spikes.at(-1) === t - 1),
      above = float32(v - threshold),
      fires = beta === undefined ? above >= 0 : above > 0;
    potentials.push(v);
    if (fires) spikes.push(t);
    kept = !fires || beta !== undefined ? v : reset === null ? above : start;
    after.push(kept);
  }
  return { potentials, after, spikes, start };
}

/** Spikes of all neurons, a row of bytes a step, of those that thresholds alone do not tell. */
function stepped(drive, T, rule) {
  const spikes = new Uint8Array(T * drive.length);
  drive.forEach((x, i) => {
    for (const t of membrane(x, T, rule).spikes) spikes[t * drive.length + i] = 1;
  });
  return spikes;
}
