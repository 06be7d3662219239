// Values to pixels. Maps and pictures read alike in both themes: black is none, white is most.

const rgb = (r, g, b) => ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
const GREYS = Uint32Array.from({ length: 256 }, (_, v) => rgb(v, v, v));
// As in snnviz's figures.
const SILENT = rgb(42, 63, 82),
  SATURATED = rgb(230, 159, 0),
  NONE = GREYS[0];
// Early to late, in falling lightness: stops of viridis, told apart with any kind of colour vision.
const STOPS = [
  [253, 231, 37],
  [94, 201, 98],
  [33, 145, 140],
  [59, 82, 139],
  [92, 30, 110],
];

/** Half to even, as NumPy rounds. */
function rounded(value) {
  const low = Math.floor(value),
    rest = value - low;
  return rest > 0.5 || (rest === 0.5 && low % 2) ? low + 1 : low;
}

const grey = (share) => GREYS[rounded(float32(float32(share) * 255))];

/** The colour of a first spike at step f of T. */
function timeColour(f, T) {
  const place = T > 1 ? (f / (T - 1)) * (STOPS.length - 1) : 0;
  const low = Math.min(STOPS.length - 2, Math.floor(place)),
    rest = place - low;
  return rgb(...STOPS[low].map((v, c) => Math.round(v + (STOPS[low + 1][c] - v) * rest)));
}

/**
 * The colours of all neurons, Uint32Array [K, H, W].
 * mode "count": spikes up to t, each map on its own range, or all on 0..T (scale "shared");
 * "step": spikes of step t alone; "first": first-spike time up to t.
 */
function shades(spikes, { mode, scale, t }) {
  const { neurons, T, most } = spikes,
    colours = new Uint32Array(neurons);
  if (mode === "first") {
    const table = Uint32Array.from({ length: T + 1 }, (_, f) => (f <= t ? timeColour(f, T) : NONE));
    const first = spikes.first();
    for (let i = 0; i < neurons; i++) colours[i] = table[first[i]];
    return colours;
  }
  if (mode === "step") {
    const table = Uint32Array.from({ length: most + 1 }, (_, n) => grey(n / most));
    for (let i = 0; i < neurons; i++) colours[i] = table[spikes.at(i, t)];
    return colours;
  }
  const counts = spikes.count(t),
    [K, H, W] = spikes.shape,
    size = H * W,
    top = most * (t + 1);
  for (let k = 0; k < K; k++) {
    let low = Infinity,
      high = 0;
    for (let i = k * size; i < (k + 1) * size; i++) {
      if (counts[i] < low) low = counts[i];
      if (counts[i] > high) high = counts[i];
    }
    const table = new Uint32Array(high + 1);
    for (let n = low; n <= high; n++) {
      if (high === 0) table[n] = SILENT;
      else if (low === top) table[n] = SATURATED;
      else if (scale === "shared") table[n] = grey(n / (T * most));
      else table[n] = grey(low === high ? n / top : (n - low) / (high - low));
    }
    for (let i = k * size; i < (k + 1) * size; i++) colours[i] = table[counts[i]];
  }
  return colours;
}

/** The colours of an image's bytes [C, H, W], grey or red, green and blue. */
function pictureColours(bytes, [C, H, W]) {
  const size = H * W,
    band = C === 3 ? [0, size, 2 * size] : [0, 0, 0];
  return Uint32Array.from({ length: size }, (_, i) => rgb(...band.map((from) => bytes[from + i])));
}

/** The colours of weights [C, kh, kw], summed over C: orange towards a spike, blue away from it. */
function kernelColours(kernel, [C, kh, kw]) {
  const size = kh * kw,
    sums = new Float64Array(size);
  for (let i = 0; i < kernel.length; i++) sums[i % size] += kernel[i];
  const top = largest(sums);
  return Uint32Array.from(sums, (value) => signedColour(value / top));
}

/** Orange for 1, blue for -1, nearly white for 0. */
function signedColour(share) {
  const ink = share >= 0 ? [196, 88, 10] : [31, 110, 178],
    part = Math.min(1, Math.abs(share));
  return rgb(...ink.map((v) => Math.round(244 + (v - 244) * part)));
}

/** The largest size of some values, above 0. */
const largest = (values) => values.reduce((top, value) => Math.max(top, Math.abs(value)), 1e-12);

const cssColour = (colour) => `rgb(${colour & 255} ${(colour >> 8) & 255} ${(colour >> 16) & 255})`;

/** Fill a canvas with colours [h, w], each a block of whole device pixels, about `wide` CSS pixels. */
function paint(canvas, colours, height, width, wide) {
  const ratio = window.devicePixelRatio || 1;
  const cell = Math.max(1, Math.floor((wide * ratio) / width));
  if (canvas.width !== width * cell || canvas.height !== height * cell) {
    canvas.width = width * cell;
    canvas.height = height * cell;
    // What has more pixels than there is room for is shown smaller.
    const shown = Math.min(canvas.width / ratio, wide);
    canvas.style.width = `${shown}px`;
    canvas.style.height = `${(shown * height) / width}px`;
    canvas.dataset.cell = cell;
  }
  enlarge(
    canvas,
    new ImageData(
      new Uint8ClampedArray(colours.buffer, colours.byteOffset, colours.byteLength),
      width,
      height,
    ),
  );
  return cell / ratio;
}

const SMALL = new Map();

/** Draw an image over the whole canvas, without smoothing. */
function enlarge(canvas, image) {
  const key = `${image.width}x${image.height}`;
  if (SMALL.size > 16) SMALL.clear();
  if (!SMALL.has(key)) {
    SMALL.set(
      key,
      Object.assign(document.createElement("canvas"), { width: image.width, height: image.height }),
    );
  }
  const small = SMALL.get(key),
    pen = canvas.getContext("2d");
  small.getContext("2d").putImageData(image, 0, 0);
  pen.imageSmoothingEnabled = false;
  pen.drawImage(small, 0, 0, canvas.width, canvas.height);
}
