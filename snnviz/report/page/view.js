// The page: its state, its parts, its address.

const START = { image: 0, t: 0, channel: 0, y: 0, x: 0, mode: "count", scale: "map", sort: "channel", down: false, filter: "", as: "index", view: "maps", pins: [], theme: "auto", epoch: 0, playing: false };
const VIEWS = { maps: "Maps", neuron: "Neuron", channels: "Channels", draw: "Draw", compare: "Compare", training: "Training" };

class App {
  constructor(report, el, { address }) {
    Object.assign(this, { report, el, address });
    this.state = { ...START, t: report.T - 1, ...report.start };
    this.parts = [];
  }

  image() {
    return this.state.image === "own" ? this.own : this.report.images[this.state.image];
  }

  spikes() {
    return this.report.spikes(this.image());
  }

  name(image) {
    const which = image.source ?? (image.index === null ? "" : `image ${image.index}`);
    return [image.name, which].filter(Boolean).join(", ");
  }

  /** The channels of the grid; of the table where it asks. */
  order(table = this.state.as === "table") {
    return table ? this.table.order() : this.all ??= Array.from({ length: this.report.K }, (_, k) => k);
  }

  /** Take over a change, redraw what shows it. */
  set(change, again = false) {
    const changed = new Set(Object.keys(change).filter((name) => again || this.state[name] !== change[name]));
    if (!changed.size) return;
    Object.assign(this.state, change);
    this.fit(changed);
    for (const part of this.parts) part.update(changed);
    if (this.address) this.remember();
    if (!changed.has("t") || changed.size > 1) this.tell();
    else if (!this.state.playing) this.tell();
  }

  /** Keep the state to what there is: maps may be of several sizes. */
  fit(changed) {
    const [K, H, W] = this.spikes().shape, { state } = this;
    for (const [name, count] of [["channel", K], ["y", H], ["x", W], ["t", this.report.T]]) {
      const fitted = Math.max(0, Math.min(count - 1, Number.isInteger(state[name]) ? state[name] : 0));
      if (fitted !== state[name]) { state[name] = fitted; changed.add(name); }
    }
  }

  sortBy(key) {
    const down = this.state.sort === key ? !this.state.down : !["channel", "type", "first"].includes(key);
    this.set({ sort: key, down }, true);
  }

  move(dy, dx) {
    this.set({ y: Math.max(0, this.state.y + dy), x: Math.max(0, this.state.x + dx) });
  }

  /** Choose the neuron whose field has this pixel of the input in its middle. */
  lookAt(row, column) {
    const [, H, W] = this.image().pixels[2], [, h, w] = this.spikes().shape, found = this.report.arithmetic;
    if (!found) return this.set({ y: Math.floor((row * h) / H), x: Math.floor((column * w) / W) });
    const [, kh, kw] = this.report.kernelShape, part = (at, padding, k) => Math.round((at + padding - (k - 1) / 2) / found.stride);
    return this.set({ y: Math.max(0, part(row, found.padding[0], kh)), x: Math.max(0, part(column, found.padding[1], kw)) });
  }

  pinned() {
    const { image, channel, y, x } = this.state;
    return image === "own" ? null : [image, channel, y, x].join(".");
  }

  isPinned() {
    return this.state.pins.includes(this.pinned());
  }

  pin(which = this.pinned()) {
    if (which === null) return this.say("Your own image is in no link; a neuron of it cannot be pinned.");
    const { pins } = this.state;
    return this.set({ pins: pins.includes(which) ? pins.filter((pin) => pin !== which) : [...pins, which] });
  }

  play(start) {
    clearInterval(this.clock);
    if (start) {
      const { T } = this.report;
      if (this.state.t === T - 1) this.set({ t: 0 });
      this.clock = setInterval(() => (this.state.playing && this.el.isConnected ? this.set({ t: (this.state.t + 1) % T }) : clearInterval(this.clock)), Math.max(80, Math.min(400, 4000 / T)));
    }
    this.set({ playing: start });
  }

  /** Read out what is chosen now. */
  tell() {
    clearTimeout(this.telling);
    this.telling = setTimeout(() => {
      const { channel: k, t, y, x } = this.state, spikes = this.spikes(), [, H, W] = spikes.shape;
      const train = spikes.train((k * H + y) * W + x);
      this.say(`${this.name(this.image())}, t = ${t}. ${this.words(k)}. Row ${y}, column ${x}: ${spikeWords(train, spikes.T)}.`);
    }, 250);
  }

  say(text) {
    this.live.textContent = text;
  }

  words(k) {
    const rate = this.spikes().rate(k), type = this.report.type(k);
    return `Channel ${k}${type ? `, ${type}` : ""}, ${this.report.most > 1 ? `${number(rate, 2)} spikes a step` : `rate ${percent(rate)}`}`;
  }

  /** The state as the address's fragment, a moment after it has settled. */
  remember() {
    clearTimeout(this.remembering);
    this.remembering = setTimeout(() => {
      this.written = `#${fragment(this.state)}`;
      try { history.replaceState(null, "", this.written); } catch { /* a frame without an address */ }
    }, 200);
  }

  recall() {
    if (location.hash.length > 1 && location.hash !== this.written) this.set(parsed(location.hash, this.report));
  }
}

const KEPT = ["image", "t", "channel", "y", "x", "mode", "scale", "as", "sort", "down", "filter", "view", "epoch"];

function fragment(state) {
  const words = KEPT.filter((name) => ["image", "t", "channel", "y", "x"].includes(name) || state[name] !== START[name]);
  const pairs = words.filter((name) => state[name] !== "own").map((name) => [name, String(state[name])]);
  if (state.pins.length) pairs.push(["pin", state.pins.join(",")]);
  if (state.theme !== "auto") pairs.push(["theme", state.theme]);
  return new URLSearchParams(pairs).toString();
}

/** The state that a fragment says; what is not understood is left out. */
function parsed(hash, report) {
  const said = new URLSearchParams(hash.slice(1)), state = {};
  const whole = (text, below) => /^\d{1,9}$/.test(text) && Number(text) < below;
  const counts = { image: report.images.length, t: report.T, channel: report.K, y: Infinity, x: Infinity, epoch: Infinity };
  for (const [name, below] of Object.entries(counts)) if (whole(said.get(name), below)) state[name] = Number(said.get(name));
  const words = { mode: ["count", "step", "first"], scale: ["map", "shared"], as: ["index", "table"], view: Object.keys(VIEWS), theme: ["light", "dark"], sort: ["channel", "type", "here", "rate", "edge", "intensity", "first"] };
  for (const [name, known] of Object.entries(words)) if (known.includes(said.get(name))) state[name] = said.get(name);
  if (said.has("down")) state.down = said.get("down") === "true";
  if (said.has("filter")) state.filter = said.get("filter").slice(0, 100);
  const pins = (said.get("pin") ?? "").split(",").filter((pin) => {
    const [image, channel, y, x] = pin.split(".");
    const [, H, W] = report.images[image]?.map ?? [0, 0, 0];
    return /^\d+(\.\d+){3}$/.test(pin) && channel < report.K && y < H && x < W;
  });
  if (pins.length) state.pins = [...new Set(pins)];
  return state;
}

/** The grid with its title, its controls and its legend. */
function explorer(app) {
  const look = make("div", { class: "look" });
  const grid = mapGrid({ label: "Maps of all channels", choose: (k) => app.set({ channel: k }), look: (k) => { look.textContent = app.words(k ?? app.state.channel); } });
  const title = make("h2"), answer = make("span", { class: "dim" });
  const mode = choice("What is shown", { count: "Count", step: "This step", first: "First spike" }, "count", (value) => app.set({ mode: value }));
  const scale = choice("Scale", { map: "Per map", shared: "Shared" }, "map", (value) => app.set({ scale: value }));
  const meaning = make("div", { class: "meaning" }), shown = make("div", { class: "view" });
  shown.append(grid.element, make("div", { class: "row legend" }, meaning, make("span", { class: "grow" }), look, savers(app, "maps", () => shown)));
  const element = make("section", { class: "maps", "aria-label": "Maps" },
    make("div", { class: "row wrap" }, make("div", { class: "name" }, title, answer), mode, scale), shown);
  const draw = () => grid.draw(app.spikes(), app.state, app.order());
  new ResizeObserver(() => { draw(); grid.mark(app.state.channel, (k) => app.words(k)); }).observe(element);
  return {
    element, bar: element.firstChild,
    update(changed) {
      const { state } = app, image = app.image();
      draw();
      if (changed.has("image")) {
        title.textContent = clipped(image.name || image.source || `Image ${image.index}`, 40);
        title.title = app.name(image);
        const taken = image.predicted === null || image.predicted === undefined ? "" : ` · taken for class ${image.predicted}${image.correct === undefined ? "" : image.correct ? ", right" : ", wrong"}`;
        answer.textContent = (image.name && image.index !== null ? `image ${image.index}` : "") + taken;
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
  const list = make("div", { class: "pins" }), element = make("section", { class: "pinboard", "aria-label": "Pinned", hidden: true }, make("h3", {}, "Pinned"), list);
  let cards = [];
  function build() {
    cards = app.state.pins.map((pin) => {
      const [image, channel, y, x] = pin.split(".").map(Number), canvas = make("canvas", { "aria-hidden": "true" });
      const record = app.report.spikes(app.report.images[image]), [, H, W] = record.shape;
      const text = `Channel ${channel}, row ${y}, column ${x}, ${app.name(app.report.images[image])}`;
      const card = make("div", { class: "card" }, make("button", { type: "button", class: "go", title: text, "aria-label": text, onclick: () => app.set({ image, channel, y, x }) }, canvas,
        make("span", {}, make("b", {}, `${channel}`), ` (${y}, ${x})`), make("small", {}, spikeWords(record.train((channel * H + y) * W + x), record.T))),
      make("button", { type: "button", class: "plain", "aria-label": `Unpin ${text}`, onclick: () => app.pin(pin) }, "×"));
      return { card, canvas, record, channel };
    });
    list.replaceChildren(...cards.map(({ card }) => card));
    element.hidden = !cards.length;
  }
  return {
    element,
    update(changed) {
      if (changed.has("pins")) build();
      for (const { canvas, record, channel } of cards) {
        const [, H, W] = record.shape, size = H * W;
        paint(canvas, shades(record, app.state).subarray(channel * size, (channel + 1) * size), H, W, 40);
      }
    },
  };
}

/** What the page is of. */
function head(app) {
  const { report } = app, night = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (app.state.theme === "auto" ? night.matches : app.state.theme === "dark");
  const theme = make("button", { type: "button", class: "plain", onclick: () => app.set({ theme: isDark() ? "light" : "dark" }) });
  const told = new Map(report.facts), brief = [...["neurons", "images", "accuracy"].map((name) => told.get(name)), `T = ${report.T}`, ...report.scores.slice(0, 1).map(({ name, value }) => `${name} ${value}`)].filter(Boolean).join(" · ");
  const scores = report.scores.map(({ name, value, limits }) => make("div", {}, make("dt", {}, name), make("dd", {}, value, limits ? make("small", {}, ` (95 %: ${limits})`) : null)));
  const facts = report.facts.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value)));
  const about = make("details", { class: "about" }, make("summary", {}, "About this page", brief ? make("span", { class: "dim" }, `: ${brief}`) : null),
    make("dl", {}, facts), make("h3", {}, `From the ${plural(report.channels.images, "image")} of this page`), make("dl", { class: "scores" }, scores),
    report.scorecard ? scorecard(report.scorecard) : null,
    report.assumed.length ? make("div", {}, make("h3", {}, "Assumed"), make("ul", {}, report.assumed.map((each) => make("li", {}, each)))) : null,
    make("p", { class: "dim" }, "Pictures and maps read alike in both themes: black is none, white is most. " +
      (app.report.images.some((image) => image.form === "bits" || image.form === "counts") ? "This layer's neurons do not repeat regularly, so the page holds every spike." : "These neurons repeat regularly, so the page holds first-spike times and computes the rest.")));
  return {
    element: make("header", { class: "top" }, make("div", { class: "row" }, make("b", { class: "brand" }, "snnviz"), make("h1", { title: report.title }, clipped(report.title, 90)), make("span", { class: "grow" }), theme), about),
    update(changed) {
      if (!changed.has("theme")) return;
      app.el.dataset.theme = app.state.theme;
      theme.textContent = isDark() ? "Light" : "Dark";
      theme.setAttribute("aria-label", `Use the ${isDark() ? "light" : "dark"} theme`);
    },
  };
}

/** What an analysis found, beside its baselines. */
function scorecard({ columns, rows, images, dataset, same }) {
  const cells = (kind, values) => values.map((value, n) => make(n ? kind : "th", { scope: n ? (kind === "th" ? "col" : null) : "row" }, value));
  return make("div", {}, make("h3", {}, `Scorecard, over ${plural(images, "image")} of ${dataset}`), same ? null : make("p", { class: "dim" }, "The analysis does not say that it is of this very encoder."),
    make("div", { class: "scroller" }, make("table", { class: "table" }, make("thead", {}, make("tr", {}, cells("th", ["", ...columns]))), make("tbody", {}, rows.map((row) => make("tr", {}, cells("td", row)))))));
}

/** Which part is shown: all side by side on a wide screen, one at a time on a narrow one. */
function tabs(app, views) {
  const bar = choice("View", Object.fromEntries(views.map((view) => [view, VIEWS[view]])), "maps", (view) => app.set({ view }));
  bar.classList.add("tabs");
  return {
    element: bar,
    update(changed) {
      if (!changed.has("view")) return;
      app.el.dataset.view = app.state.view;
      bar.show(app.state.view);
      window.dispatchEvent(new Event("resize"));
    },
  };
}

/** Show a report in an element. */
function show(said, block, el, { address = false } = {}) {
  const report = new Report(said, block), app = new App(report, el, { address });
  el.classList.add("snnviz");
  app.live = make("div", { class: "hidden", role: "status", "aria-live": "polite" });
  app.table = channelTable(app);
  const parts = { head: head(app), time: timeBar(app), images: imageList(app), own: drawing(app), maps: explorer(app), table: app.table, neuron: neuronPanel(app), pins: pinboard(app) };
  const further = { ...(report.compare && { compare: comparison(app) }), ...(report.training && { training: training(app) }) };
  const views = ["maps", "neuron", "channels", "draw", ...Object.keys(further)];
  parts.tabs = tabs(app, views);
  app.parts = [...Object.values(parts), ...Object.values(further)];
  el.dataset.further = Object.keys(further).length > 0;
  el.replaceChildren(parts.head.element, make("div", { class: "body" },
    make("nav", { class: "side", "aria-label": "Images" }, make("h2", {}, "Images"), parts.images.element, parts.own.element),
    make("main", { class: "middle" }, parts.maps.bar, parts.time.element, parts.maps.element, app.table.element, Object.values(further).map((part) => part.element)),
    make("aside", { class: "aside" }, parts.neuron.element, parts.pins.element)), parts.tabs.element, app.live);
  if (address) Object.assign(app.state, parsed(location.hash, report));
  if (!views.includes(app.state.view)) app.state.view = "maps";
  app.set({ ...app.state, start: true }, true);
  if (address) addEventListener("hashchange", () => app.recall());
  el.addEventListener("keydown", (event) => {
    if (event.target.closest("input, [role=radiogroup], .tiles, .thumbs, [role=application]") || event.ctrlKey || event.metaKey || event.altKey) return;
    const { t } = app.state, act = { ",": () => app.set({ t: Math.max(0, t - 1) }), ".": () => app.set({ t: Math.min(report.T - 1, t + 1) }), p: () => app.pin(), "[": () => app.set({ channel: (app.state.channel + report.K - 1) % report.K }), "]": () => app.set({ channel: (app.state.channel + 1) % report.K }) }[event.key];
    if (act) { event.preventDefault(); act(); }
  });
  el.snnviz = app;
  return app;
}

/** What a notebook's widget calls. */
async function render({ model, el }) {
  const sent = model.get("block"), bytes = sent instanceof DataView ? new Uint8Array(sent.buffer, sent.byteOffset, sent.byteLength) : sent;
  const root = make("div");
  el.append(root);
  show(model.get("data"), await unzipped(bytes), root);
  return () => root.remove();
}

/** What a page of its own calls. */
async function open() {
  const text = (id) => document.getElementById(id).textContent;
  const bytes = Uint8Array.from(atob(text("snnviz-block")), (letter) => letter.charCodeAt(0));
  const el = document.getElementById("snnviz");
  try {
    show(JSON.parse(text("snnviz-data")), await unzipped(bytes), el, { address: true });
  } catch (error) {
    el.textContent = `This page needs a browser of 2023 or later: ${error.message}`;
    throw error;
  }
}

export default { render };
