// The parts around the grid: title and controls, pins, head, tabs.

/** The grid with its title, its controls and its legend. */
function explorer(app) {
  const look = make("div", { class: "look" });
  const grid = mapGrid({
    label: "Maps of all channels",
    // Where one part is shown at a time, a second tap leads on to the neuron.
    choose: (k) =>
      app.set(
        k === app.state.channel && app.el.classList.contains("narrow")
          ? { view: "neuron" }
          : { channel: k },
      ),
    look: (k) => {
      look.textContent = app.words(k ?? app.state.channel);
    },
  });
  const title = make("h2"),
    answer = make("span", { class: "dim" });
  const mode = choice(
    "What is shown",
    { count: "Count", step: "This step", first: "First spike" },
    "count",
    (value) => app.set({ mode: value }),
  );
  const scale = choice("Scale", { map: "Per map", shared: "Shared" }, "map", (value) =>
    app.set({ scale: value }),
  );
  const meaning = make("div", { class: "meaning" }),
    shown = make("div", { class: "view" });
  shown.append(
    grid.element,
    make(
      "div",
      { class: "row legend" },
      meaning,
      make("span", { class: "grow" }),
      look,
      savers(app, "maps", () => shown),
    ),
  );
  const element = make(
    "section",
    { class: "maps", "aria-label": "Maps" },
    make("div", { class: "row wrap" }, make("div", { class: "name" }, title, answer), mode, scale),
    shown,
  );
  const draw = () => grid.draw(app.spikes(), app.state, app.order());
  new ResizeObserver(() => {
    draw();
    grid.mark(app.state.channel, (k) => app.words(k));
  }).observe(element);
  return {
    element,
    bar: element.firstChild,
    update(changed) {
      const { state } = app,
        image = app.image();
      draw();
      if (changed.has("image")) {
        title.textContent = clipped(image.name || image.source || `Image ${image.index}`, 40);
        title.title = app.name(image);
        const taken =
          image.predicted === null || image.predicted === undefined
            ? ""
            : ` · taken for class ${image.predicted}${image.correct === undefined ? "" : image.correct ? ", right" : ", wrong"}`;
        answer.textContent =
          (image.name && image.index !== null ? `image ${image.index}` : "") + taken;
      }
      if (["mode", "scale", "t"].some((name) => changed.has(name)) || changed.has("start")) {
        mode.show(state.mode);
        scale.show(state.scale);
        scale.hidden = state.mode !== "count";
        meaning.replaceChildren(...legend(state, app.report));
      }
      if (changed.size > 1 || !changed.has("t")) {
        grid.mark(state.channel, (k) => app.words(k));
        look.textContent = app.words(state.channel);
      }
    },
  };
}

/** Neurons that were pinned, each with its map and its spikes. */
function pinboard(app) {
  const list = make("div", { class: "pins" }),
    element = make(
      "section",
      { class: "pinboard", "aria-label": "Pinned", hidden: true },
      make("h2", { class: "small" }, "Pinned"),
      list,
    );
  let cards = [];
  function build() {
    cards = app.state.pins.map((pin) => {
      const [which, ...place] = pin.split("."),
        image = which === "own" ? which : Number(which),
        [channel, y, x] = place.map(Number),
        canvas = make("canvas", { "aria-hidden": "true" });
      const record = app.report.spikes(app.image(image)),
        [, H, W] = record.shape;
      const text = `Channel ${channel}, row ${y}, column ${x}, ${app.name(app.image(image))}`;
      const card = make(
        "div",
        { class: "card" },
        make(
          "button",
          {
            type: "button",
            class: "go",
            title: text,
            onclick: () => app.set({ image, channel, y, x }),
          },
          canvas,
          make("span", { class: "hidden" }, "Channel "),
          make("span", {}, make("b", {}, String(channel)), ` (${y}, ${x})`),
          make("small", {}, spikeWords(record.train((channel * H + y) * W + x), record.T)),
        ),
        make(
          "button",
          {
            type: "button",
            class: "plain",
            "aria-label": `Unpin ${text}`,
            onclick: () => app.pin(pin),
          },
          "×",
        ),
      );
      return { card, canvas, record, channel };
    });
    list.replaceChildren(...cards.map(({ card }) => card));
    element.hidden = !cards.length;
  }
  return {
    element,
    update(changed) {
      const drawn = changed.has("image") && app.state.pins.some((pin) => pin.startsWith("own"));
      if (changed.has("pins") || drawn) build();
      for (const { canvas, record, channel } of cards) {
        const [, H, W] = record.shape,
          size = H * W;
        paint(
          canvas,
          shades(record, app.state).subarray(channel * size, (channel + 1) * size),
          H,
          W,
          40,
        );
      }
    },
  };
}

/** What the page is of. */
function head(app) {
  const { report } = app,
    night = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (app.state.theme === "auto" ? night.matches : app.state.theme === "dark");
  const theme = make("button", {
    type: "button",
    class: "plain",
    onclick: () => app.set({ theme: isDark() ? "light" : "dark" }),
  });
  const told = new Map(report.facts),
    brief = [
      ...["neurons", "images", "accuracy"].map((name) => told.get(name)),
      `T = ${report.T}`,
      ...report.scores.slice(0, 1).map(({ name, value }) => `${name} ${value}`),
    ]
      .filter(Boolean)
      .join(" · ");
  const scores = report.scores.map(({ name, value, limits }) =>
    make(
      "div",
      {},
      make("dt", {}, name),
      make("dd", {}, value, limits ? make("small", {}, ` (95 %: ${limits})`) : null),
    ),
  );
  const facts = report.facts.map(([name, value]) =>
    make("div", {}, make("dt", {}, name), make("dd", {}, value)),
  );
  const about = make(
    "details",
    { class: "about" },
    make(
      "summary",
      {},
      "About this page",
      brief ? make("span", { class: "dim" }, `: ${brief}`) : null,
    ),
    make("dl", {}, facts),
    make(
      "h2",
      { class: "small" },
      `From the ${plural(report.channels.images, "image")} of this page`,
    ),
    make("dl", { class: "scores" }, scores),
    report.scorecard ? scorecard(report.scorecard) : null,
    report.assumed.length
      ? make(
          "div",
          {},
          make("h2", { class: "small" }, "Assumed"),
          make(
            "ul",
            {},
            report.assumed.map((each) => make("li", {}, each)),
          ),
        )
      : null,
    make(
      "p",
      { class: "dim" },
      "Pictures and maps read alike in both themes: black is none, white is most. " +
        (app.report.images.some((image) => image.form === "bits" || image.form === "counts")
          ? "This layer's neurons do not repeat regularly, so the page holds every spike."
          : "These neurons repeat regularly, so the page holds first-spike times and computes the rest."),
    ),
  );
  function dress() {
    app.el.dataset.theme = app.state.theme;
    theme.textContent = isDark() ? "Light" : "Dark";
    theme.setAttribute("aria-label", `Use the ${isDark() ? "light" : "dark"} theme`);
  }
  night.addEventListener("change", dress);
  // What is folded away on a screen is wanted on paper.
  addEventListener("beforeprint", () => (about.open = true));
  return {
    element: make(
      "header",
      { class: "top" },
      make(
        "div",
        { class: "row" },
        make("b", { class: "brand" }, "snnviz"),
        make("h1", { title: report.title }, clipped(report.title, 90)),
        make("span", { class: "grow" }),
        theme,
      ),
      about,
    ),
    update(changed) {
      if (changed.has("theme")) dress();
    },
  };
}

/** What an analysis found, beside its baselines. */
function scorecard({ columns, rows, images, dataset, same }) {
  return make(
    "div",
    {},
    make("h2", { class: "small" }, `Scorecard, over ${plural(images, "image")} of ${dataset}`),
    same
      ? null
      : make("p", { class: "dim" }, "The analysis does not say that it is of this very encoder."),
    make(
      "div",
      { class: "scroller", tabindex: 0, role: "region", "aria-label": "Scorecard" },
      make(
        "table",
        { class: "table" },
        make(
          "thead",
          {},
          make(
            "tr",
            {},
            make("td"),
            columns.map((name) => make("th", { scope: "col" }, name)),
          ),
        ),
        make(
          "tbody",
          {},
          rows.map(([title, ...values]) =>
            make(
              "tr",
              {},
              make("th", { scope: "row" }, title),
              values.map((value) => make("td", {}, value)),
            ),
          ),
        ),
      ),
    ),
  );
}

/** Which part is shown: all side by side on a wide screen, one at a time on a narrow one. */
function tabs(app, views) {
  const bar = choice(
    "View",
    Object.fromEntries(views.map((view) => [view, VIEWS[view]])),
    "maps",
    (view) => app.set({ view }),
  );
  bar.classList.add("tabs");
  return {
    element: make("nav", { "aria-label": "Views" }, bar),
    update(changed) {
      bar.querySelector("[data-value=neuron]").dataset.channel = app.state.channel;
      if (!changed.has("view")) return;
      app.el.dataset.view = app.state.view;
      bar.show(app.state.view);
    },
  };
}
