// The state of a page, its address, and what is said of it.

const START = {
  image: 0,
  t: 0,
  channel: 0,
  y: 0,
  x: 0,
  mode: "count",
  scale: "map",
  sort: "channel",
  down: false,
  filter: "",
  as: "index",
  view: "maps",
  pins: [],
  theme: "auto",
  epoch: 0,
  playing: false,
};
const VIEWS = {
  maps: "Maps",
  neuron: "Neuron",
  channels: "Channels",
  draw: "Draw",
  compare: "Compare",
  training: "Training",
};

class App {
  constructor(report, el, { address }) {
    Object.assign(this, { report, el, address });
    this.state = { ...START, t: report.T - 1, ...report.start };
    this.parts = [];
  }

  image(which = this.state.image) {
    return which === "own" ? this.own : this.report.images[which];
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
    return table
      ? this.table.order()
      : (this.all ??= Array.from({ length: this.report.K }, (_, k) => k));
  }

  /** Take over a change, redraw what shows it. */
  set(change, again = false) {
    const changed = new Set(
      Object.keys(change).filter((name) => again || this.state[name] !== change[name]),
    );
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
    const [K, H, W] = this.spikes().shape,
      { state } = this;
    for (const [name, count] of [
      ["channel", K],
      ["y", H],
      ["x", W],
      ["t", this.report.T],
    ]) {
      const fitted = Math.max(
        0,
        Math.min(count - 1, Number.isInteger(state[name]) ? state[name] : 0),
      );
      if (fitted !== state[name]) {
        state[name] = fitted;
        changed.add(name);
      }
    }
  }

  sortBy(key) {
    const down =
      this.state.sort === key ? !this.state.down : !["channel", "type", "first"].includes(key);
    this.set({ sort: key, down }, true);
  }

  move(dy, dx) {
    this.set({ y: Math.max(0, this.state.y + dy), x: Math.max(0, this.state.x + dx) });
  }

  /** Choose the neuron whose field has this pixel of the input in its middle. */
  lookAt(row, column) {
    const [, H, W] = this.image().pixels[2],
      [, h, w] = this.spikes().shape,
      found = this.report.arithmetic;
    if (!found) return this.set({ y: Math.floor((row * h) / H), x: Math.floor((column * w) / W) });
    const [, kh, kw] = this.report.kernelShape,
      part = (at, padding, k) => Math.round((at + padding - (k - 1) / 2) / found.stride);
    return this.set({
      y: Math.max(0, part(row, found.padding[0], kh)),
      x: Math.max(0, part(column, found.padding[1], kw)),
    });
  }

  pinned() {
    const { image, channel, y, x } = this.state;
    return [image, channel, y, x].join(".");
  }

  isPinned() {
    return this.state.pins.includes(this.pinned());
  }

  pin(which = this.pinned()) {
    const { pins } = this.state;
    return this.set({
      pins: pins.includes(which) ? pins.filter((pin) => pin !== which) : [...pins, which],
    });
  }

  play(start) {
    clearInterval(this.clock);
    if (start) {
      const { T } = this.report,
        stride = Math.ceil(T / 400);
      if (this.state.t === T - 1) this.set({ t: 0 });
      this.clock = setInterval(
        () =>
          this.state.playing && this.el.isConnected
            ? this.set({ t: (this.state.t + stride) % T })
            : clearInterval(this.clock),
        Math.max(80, Math.min(400, 4000 / T)),
      );
    }
    this.set({ playing: start });
  }

  /** Read out what is chosen now. */
  tell() {
    clearTimeout(this.telling);
    this.telling = setTimeout(() => {
      const { channel: k, t, y, x } = this.state,
        spikes = this.spikes(),
        [, H, W] = spikes.shape;
      const train = spikes.train((k * H + y) * W + x);
      this.say(
        `${this.name(this.image())}, t = ${t}. ${this.words(k)}. Row ${y}, column ${x}: ${spikeWords(train, spikes.T)}.`,
      );
    }, 250);
  }

  say(text) {
    this.live.textContent = text;
  }

  words(k) {
    const rate = this.spikes().rate(k),
      type = this.report.type(k);
    return `Channel ${k}${type ? `, ${type}` : ""}, ${this.report.most > 1 ? `${number(rate, 2)} spikes a step` : `rate ${percent(rate)}`}`;
  }

  /** The state as the address's fragment, a moment after it has settled. */
  remember() {
    clearTimeout(this.remembering);
    this.remembering = setTimeout(() => {
      this.written = `#${fragment(this.state, this.own)}`;
      try {
        history.replaceState(null, "", this.written);
      } catch {
        /* a frame without an address */
      }
    }, 200);
  }

  /** The state that the address says; an image of one's own in it is encoded first. */
  read() {
    const said = new URLSearchParams(location.hash.slice(1)).get("own");
    if (said) this.bring?.(said);
    return parsed(location.hash, this.report, this.own);
  }

  recall() {
    if (location.hash.length > 1 && location.hash !== this.written)
      this.set(this.read());
  }
}

const KEPT = [
  "image",
  "t",
  "channel",
  "y",
  "x",
  "mode",
  "scale",
  "as",
  "sort",
  "down",
  "filter",
  "view",
  "epoch",
];

/** Drawings of more bytes would make links that few programs take; they are in none. */
const LINKED = 3072;

/** Bytes as the letters of an address, and back. */
const letters = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replace(/[+/=]/g, (c) => ({ "+": "-", "/": "_" })[c] ?? "");
function bytesOf(text) {
  try {
    const plain = atob(text.replace(/[-_]/g, (c) => ({ "-": "+", _: "/" })[c]));
    return Uint8Array.from(plain, (c) => c.charCodeAt(0));
  } catch {
    return new Uint8Array();
  }
}

function fragment(state, own) {
  const words = KEPT.filter(
    (name) => ["image", "t", "channel", "y", "x"].includes(name) || state[name] !== START[name],
  );
  const linked = own && own.bytes.length <= LINKED,
    pins = state.pins.filter((pin) => linked || !pin.startsWith("own"));
  const pairs = words
    .filter((name) => linked || state[name] !== "own")
    .map((name) => [name, String(state[name])]);
  if (pins.length) pairs.push(["pin", pins.join(",")]);
  if (linked && (state.image === "own" || pins.some((pin) => pin.startsWith("own"))))
    pairs.push(["own", letters(own.bytes)]);
  if (state.theme !== "auto") pairs.push(["theme", state.theme]);
  return new URLSearchParams(pairs).toString();
}

/** The state that a fragment says; what is not understood is left out. */
function parsed(hash, report, own) {
  const said = new URLSearchParams(hash.slice(1)),
    state = {};
  const whole = (text, below) => /^\d{1,9}$/.test(text) && Number(text) < below;
  const counts = {
    image: report.images.length,
    t: report.T,
    channel: report.K,
    y: Infinity,
    x: Infinity,
    epoch: Infinity,
  };
  for (const [name, below] of Object.entries(counts))
    if (whole(said.get(name), below)) state[name] = Number(said.get(name));
  if (own && said.get("image") === "own") state.image = "own";
  const words = {
    mode: ["count", "step", "first"],
    scale: ["map", "shared"],
    as: ["index", "table"],
    view: Object.keys(VIEWS),
    theme: ["light", "dark"],
    sort: ["channel", "type", "here", "rate", "edge", "intensity", "first"],
  };
  for (const [name, known] of Object.entries(words))
    if (known.includes(said.get(name))) state[name] = said.get(name);
  if (said.has("down")) state.down = said.get("down") === "true";
  if (said.has("filter")) state.filter = said.get("filter").slice(0, 100);
  const pins = (said.get("pin") ?? "").split(",").filter((pin) => {
    const [image, channel, y, x] = pin.split(".");
    const [, H, W] = (image === "own" ? own : report.images[image])?.map ?? [0, 0, 0];
    return /^(own|\d+)(\.\d+){3}$/.test(pin) && channel < report.K && y < H && x < W;
  });
  if (pins.length) state.pins = [...new Set(pins)];
  return state;
}
