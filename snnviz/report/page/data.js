// What Python sends: one dict of plain values, one block of arrays that it points into.

const TYPES = { u1: Uint8Array, u2: Uint16Array, f4: Float32Array };
const product = (numbers) => numbers.reduce((a, b) => a * b, 1);

/** The array at a place [type, offset, shape] of the block; null where there is none. */
function arrayAt(block, place) {
  if (!place) return null;
  const [type, offset, shape] = place;
  return new TYPES[type](block, offset, product(shape));
}

/** The bytes behind gzip. */
async function unzipped(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

/** The spikes of one image: what `SpikeRecord` answers in Python, for neurons [K, H, W]. */
class Spikes {
  constructor(form, packed, shape, T, most) {
    Object.assign(this, { form, packed, shape, T, most });
    this.neurons = product(shape);
    this.renewal = form === "pairs" || form === "first";
    if (form === "pairs") {
      const first = new Uint8Array(this.neurons);
      for (let i = 0; i < this.neurons; i++) first[i] = (packed[i >> 1] >> (i & 1 ? 4 : 0)) & 15;
      this.times = first;
    } else if (form === "first") this.times = packed;
  }

  /** How often each neuron fires in the steps 0..t. */
  count(t) {
    const found = new Uint32Array(this.neurons);
    if (this.renewal) {
      // A neuron that first fires at f fires again every f + 1 steps; f = T gives none.
      const table = Uint32Array.from({ length: this.T + 1 }, (_, f) =>
        Math.floor((t + 1) / (f + 1)),
      );
      for (let i = 0; i < this.neurons; i++) found[i] = table[this.times[i]];
    } else if (this.form === "bits") {
      for (let s = 0; s <= t; s += 8) {
        const row = (s >> 3) * this.neurons,
          drop = Math.max(0, 7 - (t - s));
        for (let i = 0; i < this.neurons; i++) found[i] += BITS[this.packed[row + i] >> drop];
      }
    } else {
      for (let s = 0; s <= t; s++) {
        const row = s * this.neurons;
        for (let i = 0; i < this.neurons; i++) found[i] += this.packed[row + i];
      }
    }
    return found;
  }

  /** How often neuron i fires at step t. */
  at(i, t) {
    if (this.renewal) return (t + 1) % (this.times[i] + 1) === 0 ? 1 : 0;
    if (this.form === "bits")
      return (this.packed[(t >> 3) * this.neurons + i] >> (7 - (t & 7))) & 1;
    return this.packed[t * this.neurons + i];
  }

  /** How often each neuron fires at step t. */
  step(t) {
    return Uint32Array.from({ length: this.neurons }, (_, i) => this.at(i, t));
  }

  /** What is packed of all neurons: eight steps as the bits of a byte, or the counts of one step. */
  row(number) {
    return this.packed.subarray(number * this.neurons, (number + 1) * this.neurons);
  }

  /** First-spike times, T where a neuron is silent. */
  first() {
    if (!this.times) {
      const bits = this.form === "bits",
        rows = bits ? Math.ceil(this.T / 8) : this.T;
      this.times = new Uint16Array(this.neurons).fill(this.T);
      for (let number = rows - 1; number >= 0; number--) {
        this.row(number).forEach((value, i) => {
          if (value) this.times[i] = bits ? number * 8 + Math.clz32(value) - 24 : number;
        });
      }
    }
    return this.times;
  }

  /** Steps at which neuron i fires; one that fires n times in a step is there n times. */
  train(i) {
    const steps = [];
    for (let t = 0; t < this.T; t++) for (let n = this.at(i, t); n > 0; n--) steps.push(t);
    return steps;
  }

  /** Spikes of all neurons at each step. */
  histogram() {
    if (!this.sums) {
      this.sums = new Array(this.T).fill(0);
      if (this.renewal) {
        const times = new Array(this.T + 1).fill(0);
        for (const f of this.times) times[f]++;
        for (let f = 0; f < this.T; f++)
          for (let t = f; t < this.T; t += f + 1) this.sums[t] += times[f];
      } else if (this.form === "bits") {
        for (let row = 0; row * 8 < this.T; row++) {
          const bytes = new Array(256).fill(0);
          for (const byte of this.row(row)) bytes[byte]++;
          for (let bit = 0; bit < 8 && row * 8 + bit < this.T; bit++)
            bytes.forEach(
              (n, byte) => (this.sums[row * 8 + bit] += (byte >> (7 - bit)) & 1 ? n : 0),
            );
        }
      } else this.sums = this.sums.map((_, t) => this.row(t).reduce((a, b) => a + b, 0));
    }
    return this.sums;
  }

  /** Spikes a step and neuron of channel k up to the last step. */
  rate(k) {
    if (!this.rates) {
      const [K, H, W] = this.shape,
        counts = this.count(this.T - 1);
      this.rates = Array.from({ length: K }, (_, c) => {
        let sum = 0;
        for (let i = c * H * W; i < (c + 1) * H * W; i++) sum += counts[i];
        return sum / (H * W * this.T);
      });
    }
    return this.rates[k];
  }
}

const BITS = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(2).split("1").length - 1);

/** All that the page shows, ready to be asked. */
class Report {
  constructor(said, block) {
    this.block = block;
    Object.assign(this, said);
    this.array = (place) => arrayAt(block, place);
    this.images = said.images.map((image, place) => ({ ...image, place }));
    if (said.kernels) {
      this.kernelShape = said.kernels[2].slice(1);
      this.kernelValues = this.array(said.kernels);
    }
    if (said.arithmetic) {
      this.scale = this.array(said.arithmetic.scale);
      this.shift = this.array(said.arithmetic.shift);
    }
    if (said.neuron.thresholds) this.thresholds = this.array(said.neuron.thresholds);
  }

  /** The spikes of an image (or of another encoder's, an epoch's) that says where they lie. */
  spikes(image) {
    image.record ??= new Spikes(
      image.form,
      this.array(image.spikes),
      image.map,
      image.T ?? this.T,
      image.most ?? this.most,
    );
    return image.record;
  }

  /** The bytes of an image, [C, H, W], and that shape. */
  pixels(image) {
    return [image.bytes ?? this.array(image.pixels), image.pixels[2]];
  }

  /** The weights of a channel, [C, kh, kw]; null where they are not known. */
  kernel(k) {
    const size = this.kernelShape && product(this.kernelShape);
    return size ? this.kernelValues.subarray(k * size, (k + 1) * size) : null;
  }

  /** Spike count of each neuron, averaged over all images whose maps are of one size. */
  means() {
    if (!this.averages) {
      const shape = this.images[0].map,
        alike = this.images.filter((i) => `${i.map}` === `${shape}`);
      this.averages = new Float32Array(product(shape));
      for (const image of alike) {
        const counts = this.spikes(image).count(this.T - 1);
        for (let i = 0; i < counts.length; i++) this.averages[i] += counts[i] / alike.length;
      }
    }
    return this.averages;
  }

  type(k) {
    return this.channels.type?.[k] ?? "";
  }
}
