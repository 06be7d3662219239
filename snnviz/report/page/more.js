// A second encoder beside the first, and one encoder over the epochs of its training.

/** Both encoders' maps of the same image, each channel opposite to the one it is matched with. */
function comparison(app) {
  const { report } = app,
    { compare } = report,
    other = (image) => compare.images[image.place];
  for (const image of compare.images) image.most = compare.most;
  const back = new Map(compare.match.map((k, mine) => [k, mine])),
    byMatch = { on: false };
  const pick = (k) => k !== undefined && app.set({ channel: k });
  const mine = mapGrid({ label: `Maps of ${report.title}`, choose: pick, look() {} });
  const theirs = mapGrid({
    label: `Maps of ${compare.title}`,
    choose: (k) => pick(back.get(k)),
    look() {},
  });
  const pair = make("div", { class: "pair" }),
    sentence = make("p"),
    note = make("p", { class: "dim" });
  const order = choice(
    "Order of the pairs",
    { index: "In order", r: "Best matched first" },
    "index",
    (value) => {
      byMatch.on = value === "r";
      order.show(value);
      redraw();
    },
  );
  const reached = compare.r.filter((r) => r !== null),
    alike = reached.filter((r) => r >= 0.5).length;
  sentence.textContent = `${alike} of ${report.K} channels are matched with one that follows the same, r at least .5; median r ${number(median(reached), 2)}, over ${plural(compare.n, "image")}.`;
  const alone = compare.K - reached.length;
  note.textContent =
    "r is Pearson's, of the spike counts over all pixels of these images; each channel is matched with one, so that the sum of r is largest." +
    (alone > 0
      ? ` ${plural(alone, "channel")} of ${compare.title} ${alone === 1 ? "is" : "are"} matched with none.`
      : "");
  const view = make(
    "div",
    { class: "view" },
    make(
      "div",
      { class: "halves" },
      make("figure", {}, make("figcaption", {}, clipped(report.title)), mine.element),
      make("figure", {}, make("figcaption", {}, clipped(compare.title)), theirs.element),
    ),
    pair,
  );
  const element = make(
    "section",
    { class: "compare", "aria-label": "Compare" },
    make(
      "div",
      { class: "row wrap" },
      make("h2", {}, "Two encoders, one image"),
      make("span", { class: "grow" }),
      order,
      savers(app, "compare", () => view),
    ),
    sentence,
    view,
    note,
  );

  function redraw() {
    const image = app.image(),
      said = other(image),
      { channel: k } = app.state;
    if (!element.clientWidth) return;
    if (!said)
      return void pair.replaceChildren(
        make(
          "p",
          { class: "dim" },
          "The other encoder has not seen your own image; choose one of the page's.",
        ),
      );
    const matched = app.order(false).filter((each) => compare.match[each] >= 0);
    if (byMatch.on) matched.sort((a, b) => compare.r[b] - compare.r[a] || a - b);
    const record = report.spikes(said);
    mine.draw(app.spikes(), app.state, matched);
    theirs.draw(
      record,
      app.state,
      matched.map((each) => compare.match[each]),
    );
    mine.mark(k, (each) => app.words(each));
    theirs.mark(
      compare.match[k],
      (each) => `Channel ${each} of ${compare.title}, matched with ${back.get(each)}`,
    );
    const [, H, W] = app.spikes().shape,
      size = H * W,
      large = (spikes, channel) => {
        const canvas = make("canvas", { "aria-hidden": "true" });
        paint(
          canvas,
          shades(spikes, app.state).subarray(channel * size, (channel + 1) * size),
          H,
          W,
          (140 * W) / Math.max(H, W),
        );
        return canvas;
      };
    const to = compare.match[k];
    pair.replaceChildren(
      ...(to < 0
        ? [make("p", {}, `Channel ${k} is matched with none.`)]
        : [
            make("figure", {}, large(app.spikes(), k), make("figcaption", {}, `channel ${k}`)),
            make("b", {}, `r = ${number(compare.r[k], 2)}`),
            make(
              "figure",
              {},
              large(record, to),
              make("figcaption", {}, `channel ${to} of the other`),
            ),
          ]),
    );
  }
  new ResizeObserver(redraw).observe(element);
  return { element, update: redraw };
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b),
    middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Curves over the epochs, and what the encoder made of an image after each. */
function training(app) {
  const { report } = app,
    said = report.training,
    { epochs } = said,
    last = epochs.length - 1;
  const grid = mapGrid({
    label: "Maps after the epoch",
    choose: (k) => app.set({ channel: k }),
    look() {},
  });
  const slider = make("input", {
    type: "range",
    min: 0,
    max: Math.max(0, last),
    step: 1,
    "aria-label": "Epoch",
    oninput: () => app.set({ epoch: Number(slider.value) }),
  });
  const now = make("b"),
    words = make("p", { class: "dim" }),
    strip = make("div", { class: "strip" }),
    curves = make("div", { class: "curves" });
  const view = make(
    "div",
    { class: "view" },
    curves,
    make("div", { class: "row epoch" }, make("span", {}, "Epoch"), slider, now),
    words,
    grid.element,
    strip,
  );
  const element = make(
    "section",
    { class: "training", "aria-label": "Training" },
    make(
      "div",
      { class: "row" },
      make("h2", {}, "Over the training"),
      make("span", { class: "grow" }),
      savers(app, "training", () => view),
    ),
    view,
  );
  const groups = Object.groupBy?.(said.curves, ({ name }) =>
    name.includes("loss") ? "Loss" : "Accuracy",
  ) ?? { Curves: said.curves };
  const plots = Object.entries(groups).map(([name, series]) => curvePlot(name, series));
  if (epochs[0]?.type) {
    const share = (holds) => epochs.map(({ type }) => type.filter(holds).length);
    const at = epochs.map(({ epoch }) => epoch);
    plots.push(
      curvePlot(`Channels, ${plural(said.n, "image")}`, [
        { name: "follow edges", epochs: at, values: share((type) => type.endsWith("edge")) },
        {
          name: "follow areas",
          epochs: at,
          values: share((type) => type === "area" || type === "background"),
        },
        { name: "silent", epochs: at, values: share((type) => type === "silent") },
      ]),
    );
  }
  curves.append(...plots.map((plot) => plot.element));
  for (const part of view.querySelectorAll(".epoch, .strip, p")) part.hidden = !epochs.length;

  function redraw(changed = new Set(["start"])) {
    if (!element.clientWidth || !epochs.length) return;
    const place = Math.min(app.state.epoch, last),
      epoch = epochs[place],
      { channel: k } = app.state;
    const n = Math.max(0, said.images.indexOf(app.state.image)),
      image = report.images[said.images[n]];
    slider.value = place;
    slider.setAttribute("aria-valuetext", epoch.name);
    now.textContent = epoch.name;
    words.textContent = `${app.name(image)}${said.images.includes(app.state.image) ? "" : " (of the other images no epoch is kept)"}, up to t = ${app.state.t}.`;
    grid.draw(report.spikes(epoch.images[n]), app.state, app.order(false));
    grid.mark(
      k,
      (each) =>
        `Channel ${each}, ${epoch.type?.[each] ?? ""} after ${epoch.name}, rate ${percent(epoch.rate[each])}`,
    );
    for (const plot of plots) plot.at(epoch.epoch);
    strip.replaceChildren(
      ...epochs.map((each, number) => {
        const spikes = report.spikes(each.images[n]),
          [, H, W] = spikes.shape,
          size = H * W;
        const map = make("canvas", { "aria-hidden": "true" }),
          kernel = make("canvas", { "aria-hidden": "true" });
        paint(
          map,
          shades(spikes, app.state).subarray(k * size, (k + 1) * size),
          H,
          W,
          (56 * W) / Math.max(H, W),
        );
        const shape = each.kernels[2].slice(1),
          weights = report.array(each.kernels),
          taps = product(shape);
        paint(
          kernel,
          kernelColours(weights.subarray(k * taps, (k + 1) * taps), shape),
          shape[1],
          shape[2],
          24,
        );
        return make(
          "button",
          {
            type: "button",
            class: number === place ? "go chosen" : "go",
            onclick: () => app.set({ epoch: number }),
          },
          map,
          kernel,
          make("span", {}, each.name),
          make("small", {}, `${each.type?.[k] ?? ""} ${percent(each.rate[k])}`),
        );
      }),
    );
  }
  new ResizeObserver(() => redraw()).observe(element);
  return { element, update: redraw };
}
