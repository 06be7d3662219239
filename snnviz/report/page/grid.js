// All maps in a grid, the time above them, the images beside them.

const GAP = 2;

/** A grid of maps: one canvas, and over it a button for each map. */
function mapGrid({ label, choose, look }) {
  const canvas = make("canvas", { class: "maps-canvas", "aria-hidden": "true" });
  const tiles = make("div", {
    class: "tiles",
    role: "listbox",
    "aria-label": label,
    "aria-orientation": "horizontal",
  });
  const element = make("div", { class: "grid" }, canvas, tiles);
  let shown = { order: [], columns: 1, size: [1, 1] },
    wide = 0;

  /** Make the buttons anew: the order, the size of the maps or the room has changed. */
  function lay(order, [, H, W]) {
    wide = element.clientWidth || 600;
    const ratio = window.devicePixelRatio || 1,
      count = Math.max(1, order.length);
    const { cell, columns } = fitted(Math.floor(wide * ratio), [H, W], count, ratio);
    const rows = Math.ceil(count / columns),
      pitch = [H * cell + GAP, W * cell + GAP];
    canvas.width = columns * pitch[1] + GAP;
    canvas.height = rows * pitch[0] + GAP;
    for (const style of [canvas.style, tiles.style]) {
      style.width = `${canvas.width / ratio}px`;
      style.height = `${canvas.height / ratio}px`;
    }
    Object.assign(canvas.dataset, { cell, columns, gap: GAP });
    shown = { order, columns, rows, cell, pitch, size: [H, W], ratio };
    tiles.replaceChildren(
      ...order.map((k, place) => {
        const tile = make("div", {
          class: "tile",
          role: "option",
          "data-channel": k,
          tabindex: -1,
        });
        Object.assign(tile.style, {
          left: `${(GAP + (place % columns) * pitch[1]) / ratio}px`,
          top: `${(GAP + Math.floor(place / columns) * pitch[0]) / ratio}px`,
          width: `${(W * cell) / ratio}px`,
          height: `${(H * cell) / ratio}px`,
        });
        return tile;
      }),
    );
  }

  const place = (target) =>
    shown.order.indexOf(Number(target.closest?.(".tile")?.dataset.channel ?? -1));
  tiles.addEventListener(
    "click",
    (event) => place(event.target) >= 0 && choose(shown.order[place(event.target)]),
  );
  tiles.addEventListener(
    "pointerover",
    (event) => place(event.target) >= 0 && look(shown.order[place(event.target)]),
  );
  tiles.addEventListener("pointerleave", () => look(null));
  tiles.addEventListener("keydown", (event) => {
    const at = place(event.target),
      last = shown.order.length - 1;
    const to = {
      ArrowRight: at + 1,
      ArrowLeft: at - 1,
      ArrowDown: at + shown.columns,
      ArrowUp: at - shown.columns,
      Home: 0,
      End: last,
    }[event.key];
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    if (to < 0 || to > last) return;
    choose(shown.order[to]);
    tiles.children[to].focus();
  });

  return {
    element,
    canvas,
    /** Redraw the maps, and nothing else. */
    draw(spikes, view, order) {
      const { size } = shown,
        again =
          `${order}` !== `${shown.order}` ||
          size[0] !== spikes.shape[1] ||
          size[1] !== spikes.shape[2];
      if (again || element.clientWidth !== wide) lay(order, spikes.shape);
      const [H, W] = shown.size,
        { cell, columns, pitch } = shown;
      const image = sideBySide(shades(spikes, view), order, columns, [H, W]);
      const pen = canvas.getContext("2d"),
        small = (mapGrid.small ??= document.createElement("canvas"));
      small.width = image.width;
      small.height = image.height;
      small.getContext("2d").putImageData(image, 0, 0);
      pen.clearRect(0, 0, canvas.width, canvas.height);
      pen.imageSmoothingEnabled = false;
      order.forEach((_, n) => {
        const row = Math.floor(n / columns),
          column = n % columns;
        pen.drawImage(
          small,
          column * W,
          row * H,
          W,
          H,
          GAP + column * pitch[1],
          GAP + row * pitch[0],
          W * cell,
          H * cell,
        );
      });
    },
    /** Say of each map what it is, and which one is chosen. */
    mark(chosen, words) {
      const focus = shown.order.includes(chosen) ? chosen : shown.order[0];
      for (const tile of tiles.children) {
        const k = Number(tile.dataset.channel);
        tile.setAttribute("aria-selected", k === chosen);
        tile.setAttribute("aria-label", words(k));
        tile.tabIndex = k === focus ? 0 : -1;
      }
    },
  };
}

/** Device pixels a neuron, and maps a row: those that fill the room best with maps that can be hit. */
function fitted(room, [H, W], count, ratio) {
  const many = count > 256,
    smallest = (many ? 20 : 34) * ratio;
  const columnsAt = (cell) =>
    Math.max(1, Math.min(count, many ? 32 : 16, Math.floor((room - GAP) / (W * cell + GAP))));
  const least = Math.max(
    1,
    Math.min(Math.ceil(smallest / Math.min(H, W)), Math.floor((room - 2 * GAP) / W)),
  );
  let best = { cell: least, columns: columnsAt(least), used: 0 };
  for (let cell = least; cell <= least + 8 && Math.max(H, W) * cell <= 120 * ratio; cell++) {
    const columns = columnsAt(cell),
      used = (columns * (W * cell + GAP)) / room;
    if (used > best.used + 0.02 && used <= 1) best = { cell, columns, used };
  }
  return best;
}

/** Some maps beside each other, a pixel a neuron. */
function sideBySide(colours, order, columns, [H, W]) {
  const image = new ImageData(columns * W, Math.max(1, Math.ceil(order.length / columns)) * H);
  const pixels = new Uint32Array(image.data.buffer);
  order.forEach((k, n) => {
    const corner = Math.floor(n / columns) * H * columns * W + (n % columns) * W;
    for (let y = 0; y < H; y++) {
      const from = (k * H + y) * W;
      pixels.set(colours.subarray(from, from + W), corner + y * columns * W);
    }
  });
  return image;
}

/** Time: play, a slider, and above it how many spikes each step has. */
function timeBar(app) {
  const { T } = app.report;
  const bars = draw("svg", {
    class: "bars",
    "aria-hidden": "true",
    preserveAspectRatio: "none",
    viewBox: `0 0 ${T} 1`,
  });
  const slider = make("input", {
    type: "range",
    min: 0,
    max: T - 1,
    step: 1,
    "aria-label": "Time step t",
    disabled: T === 1,
    oninput: () => app.set({ t: Number(slider.value), playing: false }),
  });
  const every = Math.ceil(T / 16);
  const ticks = make(
    "div",
    { class: "ticks", "aria-hidden": "true" },
    Array.from({ length: Math.ceil(T / every) }, (_, n) => {
      const tick = make("span", {}, String(n * every));
      tick.style.left = `${((n * every + 0.5) / T) * 100}%`;
      return tick;
    }),
  );
  const play = make("button", {
    type: "button",
    class: "play",
    onclick: () => app.play(!app.state.playing),
  });
  const now = make("div", { class: "now" });
  const element = make(
    "div",
    { class: "time" },
    play,
    make("div", { class: "track" }, bars, slider, ticks),
    now,
  );
  element.style.setProperty("--T", T);
  let rects = [],
    before = 0;
  return {
    element,
    update(changed) {
      const sums = app.spikes().histogram(),
        { t, playing } = app.state;
      if (changed.has("image") || !rects.length) {
        const top = Math.max(1, ...sums);
        rects = sums.map((sum, step) =>
          draw("rect", {
            x: step + 0.3,
            width: 0.4,
            y: 1 - Math.max(0.02, sum / top),
            height: Math.max(0.02, sum / top),
          }),
        );
        bars.replaceChildren(...rects);
      }
      // Only what lies between the step before and this one looks different now.
      const [low, high] = rects.at(-1).hasAttribute("class")
        ? [Math.min(before, t), Math.max(before, t)]
        : [0, T - 1];
      for (let step = low; step <= high; step++)
        rects[step].setAttribute("class", step === t ? "at" : step > t ? "later" : "");
      before = t;
      [...ticks.children].forEach((tick, n) => tick.classList.toggle("at", n * every === t));
      slider.value = t;
      slider.setAttribute(
        "aria-valuetext",
        `t = ${t} of 0 to ${T - 1}, ${plural(sums[t], "spike")} in this step`,
      );
      if (changed.has("playing")) {
        play.textContent = playing ? "❚❚" : "▶";
        play.setAttribute("aria-label", playing ? "Stop" : "Play the steps");
      }
      now.replaceChildren(make("b", {}, `t = ${t}`), make("small", {}, plural(sums[t], "spike")));
    },
  };
}

/** The images to choose from. */
function imageList(app) {
  const list = make("div", { class: "thumbs", role: "listbox", "aria-label": "Images" });
  const tiles = app.report.images.map((image) => {
    const canvas = make("canvas", { "aria-hidden": "true" });
    return make(
      "div",
      {
        role: "option",
        class: "thumb",
        "data-image": image.place,
        "aria-label": app.name(image),
        title: app.name(image),
        onclick: () => app.set({ image: image.place }),
      },
      canvas,
    );
  });
  list.append(...tiles);
  list.addEventListener("keydown", (event) => {
    const at = tiles.indexOf(document.activeElement),
      columns = Math.max(1, Math.round(list.clientWidth / (tiles[0].offsetWidth + 6)));
    const to = {
      ArrowRight: at + 1,
      ArrowLeft: at - 1,
      ArrowDown: at + columns,
      ArrowUp: at - columns,
      Home: 0,
      End: tiles.length - 1,
    }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    if (!tiles[to]) return;
    app.set({ image: to });
    tiles[to].focus();
  });
  return {
    element: list,
    update(changed) {
      if (changed.has("start")) {
        app.report.images.forEach((image, n) => {
          const [bytes, shape] = app.report.pixels(image);
          paint(tiles[n].firstChild, pictureColours(bytes, shape), shape[1], shape[2], 56);
        });
      }
      if (!changed.has("image")) return;
      tiles.forEach((tile, n) => {
        tile.setAttribute("aria-selected", n === app.state.image);
        tile.tabIndex = n === (app.state.image === "own" ? 0 : app.state.image) ? 0 : -1;
      });
    },
  };
}

/** What the colours of the grid mean. */
function legend({ mode, scale, t }, { T, most }) {
  const swatch = (colour, text) => make("span", { class: "swatch" }, coloured(colour), text);
  if (mode === "first") {
    const steps =
      T > 8
        ? Array.from({ length: 8 }, (_, i) => Math.round((i * (T - 1)) / 7))
        : [...Array(T).keys()];
    return [
      make("span", {}, "t = 0"),
      make(
        "span",
        { class: "ramp" },
        steps.map((f) => coloured(timeColour(f, T))),
      ),
      make("span", {}, `t = ${T - 1}`),
      swatch(NONE, `no spike up to t = ${t}`),
    ];
  }
  const ramp = (low, high) => [
    make("span", {}, low),
    make(
      "span",
      { class: "ramp" },
      [0, 51, 102, 153, 204, 255].map((v) => coloured(GREYS[v])),
    ),
    make("span", {}, high),
  ];
  if (mode === "step") return ramp(`no spike at t = ${t}`, most > 1 ? `${most} spikes` : "a spike");
  const ends = scale === "shared" ? ["0", String(T * most)] : ["fewest", "most of the map"];
  return [...ramp(...ends), swatch(SILENT, "silent"), swatch(SATURATED, "saturated")];
}

/** A small box of a colour. */
function coloured(colour) {
  const box = make("i", { "aria-hidden": "true" });
  box.style.background = cssColour(colour);
  return box;
}
