// The pass that counts: from first-spike times of the encoder to the spikes of all later layers;
// counting.py says what comes in and goes out.
//
// Nothing is multiplied by a spike: sums run over the weights of those that are there. A step's maps
// are sums of those of the steps that divide it, so that few spikes are left of it; the large linear
// layer looks four inputs at a time up in tables of their sixteen sums.
//
// The number of steps is known at run time, so that one library serves all. No header is needed but
// one, which spares half of the compilation.

#include <stdint.h>

namespace {

constexpr int LANES = 16;
constexpr int STEPS_A_BYTE = 8;
constexpr int TILE = 8;  // blocks of inputs whose tables stay in the nearest cache
constexpr int MAX_STEPS = 255;  // first-spike times are bytes

typedef float Vector __attribute__((vector_size(4 * LANES)));
typedef int32_t Mask __attribute__((vector_size(4 * LANES)));
typedef uint8_t Bytes __attribute__((vector_size(LANES)));
typedef uint64_t Pair __attribute__((vector_size(LANES)));
typedef uint8_t Row __attribute__((vector_size(64)));

struct Network {
    // Sizes: of the drive and of the layers behind it.
    int64_t steps, channels, height, width, hidden, classes;
    float threshold, reset;
    const float* kernels;        // [blocks, 3, 3, channels, LANES]: rows and columns of a kernel
    const float *scale, *shift;  // [blocks, LANES]
    const float* first;          // [hidden blocks, tiles, TILE, LANES, LANES], inputs before outputs
    const float* second;         // [hidden, output blocks, LANES]

    int64_t blocks() const { return up(channels); }
    int64_t hidden_blocks() const { return up(hidden); }
    int64_t output_blocks() const { return up(classes); }
    // Of the inputs of the first linear layer, those of a pixel after the other.
    int64_t tiles() const {
        return ((height / 2 / 2) * (width / 2 / 2) * blocks() + TILE - 1) / TILE;
    }
    int64_t bytes() const { return (steps + STEPS_A_BYTE - 1) / STEPS_A_BYTE; }
    static int64_t up(int64_t count) { return (count + LANES - 1) / LANES; }
};

// What is counted over all images, in this order.
struct Totals {
    int64_t encoder, meets, maps, pooled, hidden, outputs;
};

// Memory for one image at a time; counting.py says how large each is.
struct Scratch {
    uint8_t *trains, *row, *fired;
    int32_t *entries, *begin;
    float* maps;
};

inline Vector load(const float* from) {
    Vector v;
    __builtin_memcpy(&v, from, sizeof v);
    return v;
}

inline void store(float* to, Vector v) { __builtin_memcpy(to, &v, sizeof v); }

// Which of the lanes from `from` on are there.
inline Mask there(int64_t count, int64_t from) {
    Mask lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return lane < int32_t(count - from < LANES ? count - from : LANES);
}

// The sixteen bits of a step, 0 .. 7, of sixteen bytes.
inline uint16_t bits_of(Pair bytes, int step) {
    uint16_t found = 0;
    for (int half = 0; half < 2; ++half) {
        uint64_t ones = bytes[half] >> step & 0x0101010101010101u;
        found |= uint16_t(ones * 0x0102040810204080u >> 56) << 8 * half;
    }
    return found;
}

// Where a step's maps are sums of those of others: steps are counted from 1 here.
struct Divisors {
    int64_t one, other, both;  // step = one + other - both; 0 where there is none
};

inline Divisors divisors(int64_t step) {
    int64_t primes[2] = {0, 0}, rest = step;
    int found = 0;
    for (int64_t p = 2; p <= rest && found < 2; ++p)
        if (rest % p == 0) {
            primes[found++] = p;
            while (rest % p == 0) rest /= p;
        }
    if (found == 0) return {0, 0, 0};
    if (found == 1) return {step / primes[0], 0, 0};
    return {step / primes[0], step / primes[1], step / primes[0] / primes[1]};
}

// The trains of one image's neurons, [bytes, channels, height, width]; returns their spikes.
int64_t expand(const Network& net, const uint8_t* first, uint8_t* trains) {
    const int64_t size = net.channels * net.height * net.width;
    int64_t count = 0;
    for (int64_t b = 0; b < net.bytes(); ++b) {
        uint8_t* to = trains + b * size;
        uint8_t bits[256] = {};
        const int64_t least = b * STEPS_A_BYTE;
        const int64_t end = least + STEPS_A_BYTE < net.steps ? least + STEPS_A_BYTE : net.steps;
        for (int64_t f = 0; f < end; ++f)
            for (int64_t t = least; t < end; ++t)
                if ((t + 1) % (f + 1) == 0) bits[f] |= uint8_t(1 << (t - least));
        int64_t i = 0;
        for (; i + 64 <= size; i += 64) {
            Row times, all = {};
            __builtin_memcpy(&times, first + i, sizeof times);
            for (int64_t f = 0; f < end; ++f)
                all |= (Row)(times == (Row{} + uint8_t(f))) & (Row{} + bits[f]);
            __builtin_memcpy(to + i, &all, sizeof all);
            uint64_t words[8];
            __builtin_memcpy(words, &all, sizeof all);
            for (int w = 0; w < 8; ++w) count += __builtin_popcountll(words[w]);
        }
        for (; i < size; ++i) {
            to[i] = bits[first[i]];
            count += __builtin_popcount(to[i]);
        }
    }
    return count;
}

// Whether any neuron of a window fires: bits of eight channels, [steps, channel bytes, pixels].
void pool(const Network& net, const uint8_t* trains, uint8_t* row, uint8_t* fired) {
    const int64_t rows = net.height / 2, columns = net.width / 2, pixels = rows * columns;
    const int64_t groups = net.blocks() * 2, plane = net.height * net.width;
    for (int64_t i = 0; i < net.steps * groups * pixels; ++i) fired[i] = 0;
    for (int64_t b = 0; b < net.bytes(); ++b)
        for (int64_t c = 0; c < net.channels; ++c) {
            const uint8_t* from = trains + (b * net.channels + c) * plane;
            for (int64_t h = 0; h < rows; ++h, from += 2 * net.width)
                for (int64_t w = 0; w < columns; ++w) {
                    const uint8_t *above = from + 2 * w, *below = above + net.width;
                    row[h * columns + w] = above[0] | above[1] | below[0] | below[1];
                }
            const int64_t least = b * STEPS_A_BYTE;
            for (int64_t t = least; t < net.steps && t < least + STEPS_A_BYTE; ++t) {
                uint8_t* to = fired + (t * groups + c / 8) * pixels;
                const uint8_t step = uint8_t(1 << (t - least)), channel = uint8_t(1 << c % 8);
                for (int64_t i = 0; i < pixels; ++i) to[i] |= row[i] & step ? channel : 0;
            }
        }
}

// The steps' sums: of which others each is made, and which lists of kernels' rows it has.
struct Plan {
    Divisors by[MAX_STEPS];
    int64_t count;                 // of lists: one for each step and some to be subtracted
    int64_t step[2 * MAX_STEPS];   // of a list, from 0
    explicit Plan(int64_t steps) : count(steps) {
        for (int64_t t = 0; t < steps; ++t) {
            by[t] = divisors((step[t] = t) + 1);
            if (by[t].other) step[count++] = t;
        }
    }
};

// Lists what each step adds to the steps that divide it; returns how often a spike meets a kernel.
int64_t list(
    const Network& net, const Plan& plan, const uint8_t* fired, int32_t* entries, int32_t* begin) {
    const int64_t rows = net.height / 2, columns = net.width / 2, pixels = rows * columns;
    const int64_t groups = net.blocks() * 2;
    int32_t end = 0;
    int64_t meets = 0;
    auto word = [&](int64_t step, int64_t group, int64_t pixel) {
        uint64_t bits = 0;
        if (step)
            for (int64_t g = 0; g < 8 && group + g < groups; ++g)
                bits |= uint64_t(fired[((step - 1) * groups + group + g) * pixels + pixel])
                        << 8 * g;
        return bits;
    };
    for (int64_t h = 0; h < rows; ++h)
        for (int64_t l = 0; l < plan.count; ++l) {
            const int64_t step = plan.step[l] + 1;
            const bool less = l >= net.steps;
            const Divisors by = plan.by[plan.step[l]];
            for (int64_t w = 0; w < columns; ++w) {
                *begin++ = end;
                const int64_t pixel = h * columns + w;
                const int64_t taps =
                    (1 + (h > 0) + (h + 1 < rows)) * (1 + (w > 0) + (w + 1 < columns));
                for (int64_t group = 0; group < groups; group += 8) {
                    const uint64_t now = word(step, group, pixel);
                    const uint64_t one = word(by.one, group, pixel);
                    const uint64_t other = word(by.other, group, pixel);
                    uint64_t left = less ? one & other & ~word(by.both, group, pixel)
                                         : now & ~one & ~other;
                    if (!less) meets += taps * __builtin_popcountll(now);
                    const int32_t at = int32_t(w * net.channels + group * 8);
                    for (; left; left &= left - 1)
                        entries[end++] = (at + __builtin_ctzll(left)) * LANES;
                }
            }
            *begin++ = end;
        }
    return meets;
}

// Sums of one block's maps, [pixels, steps, LANES]: of what is listed, not yet of other steps.
void convolve(
    const Network& net, const Plan& plan, const int32_t* entries, const int32_t* begins,
    int64_t block, float* maps) {
    const int64_t rows = net.height / 2, columns = net.width / 2, steps = net.steps;
    for (int64_t i = 0; i < rows * columns * steps; ++i) store(maps + i * LANES, Vector{});
    for (int64_t tap = 0; tap < 3; ++tap) {
        const float* tile = net.kernels + (block * 3 + tap) * 3 * net.channels * LANES;
        for (int64_t h = 0; h < rows; ++h) {
            const int64_t from = h + tap - 1;
            if (from < 0 || from >= rows) continue;
            for (int64_t w = 0; w < columns; ++w) {
                // An entry has its column in it: so has the place of the kernels.
                const float* kernel = tile - (w - 1) * net.channels * LANES;
                const int64_t low = w ? w - 1 : 0, high = w + 2 < columns ? w + 2 : columns;
                for (int64_t l = 0; l < plan.count; ++l) {
                    const int32_t* begin = begins + (from * plan.count + l) * (columns + 1);
                    const int32_t *e = entries + begin[low], *end = entries + begin[high];
                    if (e == end) continue;
                    Vector sum[4] = {};
                    for (; e + 4 <= end; e += 4)
                        for (int i = 0; i < 4; ++i) sum[i] += load(kernel + e[i]);
                    for (; e < end; ++e) sum[0] += load(kernel + *e);
                    float* to = maps + ((h * columns + w) * steps + plan.step[l]) * LANES;
                    const Vector all = (sum[0] + sum[1]) + (sum[2] + sum[3]);
                    store(to, l < steps ? load(to) + all : load(to) - all);
                }
            }
        }
    }
}

// Neurons and pooling of one block's maps; returns the spikes before pooling.
int64_t fire_and_pool(
    const Network& net, int64_t block, const Plan& plan, float* maps, uint16_t* inputs,
    int64_t stride) {
    const int64_t rows = net.height / 2, columns = net.width / 2, steps = net.steps;
    const Vector scale = load(net.scale + block * LANES), shift = load(net.shift + block * LANES);
    const Vector reset = Vector{} + net.reset;
    const Mask real = there(net.channels, block * LANES);
    int64_t count = 0;
    for (int64_t h = 0; h < (rows + 1) / 2; ++h)
        for (int64_t w = 0; w < (columns + 1) / 2; ++w) {
            Vector v[4] = {reset, reset, reset, reset};
            const bool whole = 2 * h + 1 < rows && 2 * w + 1 < columns;
            const int64_t input = (h * (columns / 2) + w) * net.blocks() + block;
            uint16_t* to = inputs + input / TILE * TILE * stride + input % TILE;
            for (int64_t b = 0; b < net.bytes(); ++b) {
                const int64_t least = b * STEPS_A_BYTE;
                const int64_t end = least + STEPS_A_BYTE < steps ? least + STEPS_A_BYTE : steps;
                Mask any = {};
                for (int corner = 0; corner < 4; ++corner) {
                    const int64_t y = 2 * h + corner / 2, x = 2 * w + corner % 2;
                    if (y >= rows || x >= columns) continue;
                    float* pixel = maps + (y * columns + x) * steps * LANES;
                    Mask train = {};
                    for (int64_t t = least; t < end; ++t) {
                        Vector sum = load(pixel + t * LANES);
                        const Divisors by = plan.by[t];
                        if (by.one) sum += load(pixel + (by.one - 1) * LANES);
                        if (by.other)
                            sum += load(pixel + (by.other - 1) * LANES) -
                                   load(pixel + (by.both - 1) * LANES);
                        store(pixel + t * LANES, sum);
                        const Vector charged = v[corner] + (sum * scale + shift);
                        const Mask fired = (charged >= net.threshold) & real;
                        v[corner] = fired ? reset : charged;
                        train |= fired & (1 << (t - least));
                    }
                    const Pair bytes = (Pair)__builtin_convertvector(train, Bytes);
                    count += __builtin_popcountll(bytes[0]) + __builtin_popcountll(bytes[1]);
                    any |= train;
                }
                if (!whole) continue;
                const Pair bytes = (Pair)__builtin_convertvector(any, Bytes);
                for (int64_t t = least; t < end; ++t) to[t * TILE] = bits_of(bytes, int(t - least));
            }
        }
    return count;
}

// The sums of all sets of four inputs' weights, [4, 16, LANES], for each of four groups.
inline void build(const float* weights, float* table) {
    for (int group = 0; group < 4; ++group, weights += 4 * LANES, table += 16 * LANES) {
        store(table, Vector{});
        for (int bit = 0; bit < 4; ++bit) {
            const Vector weight = load(weights + bit * LANES);
            for (int set = 0; set < 1 << bit; ++set)
                store(table + ((1 << bit) + set) * LANES, load(table + set * LANES) + weight);
        }
    }
}

// Adds the weights of the spikes among a tile's inputs, [samples, TILE], to the sums of each sample.
void look_up(const float* table, const uint16_t* inputs, int64_t samples, float* sums) {
    constexpr int SET = LANES * sizeof(float), GROUP = 16 * SET, SHIFT = 6;
    static_assert(SET == 1 << SHIFT);
    for (int64_t s = 0; s < samples; ++s) {
        Vector sum[4] = {load(sums + s * LANES)};
        uint64_t words[TILE / 4];
        __builtin_memcpy(words, inputs + s * TILE, sizeof words);
        const char* at = (const char*)table;
        for (int w = 0; w < TILE / 4; ++w)
            for (int group = 0; group < 16; ++group, at += GROUP) {
                // Where the set of four spikes lies in the table: their bits times its size.
                const int right = 4 * group - SHIFT;
                const uint64_t bits = right < 0 ? words[w] << -right : words[w] >> right;
                sum[group % 4] += load((const float*)(at + (bits & 15 << SHIFT)));
            }
        store(sums + s * LANES, (sum[0] + sum[1]) + (sum[2] + sum[3]));
    }
}

}  // namespace

extern "C" {

// From first-spike times [images, channels, height, width] to the pooled spikes of the second maps,
// as the bits of `inputs` [tiles, samples, TILE]: a sample is an image at a step. `place` is that of
// the first image among all of which there are `samples`.
void count_maps(
    const Network& net, const uint8_t* first, int64_t images, int64_t place, int64_t samples,
    uint16_t* inputs, const Scratch& scratch, Totals& totals) {
    const Plan plan(net.steps);
    for (int64_t n = 0; n < images; ++n, ++place) {
        totals.encoder +=
            expand(net, first + n * net.channels * net.height * net.width, scratch.trains);
        pool(net, scratch.trains, scratch.row, scratch.fired);
        totals.meets += list(net, plan, scratch.fired, scratch.entries, scratch.begin);
        for (int64_t block = 0; block < net.blocks(); ++block) {
            convolve(net, plan, scratch.entries, scratch.begin, block, scratch.maps);
            totals.maps += fire_and_pool(
                net, block, plan, scratch.maps, inputs + place * net.steps * TILE, samples);
        }
    }
}

// The spikes of some blocks of hidden neurons, as the bits of `spikes` [samples, hidden blocks].
void count_hidden(
    const Network& net, int64_t from, int64_t to, int64_t images, const uint16_t* inputs,
    uint16_t* spikes, float* table, float* sums, Totals& totals) {
    const int64_t samples = images * net.steps, input_blocks = net.tiles() * TILE;
    const Vector reset = Vector{} + net.reset;
    for (int64_t k = from; k < to; ++k) {
        for (int64_t s = 0; s < samples; ++s) store(sums + s * LANES, Vector{});
        for (int64_t i = 0; i < input_blocks; i += TILE) {
            const float* weights = net.first + (k * input_blocks + i) * LANES * LANES;
            for (int64_t j = 0; j < TILE; ++j)
                build(weights + j * LANES * LANES, table + j * 64 * LANES);
            look_up(table, inputs + i * samples, samples, sums);
        }
        const Mask real = there(net.hidden, k * LANES);
        for (int64_t n = 0; n < images; ++n) {
            Vector v = reset;
            for (int64_t s = n * net.steps; s < (n + 1) * net.steps; ++s) {
                v += load(sums + s * LANES);
                const Mask fired = (v >= net.threshold) & real;
                v = fired ? reset : v;
                const uint16_t bits = bits_of((Pair)__builtin_convertvector(-fired, Bytes), 0);
                spikes[s * net.hidden_blocks() + k] = bits;
                totals.hidden += __builtin_popcount(bits);
            }
        }
    }
}

// Adds the spikes of each class to `counts` [images, steps, classes], of images from `from` to `to`,
// and those of pooled maps to the totals.
void count_outputs(
    const Network& net, int64_t from, int64_t to, int64_t images, const uint16_t* inputs,
    const uint16_t* spikes, int32_t* counts, Totals& totals) {
    const int64_t steps = net.steps, outputs = net.output_blocks();
    const Vector reset = Vector{} + net.reset;
    for (int64_t tile = 0; tile < net.tiles(); ++tile)
        for (int64_t i = from * steps * TILE; i < to * steps * TILE; ++i)
            totals.pooled += __builtin_popcount(inputs[tile * images * steps * TILE + i]);
    for (int64_t n = from; n < to; ++n)
        for (int64_t o = 0; o < outputs; ++o) {
            Vector v = reset;
            const Mask real = there(net.classes, o * LANES);
            for (int64_t s = n * steps; s < (n + 1) * steps; ++s) {
                Vector sum = {};
                for (int64_t k = 0; k < net.hidden_blocks(); ++k) {
                    const float* weights = net.second + (k * LANES * outputs + o) * LANES;
                    for (uint32_t left = spikes[s * net.hidden_blocks() + k]; left;
                         left &= left - 1)
                        sum += load(weights + __builtin_ctz(left) * outputs * LANES);
                }
                v += sum;
                const Mask fired = (v >= net.threshold) & real;
                v = fired ? reset : v;
                for (int i = 0; i < LANES; ++i)
                    if (fired[i]) {
                        ++counts[s * net.classes + o * LANES + i];
                        ++totals.outputs;
                    }
            }
        }
}

}  // extern "C"
