// One neuron: what it sees, its drive, its potential step by step, its spikes.

/** The panel beside the grid: a channel large beside the input, and why the chosen pixel spikes. */
function neuronPanel(app) {
  const { report } = app;
  const title = make("h2"), type = make("span", { class: "chip" });
  const pin = make("button", { type: "button", class: "plain", onclick: () => app.pin() });
  const step = (by) => () => app.set({ channel: (app.state.channel + by + report.K) % report.K });
  const input = pixelCanvas("Input", (y, x) => app.lookAt(y, x), (dy, dx) => app.move(dy, dx));
  const map = pixelCanvas("Map", (y, x) => app.set({ y, x }), (dy, dx) => app.move(dy, dx));
  const kernel = make("canvas", { role: "img" });
  const inputText = make("figcaption"), mapText = make("figcaption");
  const kernelFigure = make("figure", { class: "kernel" }, kernel, make("figcaption", {}, "kernel"));
  const facts = make("dl", { class: "facts" }), why = make("div", { class: "why" });
  const plot = make("div", { class: "plot" }), sentence = make("p", { class: "sentence" });
  const element = make("section", { class: "neuron", "aria-label": "Neuron" },
    make("div", { class: "row" }, title, type, make("span", { class: "grow" }),
      make("button", { type: "button", class: "plain", "aria-label": "Channel before", onclick: step(-1) }, "←"),
      make("button", { type: "button", class: "plain", "aria-label": "Next channel", onclick: step(1) }, "→"), pin),
    make("div", { class: "trio" },
      make("figure", {}, input.element, inputText), kernelFigure, make("figure", {}, map.element, mapText)),
    facts, why, sentence, plot, savers(app, "neuron", () => element));
  let plotted = null;

  function head() {
    const { channel: k } = app.state, image = app.image(), table = report.channels;
    title.textContent = `Channel ${k}`;
    type.textContent = report.type(k);
    type.hidden = !report.type(k);
    kernelFigure.hidden = !report.kernelShape;
    if (report.kernelShape) {
      const [, kh, kw] = report.kernelShape;
      paint(kernel, kernelColours(report.kernel(k), report.kernelShape), kh, kw, 60);
      kernel.setAttribute("aria-label", `Kernel of channel ${k}: orange towards a spike, blue away from it`);
    }
    const fact = (name, value) => [make("div", {}, make("dt", {}, name), make("dd", {}, value))];
    const rate = report.most > 1 ? (v) => number(v, 2) : percent;
    facts.replaceChildren(
      ...fact("rate, here", rate(app.spikes().rate(k))),
      ...fact(`rate, ${plural(table.images, "image")}`, rate(table.rate[k])),
      ...(table.edge ? fact("edge r", number(table.edge[k], 2)) : []),
      ...fact("mean first t", number(table.first[k], 1)));
    pin.textContent = app.isPinned() ? "Unpin" : "Pin";
    inputText.textContent = image.place === "own" ? "your drawing" : "input";
  }

  function pictures() {
    const { channel: k, t, y, x, mode } = app.state, image = app.image(), spikes = app.spikes();
    const [, H, W] = spikes.shape, size = H * W, [bytes, shape] = report.pixels(image);
    const each = image.steps && app.report.array(image.steps), frame = each && Math.min(t, image.steps[2][0] - 1);
    const pixels = each ? each.subarray(frame * 3 * shape[1] * shape[2], (frame + 1) * 3 * shape[1] * shape[2]) : bytes;
    const field = receptiveField(report, y, x, shape, [H, W]);
    input.draw(pictureColours(pixels, each ? [3, shape[1], shape[2]] : shape), shape[1], shape[2], field);
    map.draw(shades(spikes, app.state).subarray(k * size, (k + 1) * size), H, W, [y, x, 1, 1]);
    mapText.textContent = { count: `spikes up to t = ${t}`, step: `spikes at t = ${t}`, first: "first spike" }[mode];
    if (each) inputText.textContent = `input at t = ${frame}`;
    map.element.setAttribute("aria-label", `Map of channel ${k}, row ${y}, column ${x}; arrows move`);
    input.element.setAttribute("aria-label", `Input; row ${y}, column ${x} of the map sees what is framed; arrows move`);
  }

  function explain() {
    const { channel: k, y, x } = app.state, found = explanation(app, k, y, x);
    why.replaceChildren(
      make("div", { class: "row" }, make("h3", {}, "Why"), make("span", { class: "grow" }), make("span", { class: "dim" }, `row ${y}, column ${x}`)),
      ...(found.sums ?? []));
    sentence.replaceChildren(...found.sentence);
    plotted = potentialPlot(found, report);
    plot.replaceChildren(plotted.element);
  }

  return {
    element,
    update(changed) {
      if (changed.has("image") || changed.has("channel") || changed.has("pins")) head();
      pictures();
      if (["image", "channel", "y", "x"].some((name) => changed.has(name))) explain();
      plotted.at(app.state.t);
    },
  };
}

/** A picture whose pixels can be chosen, by pointer and arrows. */
function pixelCanvas(label, choose, move) {
  const canvas = make("canvas", { class: "pixels", tabindex: 0, role: "application", "aria-label": label });
  let size = [1, 1];
  canvas.addEventListener("click", (event) => {
    const box = canvas.getBoundingClientRect();
    const part = (at, start, length, count) => Math.max(0, Math.min(count - 1, Math.floor(((at - start) / length) * count)));
    choose(part(event.clientY, box.top, box.height, size[0]), part(event.clientX, box.left, box.width, size[1]));
  });
  canvas.addEventListener("keydown", (event) => {
    const by = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!by) return;
    event.preventDefault();
    move(...by);
  });
  return {
    element: canvas,
    /** Draw colours [H, W] and a frame around (y, x, height, width). */
    draw(colours, H, W, frame) {
      size = [H, W];
      paint(canvas, colours, H, W, (112 * W) / Math.max(H, W));
      if (!frame) return;
      const cell = Number(canvas.dataset.cell), pen = canvas.getContext("2d"), [y, x, h, w] = frame;
      const around = [x * cell, y * cell, w * cell, h * cell];
      pen.lineWidth = Math.min(8, Math.max(3, cell / 2));
      pen.strokeStyle = "#fff";
      pen.strokeRect(...around);
      pen.lineWidth = Math.min(4, Math.max(1.5, cell / 4));
      pen.strokeStyle = "#b34a00";
      pen.strokeRect(...around);
    },
  };
}

/** The pixels that a neuron sees (y, x, height, width), as far as that is known. */
function receptiveField(report, y, x, [, H, W], [h, w]) {
  if (!report.arithmetic) return h === H && w === W ? [y, x, 1, 1] : null;
  const [, kh, kw] = report.kernelShape, { stride, padding } = report.arithmetic;
  return [y * stride - padding[0], x * stride - padding[1], kh, kw];
}

/** Why neuron (k, y, x) spikes as it does: drive and potentials as far as they are known. */
function explanation(app, k, y, x) {
  const { report } = app, spikes = app.spikes(), [, H, W] = spikes.shape;
  const train = spikes.train((k * H + y) * W + x), { neuron, T } = report;
  const fired = spikeWords(train, T);
  if (!report.arithmetic) {
    const text = `The drive is not shown: ${report.why_not}. `;
    return { train, sentence: [make("span", { class: "dim" }, text), make("b", {}, fired)] };
  }
  const image = app.image(), [bytes, shape] = report.pixels(image);
  image.values ??= entering(report, bytes, shape);
  const patch = patchAt(report, image.values, shape, y, x), kernel = report.kernel(k);
  const sum = dot(patch, kernel), drive = driveOf(report, k, sum);
  const sums = [...taps(report, patch, kernel), equation("Sum of the products", number(sum))];
  const [scale, shift] = [report.scale[k], report.shift[k]];
  if (scale !== 1 || shift !== 0) {
    const sign = shift < 0 ? "−" : "+", factor = scale === 1 ? "" : `${number(scale, 2)} × `;
    sums.push(equation(scale === 1 ? "Bias" : "BatchNorm", `${factor}${number(sum)} ${sign} ${number(Math.abs(shift))}`));
  }
  sums.push(equation("Drive x, every step", make("b", {}, number(drive))));
  if (neuron.v_threshold === undefined) {
    return { sums, train, drive, sentence: [make("span", { class: "dim" }, `The potential of ${neuron.kind} is not known here; its spikes are. `), make("b", {}, fired)] };
  }
  const cell = membrane(drive, T, neuron.v_threshold, neuron.v_reset);
  const sentence = [chargeWords(drive, cell, train, neuron, T), make("b", {}, fired)];
  if (`${cell.spikes}` !== `${train}`) {
    sentence.push(make("span", { class: "dim" }, " The sum in this page rounds otherwise than PyTorch's here; the spikes are PyTorch's."));
  }
  return { sums, train, drive, ...cell, threshold: neuron.v_threshold, sentence };
}

function spikeWords(train, T) {
  if (!train.length) return `no spike in ${plural(T, "step")}`;
  const shown = train.length > 12 ? `${train.slice(0, 11).join(", ")} … ${train.at(-1)}` : train.join(", ");
  return `${train.length === 1 ? "spike" : "spikes"} at t = ${shown}`;
}

/** Such as "3 × 0.456 ≥ 1: ", of neurons that charge from where a spike leaves them. */
function chargeWords(drive, cell, train, { v_threshold, v_reset }, T) {
  if (v_reset === null) return `threshold ${v_threshold}, which a spike subtracts: `;
  const steps = cell.spikes.length ? cell.spikes[0] + 1 : T, start = v_reset ? `${number(v_reset, 2)} + ` : "";
  return `${start}${steps} × ${number(drive)} ${cell.spikes.length ? "≥" : "<"} ${v_threshold}: `;
}

const equation = (name, value) => make("div", { class: "row equation" }, make("span", {}, name), make("span", { class: "grow" }), make("span", {}, value));

/** Patch × kernel = products, a row for each colour; as numbers where they can be read. */
function taps(report, patch, kernel) {
  const [C, kh, kw] = report.kernelShape, size = kh * kw;
  const products = Float32Array.from(patch, (value, i) => value * kernel[i]);
  const tops = [patch, kernel, products].map(largest);
  // Pixels are in [0, 1] unless they were normalized.
  const low = patch.reduce((a, b) => Math.min(a, b), 0), high = patch.reduce((a, b) => Math.max(a, b), 1);
  const names = C === 3 ? ["red", "green", "blue"] : Array.from({ length: C }, (_, c) => `channel ${c}`);
  return Array.from({ length: Math.min(C, 4) }, (_, c) => {
    const part = (values) => values.subarray(c * size, (c + 1) * size);
    const tile = (values, n, text) => make("figure", {}, numbers(part(values), kh, kw, (v) => (n ? signedColour(v / tops[n]) : grey((v - low) / (high - low))), text), make("figcaption", {}, text));
    return make("div", { class: "taps" }, tile(patch, 0, C > 1 ? `patch, ${names[c]}` : "patch"), make("span", { "aria-hidden": "true" }, "×"),
      tile(kernel, 1, "kernel"), make("span", { "aria-hidden": "true" }, "="), tile(products, 2, "products"));
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
    table.append(make("tr", {}, Array.from({ length: columns }, (_, x) => {
      const value = values[y * columns + x], cell = make("td", {}, short(value)), shade = colour(value);
      cell.style.background = cssColour(shade);
      cell.style.color = lightness(shade) > 0.179 ? "#000" : "#fff";
      return cell;
    })));
  }
  return table;
}

/** Relative luminance of a colour, in 0..1. */
function lightness(colour) {
  const part = (shift) => { const v = ((colour >> shift) & 255) / 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
  return 0.2126 * part(0) + 0.7152 * part(8) + 0.0722 * part(16);
}

/** The potential over the steps, the threshold, and the spikes; all of it, nothing clipped. */
function potentialPlot({ potentials, after, spikes, train, start, threshold }, { T, most }) {
  const wide = 320, high = potentials ? 210 : 64, left = 36, top = 26, bottom = high - 34;
  const across = (t) => left + ((t + 1) / T) * (wide - left - 14);
  const parts = [], marker = draw("rect", { class: "marker", y: 4, height: bottom - 2, width: Math.min(14, 260 / T) });
  let words = `Spikes of the neuron over ${plural(T, "step")}: ${spikeWords(train, T)}.`;
  if (potentials) {
    const all = [...potentials, start, threshold, 0], low = Math.min(...all), span = Math.max(...all) - low || 1;
    const down = (v) => bottom - ((v - low) / span) * (bottom - top - 10);
    const fires = new Set(spikes);
    parts.push(draw("line", { class: "threshold", x1: left, x2: wide - 6, y1: down(threshold), y2: down(threshold) }),
      draw("text", { x: left - 5, y: down(threshold) + 4, "text-anchor": "end" }, number(threshold, threshold % 1 ? 2 : 0)),
      draw("text", { x: left - 5, y: down(start) + 4, "text-anchor": "end" }, Math.abs(down(start) - down(threshold)) > 12 ? number(start, start % 1 ? 2 : 0) : ""),
      draw("text", { x: left + 4, y: down(threshold) - 5, class: "dim" }, "threshold"),
      draw("line", { class: "axis", x1: left, x2: wide - 6, y1: down(start), y2: down(start) }));
    let kept = start;
    potentials.forEach((v, t) => {
      parts.push(draw("line", { class: "climb", x1: across(t - 1), y1: down(kept), x2: across(t), y2: down(v) }));
      kept = after[t];
      if (fires.has(t)) {
        parts.push(draw("line", { class: "fall", x1: across(t), y1: down(v), x2: across(t), y2: down(kept) }));
      }
      if (T <= 60) parts.push(draw("circle", { class: fires.has(t) ? "spike" : "dot", cx: across(t), cy: down(v), r: 3 }));
    });
    words = `Membrane potential over ${plural(T, "step")}, threshold ${threshold}: ${spikeWords(train, T)}.`;
  }
  const every = Math.ceil(T / 12);
  for (let t = 0; t < T; t++) {
    const n = train.filter((step) => step === t).length;
    if (n) parts.push(draw("line", { class: "spike", x1: across(t), x2: across(t), y1: 6, y2: 16, "stroke-width": Math.max(1, Math.min(3, 150 / T)) }));
    if (n > 1 && most > 1 && T <= 40) parts.push(draw("text", { x: across(t) + 3, y: 14 }, `${n}`));
    if (t % every === 0) parts.push(draw("text", { x: across(t), y: bottom + 16, "text-anchor": "middle", "data-t": t }, String(t)));
  }
  parts.push(draw("text", { x: wide - 6, y: high - 3, "text-anchor": "end", class: "dim" }, "time step t"));
  if (potentials) parts.push(draw("text", { x: 6, y: (top + bottom) / 2, class: "dim italic" }, "v"));
  const element = draw("svg", { class: "potential", viewBox: `0 0 ${wide} ${high}`, role: "img", "aria-label": words }, marker, ...parts);
  return {
    element,
    at(t) {
      marker.setAttribute("x", across(t) - Number(marker.getAttribute("width")) / 2);
      for (const text of element.querySelectorAll("[data-t]")) text.classList.toggle("at", Number(text.dataset.t) === t);
    },
  };
}
