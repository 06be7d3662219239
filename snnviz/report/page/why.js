// Why a neuron spikes: what it sees, the products, the drive, and the words for it.

/** Why neuron (k, y, x) spikes as it does: drive and potentials as far as they are known. */
function explanation(app, k, y, x) {
  const { report } = app,
    spikes = app.spikes(),
    [, H, W] = spikes.shape;
  const train = spikes.train((k * H + y) * W + x),
    { neuron, T } = report;
  const fired = spikeWords(train, T);
  if (!report.arithmetic) {
    const text = `The drive is not shown: ${report.why_not}. `;
    return { train, sentence: [make("span", { class: "dim" }, text), make("b", {}, fired)] };
  }
  const image = app.image(),
    [bytes, shape] = report.pixels(image);
  image.values ??= entering(report, bytes, shape);
  const patch = patchAt(report, image.values, shape, y, x),
    kernel = report.kernel(k);
  const sum = dot(patch, kernel),
    drive = driveOf(report, k, sum);
  const sums = [...taps(report, patch, kernel), equation("Sum of the products", number(sum))];
  const [scale, shift] = [report.scale[k], report.shift[k]];
  if (scale !== 1 || shift !== 0) {
    const sign = shift < 0 ? "−" : "+",
      factor = scale === 1 ? "" : `${number(scale, 2)} × `;
    sums.push(
      equation(
        scale === 1 ? "Bias" : "BatchNorm",
        `${factor}${number(sum)} ${sign} ${number(Math.abs(shift))}`,
      ),
    );
  }
  sums.push(equation("Drive x, every step", make("b", {}, number(drive))));
  if (neuron.v_threshold === undefined) {
    return {
      sums,
      train,
      drive,
      sentence: [
        make(
          "span",
          { class: "dim" },
          `The potential of ${neuron.kind} is not known here; its spikes are. `,
        ),
        make("b", {}, fired),
      ],
    };
  }
  const cell = membrane(drive, T, neuron);
  const sentence = [chargeWords(drive, cell, train, neuron, T), make("b", {}, fired)];
  if (`${cell.spikes}` !== `${train}`) {
    sentence.push(
      make(
        "span",
        { class: "dim" },
        ` As it is computed here: ${spikeWords(cell.spikes, T)}; what counts is PyTorch's.`,
      ),
    );
  }
  return { sums, train, drive, ...cell, threshold: neuron.v_threshold, sentence };
}

function spikeWords(train, T) {
  if (!train.length) return `no spike in ${plural(T, "step")}`;
  const shown =
    train.length > 12 ? `${train.slice(0, 11).join(", ")} … ${train.at(-1)}` : train.join(", ");
  return `${train.length === 1 ? "spike" : "spikes"} at t = ${shown}`;
}

/** Such as "3 × 0.456 ≥ 1: ", of neurons that charge from where a spike leaves them. */
function chargeWords(drive, cell, train, { v_threshold, v_reset, tau, beta, reset }, T) {
  if (tau !== undefined)
    return `leaks with τ = ${Number(tau.toPrecision(4))}, threshold ${v_threshold}: `;
  if (beta !== undefined) {
    const then = { subtract: "subtracts it", zero: "leaves 0" }[reset] ?? "changes nothing";
    return `leaks with β = ${Number(beta.toPrecision(4))}, threshold ${v_threshold}; a spike ${then}, a step later: `;
  }
  if (v_reset === null) return `threshold ${v_threshold}, which a spike subtracts: `;
  const steps = cell.spikes.length ? cell.spikes[0] + 1 : T,
    start = v_reset ? `${number(v_reset, 2)} + ` : "";
  return `${start}${steps} × ${number(drive)} ${cell.spikes.length ? "≥" : "<"} ${v_threshold}: `;
}

const equation = (name, value) =>
  make(
    "div",
    { class: "row equation" },
    make("span", {}, name),
    make("span", { class: "grow" }),
    make("span", {}, value),
  );

/** Patch × kernel = products, a row for each colour; as numbers where they can be read. */
function taps(report, patch, kernel) {
  const [C, kh, kw] = report.kernelShape,
    size = kh * kw;
  const products = Float32Array.from(patch, (value, i) => value * kernel[i]);
  const tops = [patch, kernel, products].map(largest);
  // Pixels are in [0, 1] unless they were normalized.
  const low = patch.reduce((a, b) => Math.min(a, b), 0),
    high = patch.reduce((a, b) => Math.max(a, b), 1);
  const names =
    C === 3 ? ["red", "green", "blue"] : Array.from({ length: C }, (_, c) => `channel ${c}`);
  return Array.from({ length: Math.min(C, 4) }, (_, c) => {
    const part = (values) => values.subarray(c * size, (c + 1) * size);
    const tile = (values, n, text) =>
      make(
        "figure",
        {},
        numbers(
          part(values),
          kh,
          kw,
          (v) => (n ? signedColour(v / tops[n]) : grey((v - low) / (high - low))),
          text,
        ),
        make("figcaption", {}, text),
      );
    return make(
      "div",
      { class: "taps" },
      tile(patch, 0, C > 1 ? `patch, ${names[c]}` : "patch"),
      make("span", { "aria-hidden": "true" }, "×"),
      tile(kernel, 1, "kernel"),
      make("span", { "aria-hidden": "true" }, "="),
      tile(products, 2, "products"),
    );
  });
}

/** Values as a small table of coloured cells, or where they are many as a picture. */
function numbers(values, rows, columns, colour, label) {
  if (rows > 4 || columns > 4) {
    const canvas = make("canvas", { role: "img", "aria-label": label });
    paint(canvas, Uint32Array.from(values, colour), rows, columns, 84);
    return canvas;
  }
  const table = make("table", { class: "cells", "aria-label": label });
  for (let y = 0; y < rows; y++) {
    table.append(
      make(
        "tr",
        {},
        Array.from({ length: columns }, (_, x) => {
          const value = values[y * columns + x],
            cell = make("td", {}, short(value)),
            shade = colour(value);
          cell.style.background = cssColour(shade);
          cell.style.color = lightness(shade) > 0.179 ? "#000" : "#fff";
          return cell;
        }),
      ),
    );
  }
  return table;
}

/** Relative luminance of a colour, in 0..1. */
function lightness(colour) {
  const part = (shift) => {
    const v = ((colour >> shift) & 255) / 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * part(0) + 0.7152 * part(8) + 0.0722 * part(16);
}
