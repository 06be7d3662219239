// One's own image, drawn or dropped, encoded in the page by the same arithmetic.

function drawing(app) {
  const { report } = app,
    able = report.arithmetic?.agreement && report.images.every((image) => !image.steps);
  const [C, H, W] = report.images[0].pixels[2],
    section = (...children) =>
      make(
        "section",
        { class: "own", "aria-label": "Your own image" },
        make("h2", {}, "Your own image"),
        ...children,
      );
  if (!able) {
    const reason =
      report.why_not ||
      (report.neuron.v_threshold === undefined
        ? `how the potential of ${report.neuron.kind} moves is not known here`
        : "its sums have too many terms to be followed while you draw");
    return {
      element: section(
        make("p", { class: "dim" }, `This page cannot encode other images: ${reason}.`),
      ),
      update() {},
    };
  }
  const bytes = new Uint8Array(C * H * W),
    canvas = make("canvas", {
      class: "sheet",
      tabindex: 0,
      role: "application",
      "aria-label": `Drawing of ${W} by ${H} pixels. Arrows move the pen, space draws.`,
    });
  let rubber = false,
    pen = null,
    cursor = [H >> 1, W >> 1],
    focused = false,
    waiting = false;
  const image = {
    place: "own",
    name: "Your drawing",
    index: null,
    pixels: [null, 0, [C, H, W]],
    bytes,
    form: "first",
    map: report.images[0].map,
  };

  function show() {
    const colours = pictureColours(bytes, [C, H, W]);
    paint(canvas, colours, H, W, (124 * W) / Math.max(H, W));
    if (focused) {
      const cell = Number(canvas.dataset.cell),
        line = canvas.getContext("2d");
      line.strokeStyle = "#d9731a";
      line.lineWidth = 2;
      line.strokeRect(cursor[1] * cell, cursor[0] * cell, cell, cell);
    }
  }

  /** Encode what is there. */
  function encodeNow() {
    image.values = entering(report, bytes, [C, H, W]);
    const [drive, shape] = driveMaps(report, image.values, [C, H, W]);
    image.map = shape;
    image.record = report.thresholds
      ? new Spikes("first", firstSpikes(drive, report.thresholds), shape, report.T, 1)
      : new Spikes("counts", stepped(drive, report.T, report.neuron), shape, report.T, 1);
    app.own = image;
  }

  /** Encode and show it; several strokes of one frame at once. */
  function encode() {
    show();
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      encodeNow();
      app.set({ image: "own" }, true);
    });
  }

  /** Take the image of an address. */
  app.bring = (text) => {
    const sent = bytesOf(text);
    if (sent.length !== bytes.length) return;
    bytes.set(sent);
    show();
    encodeNow();
  };

  /** A soft dot at (y, x), in pixels. */
  function dot(y, x) {
    const radius = Math.max(1, Math.min(H, W) / 22),
      reach = Math.ceil(radius + 1);
    for (let row = Math.floor(y) - reach; row <= y + reach; row++) {
      for (let column = Math.floor(x) - reach; column <= x + reach; column++) {
        if (row < 0 || column < 0 || row >= H || column >= W) continue;
        const share = Math.max(
          0,
          Math.min(1, radius + 0.5 - Math.hypot(row + 0.5 - y, column + 0.5 - x)),
        );
        for (let c = 0; c < C; c++) {
          const i = (c * H + row) * W + column;
          bytes[i] = rubber
            ? Math.min(bytes[i], 255 * (1 - share))
            : Math.max(bytes[i], 255 * share);
        }
      }
    }
  }

  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [
      ((event.clientY - box.top) / box.height) * H,
      ((event.clientX - box.left) / box.width) * W,
    ];
  };
  canvas.addEventListener("pointerdown", (event) => {
    pen = at(event);
    canvas.setPointerCapture?.(event.pointerId);
    dot(...pen);
    encode();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!pen) return;
    const to = at(event),
      steps = Math.ceil(2 * Math.hypot(to[0] - pen[0], to[1] - pen[1])) || 1;
    for (let s = 1; s <= steps; s++)
      dot(pen[0] + ((to[0] - pen[0]) * s) / steps, pen[1] + ((to[1] - pen[1]) * s) / steps);
    pen = to;
    encode();
  });
  for (const name of ["pointerup", "pointercancel"])
    canvas.addEventListener(name, () => {
      pen = null;
    });
  canvas.addEventListener("focus", () => {
    focused = canvas.matches(":focus-visible");
    show();
  });
  canvas.addEventListener("blur", () => {
    focused = false;
    show();
  });
  canvas.addEventListener("keydown", (event) => {
    const by = {
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
      " ": [0, 0],
    }[event.key];
    if (!by) return;
    event.preventDefault();
    event.stopPropagation();
    focused = true;
    cursor = [
      Math.max(0, Math.min(H - 1, cursor[0] + by[0])),
      Math.max(0, Math.min(W - 1, cursor[1] + by[1])),
    ];
    if (event.key === " ") {
      dot(cursor[0] + 0.5, cursor[1] + 0.5);
      encode();
    } else show();
  });

  /** Take a picture file: scaled to fit, black around it. */
  async function take(file) {
    let bitmap;
    try {
      bitmap = await createImageBitmap(file);
    } catch {
      app.say(`${clipped(file.name)} is no picture that this browser reads; drop a PNG or JPEG.`);
      return;
    }
    const fitted = make("canvas", { width: W, height: H }),
      paper = fitted.getContext("2d"),
      scale = Math.min(W / bitmap.width, H / bitmap.height);
    paper.fillRect(0, 0, W, H);
    paper.imageSmoothingQuality = "high";
    paper.drawImage(
      bitmap,
      (W - bitmap.width * scale) / 2,
      (H - bitmap.height * scale) / 2,
      bitmap.width * scale,
      bitmap.height * scale,
    );
    const { data } = paper.getImageData(0, 0, W, H);
    for (let i = 0; i < H * W; i++) {
      const [r, g, b] = data.subarray(4 * i, 4 * i + 3);
      if (C === 3)
        [r, g, b].forEach((value, c) => {
          bytes[c * H * W + i] = value;
        });
      // ITU-R 601-2 luma, as Pillow has it.
      else bytes.fill((r * 19595 + g * 38470 + b * 7471 + 32768) >> 16, i, i + 1);
    }
    encode();
    app.say(`${clipped(file.name)} encoded in this page`);
  }
  const choose = make("input", {
    type: "file",
    accept: "image/*",
    class: "hidden",
    tabindex: -1,
    "aria-label": "A picture file",
    onchange: () => {
      if (choose.files[0]) take(choose.files[0]);
      choose.value = "";
    },
  });
  const tools = choice("Tool", { pen: "Pen", rubber: "Rubber" }, "pen", (value) => {
    rubber = value === "rubber";
    tools.show(value);
  });
  const button = (text, act) =>
    make("button", { type: "button", class: "plain", onclick: act }, text);
  const [same, all] = report.arithmetic.agreement;
  const proof =
    same === all
      ? `all ${all.toLocaleString("en")} neurons of a sample spike as in PyTorch`
      : `${same.toLocaleString("en")} of ${all.toLocaleString("en")} neurons of a sample spike as in PyTorch, ${plural(all - same, "neuron")} otherwise: sums are rounded in another order there`;
  const element = section(
    canvas,
    make(
      "div",
      { class: "tools" },
      tools,
      button("Edit this", () => {
        const now = app.image();
        if (`${now.pixels[2]}` === `${[C, H, W]}`) bytes.set(report.pixels(now)[0]);
        else app.say("This image has another size than the drawing.");
        encode();
      }),
      button("Clear", () => {
        bytes.fill(0);
        encode();
      }),
      button("Open …", () => choose.click()),
      choose,
    ),
    make(
      "p",
      { class: "dim proof" },
      `Draw, or drop a picture. Encoded in this page: ${proof} (compared when the page was made).`,
    ),
  );
  app.el.addEventListener("dragover", (event) => {
    if ([...event.dataTransfer.types].includes("Files")) {
      event.preventDefault();
      app.el.classList.add("dropping");
    }
  });
  app.el.addEventListener("dragleave", (event) => {
    if (!app.el.contains(event.relatedTarget)) app.el.classList.remove("dropping");
  });
  app.el.addEventListener("drop", (event) => {
    app.el.classList.remove("dropping");
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    take(event.dataTransfer.files[0]);
  });
  return {
    element,
    update(changed) {
      if (changed.has("start")) show();
    },
  };
}
