// One neuron: what it sees, its drive, its potential step by step, its spikes.

/** The panel beside the grid: a channel large beside the input, and why the chosen pixel spikes. */
function neuronPanel(app) {
  const { report } = app;
  const title = make("h2"),
    type = make("span", { class: "chip" });
  const pin = make("button", { type: "button", class: "plain", onclick: () => app.pin() });
  const step = (by) => () => app.set({ channel: (app.state.channel + by + report.K) % report.K });
  const input = pixelCanvas(
    "Input",
    (y, x) => app.lookAt(y, x),
    (dy, dx) => app.move(dy, dx),
  );
  const map = pixelCanvas(
    "Map",
    (y, x) => app.set({ y, x }),
    (dy, dx) => app.move(dy, dx),
  );
  const kernel = make("canvas", { role: "img" });
  const inputText = make("figcaption"),
    mapText = make("figcaption");
  const kernelFigure = make(
    "figure",
    { class: "kernel" },
    kernel,
    make("figcaption", {}, "kernel"),
  );
  const facts = make("dl", { class: "facts" }),
    why = make("div", { class: "why" });
  const plot = make("div", { class: "plot" }),
    sentence = make("p", { class: "sentence" });
  const element = make(
    "section",
    { class: "neuron", "aria-label": "Neuron" },
    make(
      "div",
      { class: "row" },
      title,
      type,
      make("span", { class: "grow" }),
      make(
        "button",
        { type: "button", class: "plain", "aria-label": "Channel before", onclick: step(-1) },
        "←",
      ),
      make(
        "button",
        { type: "button", class: "plain", "aria-label": "Next channel", onclick: step(1) },
        "→",
      ),
      pin,
    ),
    make(
      "div",
      { class: "trio" },
      make("figure", {}, input.element, inputText),
      kernelFigure,
      make("figure", {}, map.element, mapText),
    ),
    facts,
    why,
    sentence,
    plot,
    savers(app, "neuron", () => element),
  );
  let plotted = null;

  function head() {
    const { channel: k } = app.state,
      image = app.image(),
      table = report.channels;
    title.textContent = `Channel ${k}`;
    type.textContent = report.type(k);
    type.hidden = !report.type(k);
    kernelFigure.hidden = !report.kernelShape;
    if (report.kernelShape) {
      const [, kh, kw] = report.kernelShape;
      paint(kernel, kernelColours(report.kernel(k), report.kernelShape), kh, kw, 60);
      kernel.setAttribute(
        "aria-label",
        `Kernel of channel ${k}: orange towards a spike, blue away from it`,
      );
    }
    const fact = (name, value) => [make("div", {}, make("dt", {}, name), make("dd", {}, value))];
    const rate = report.most > 1 ? (v) => number(v, 2) : percent;
    facts.replaceChildren(
      ...fact("rate, here", rate(app.spikes().rate(k))),
      ...fact(`rate, ${plural(table.images, "image")}`, rate(table.rate[k])),
      ...(table.edge ? fact("edge r", number(table.edge[k], 2)) : []),
      ...fact("mean first t", number(table.first[k], 1)),
    );
    pin.textContent = app.isPinned() ? "Unpin" : "Pin";
    inputText.textContent = image.place === "own" ? "your drawing" : "input";
  }

  function pictures() {
    const { channel: k, t, y, x, mode } = app.state,
      image = app.image(),
      spikes = app.spikes();
    const [, H, W] = spikes.shape,
      size = H * W,
      [bytes, shape] = report.pixels(image);
    const each = image.steps && app.report.array(image.steps),
      frame = each && Math.min(t, image.steps[2][0] - 1);
    const pixels = each
      ? each.subarray(frame * 3 * shape[1] * shape[2], (frame + 1) * 3 * shape[1] * shape[2])
      : bytes;
    const field = receptiveField(report, y, x, shape, [H, W]);
    input.draw(
      pictureColours(pixels, each ? [3, shape[1], shape[2]] : shape),
      shape[1],
      shape[2],
      field,
    );
    map.draw(shades(spikes, app.state).subarray(k * size, (k + 1) * size), H, W, [y, x, 1, 1]);
    mapText.textContent = {
      count: `spikes up to t = ${t}`,
      step: `spikes at t = ${t}`,
      first: "first spike",
    }[mode];
    if (each) inputText.textContent = `input at t = ${frame}`;
    map.element.setAttribute(
      "aria-label",
      `Map of channel ${k}, row ${y}, column ${x}; arrows move`,
    );
    input.element.setAttribute(
      "aria-label",
      `Input; row ${y}, column ${x} of the map sees what is framed; arrows move`,
    );
  }

  function explain() {
    const { channel: k, y, x } = app.state,
      found = explanation(app, k, y, x);
    why.replaceChildren(
      make(
        "div",
        { class: "row" },
        make("h3", {}, "Why"),
        make("span", { class: "grow" }),
        make("span", { class: "dim" }, `row ${y}, column ${x}`),
      ),
      ...(found.sums ?? []),
    );
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
  const canvas = make("canvas", {
    class: "pixels",
    tabindex: 0,
    role: "application",
    "aria-label": label,
  });
  let size = [1, 1];
  canvas.addEventListener("click", (event) => {
    const box = canvas.getBoundingClientRect();
    const part = (at, start, length, count) =>
      Math.max(0, Math.min(count - 1, Math.floor(((at - start) / length) * count)));
    choose(
      part(event.clientY, box.top, box.height, size[0]),
      part(event.clientX, box.left, box.width, size[1]),
    );
  });
  canvas.addEventListener("keydown", (event) => {
    const by = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[
      event.key
    ];
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
      const cell = Number(canvas.dataset.cell),
        pen = canvas.getContext("2d"),
        [y, x, h, w] = frame;
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
  const [, kh, kw] = report.kernelShape,
    { stride, padding } = report.arithmetic;
  return [y * stride - padding[0], x * stride - padding[1], kh, kw];
}
