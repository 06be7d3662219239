// Products of spikes, as sums: where few spikes come in at a step, to add a row of weights for each
// of them is less work than to multiply. Part of regions.cpp.
//
// A step's spikes are those of an earlier step and the ones that came in since (and, of the linear
// layer, less the ones that went). So are its products.

namespace {

// Where spikes recur, those at step t (from 0) are there again at 2t + 1, 3t + 2, ...: the last such
// step before t, or -1.
struct Within {
    int step[STEPS] = {};
    constexpr Within() {
        for (int t = 0; t < STEPS; ++t) {
            step[t] = -1;
            for (int factor = t + 1; factor > 1; --factor)
                if ((t + 1) % factor == 0) step[t] = (t + 1) / factor - 1;
        }
    }
};
constexpr Within WITHIN;

constexpr int WORD = 64;          // channels whose spikes are the bits of one number
constexpr int BLOCK = 4 * LANES;  // so many output channels that a tap's kernels stay near
#ifdef __AVX512F__
constexpr int PART = 2 * LANES;  // so many that the sums of nine taps stay in registers
#else
constexpr int PART = LANES;
#endif

// Of averages what comes in is a number of quarters, 0 to 4: three bits, each in a plane of its own.
constexpr int QUARTERS = 3;

inline int64_t words(int64_t channels) { return (channels + WORD - 1) / WORD; }

// What a bit of a plane stands for.
inline float part_of(int64_t plane, int64_t planes) {
    return planes == 1 ? 1 : float(1 << plane) / CORNERS;
}

// Floats that begin where a line of the cache does: a vector that lies in two takes twice as long.
struct Lines {
    std::vector<float> room;
    float* data;
    explicit Lines(int64_t size) : room(size + LANES) {
        data = room.data() + (-(intptr_t(room.data()) / 4) & (LANES - 1));
    }
};

// Bytes of 0 or 1 as the bits of a number, the first one lowest.
inline uint64_t as_bits(const uint8_t (&bytes)[WORD]) {
    uint64_t bits = 0;
    for (int part = 0; part < WORD / 8; ++part) {
        uint64_t eight = 0;
        for (int n = 0; n < 8; ++n) eight |= uint64_t(bytes[8 * part + n]) << (8 * n);
        // Each byte's lowest bit comes to its place in the highest byte, and no two meet elsewhere.
        bits |= (eight * 0x0102040810204080u >> 56) << (8 * part);
    }
    return bits;
}

// Calls take(c) for each channel whose bit is set.
template <class Take>
inline void each_bit(const uint64_t* bits, int64_t channels, const Take& take) {
    for (int64_t word = 0; word < words(channels); ++word)
        for (uint64_t left = bits[word]; left; left &= left - 1)
            take(word * WORD + __builtin_ctzll(left));
}

// Adds the rows `weights + offset` of N vectors for each of the offsets, `value` times.
template <int N>
inline void add_rows(
    Vector (&sum)[N], const float* weights, const int32_t* offset, const int32_t* end,
    const float* value) {
    for (; offset < end; ++offset, ++value)
        for (int v = 0; v < N; ++v) sum[v] += load(weights + *offset + v * LANES, LANES) * *value;
}

// The same of spikes, each once.
template <int N>
inline void add_rows(
    Vector (&sum)[N], const float* weights, const int32_t* offset, const int32_t* end) {
    Vector other[N] = {};  // so that no addition waits for the one before
    for (; offset + 1 < end; offset += 2)
        for (int v = 0; v < N; ++v) {
            sum[v] += load(weights + offset[0] + v * LANES, LANES);
            other[v] += load(weights + offset[1] + v * LANES, LANES);
        }
    if (offset < end)
        for (int v = 0; v < N; ++v) sum[v] += load(weights + offset[0] + v * LANES, LANES);
    for (int v = 0; v < N; ++v) sum[v] += other[v];
}

}  // namespace

extern "C" {

// bits: of each step, image and pixel the channels that fire and did not at the step within, plane by
// plane; `planes` is 1 of spikes, QUARTERS of averages.
void incoming(
    const Stored* spikes, uint64_t* bits, int64_t* counts, const Shape& shape, int64_t planes) {
    const int64_t pixels = shape.height * shape.width, channels = shape.channels;
#pragma omp parallel for
    for (int64_t n = 0; n < shape.images; ++n) {
        int64_t count = 0;
        for (int t = 0; t < STEPS; ++t) {
            const int within = WITHIN.step[t];
            for (int64_t i = 0; i < pixels; ++i) {
                const Stored* now = spikes + shape.at(t, n, 0, i);
                const Stored* before = spikes + shape.at(within < 0 ? t : within, n, 0, i);
                uint64_t* to =
                    bits + ((t * shape.images + n) * pixels + i) * planes * words(channels);
                for (int64_t word = 0; word < words(channels); ++word) {
                    const int64_t first = word * WORD, few = std::min<int64_t>(WORD, channels - first);
                    uint8_t came[WORD] = {};
                    if (planes > 1) {
                        for (int64_t c = 0; c < few; ++c) {
                            const Vector now_ = load(now + first + c, 1);
                            const Vector before_ = load(before + first + c, 1);
                            came[c] = uint8_t((now_[0] - (within < 0 ? 0 : before_[0])) * CORNERS);
                        }
                        for (int64_t plane = 0; plane < planes; ++plane) {
                            uint8_t one[WORD];
                            for (int64_t c = 0; c < WORD; ++c) one[c] = came[c] >> plane & 1;
                            const uint64_t set = as_bits(one);
                            to[plane * words(channels) + word] = set;
                            count += __builtin_popcountll(set);
                        }
                        continue;
                    }
                    if (within < 0)
                        for (int64_t c = 0; c < few; ++c) came[c] = now[first + c] != 0;
                    else
                        for (int64_t c = 0; c < few; ++c)
                            came[c] = (now[first + c] != 0) & (before[first + c] == 0);
                    const uint64_t set = as_bits(came);
                    to[word] = set;
                    count += __builtin_popcountll(set);
                }
            }
        }
        counts[n] = count;
    }
}

// kernels: [blocks of output channels, 9, channels, BLOCK].
void convolve_recurring(
    const uint64_t* bits, const float* kernels, Stored* maps, const Shape& shape, int64_t planes) {
    const int64_t pixels = shape.height * shape.width, channels = shape.channels;
#pragma omp parallel
    {
        std::vector<int32_t> fired(STEPS * pixels * channels * planes), begin(STEPS * pixels + 1);
        std::vector<float> value(planes > 1 ? fired.size() : 0);
        Lines row(shape.width * STEPS * BLOCK);
#pragma omp for
        for (int64_t n = 0; n < shape.images; ++n) {
            int32_t count = 0;
            for (int64_t i = 0; i < STEPS * pixels; ++i) {
                begin[i] = count;
                const int64_t at = (i / pixels * shape.images + n) * pixels + i % pixels;
                for (int64_t plane = 0; plane < planes; ++plane) {
                    const int32_t from = count;
                    each_bit(
                        bits + (at * planes + plane) * words(channels), channels,
                        [&](int64_t c) { fired[count++] = int32_t(c * BLOCK); });
                    if (planes > 1)
                        std::fill(
                            value.data() + from, value.data() + count, part_of(plane, planes));
                }
            }
            begin[STEPS * pixels] = count;
            for (int64_t k = 0; k < channels; k += BLOCK)
                for (int64_t h = 0; h < shape.height; ++h) {
                    std::fill_n(row.data, shape.width * STEPS * BLOCK, 0.0f);
                    for (int tap = 0; tap < 9; ++tap) {
                        const int64_t from_h = h + tap / 3 - 1;
                        if (from_h < 0 || from_h >= shape.height) continue;
                        const float* kernel = kernels + (k / BLOCK * 9 + tap) * channels * BLOCK;
                        for (int64_t w = 0; w < shape.width; ++w) {
                            const int64_t from_w = w + tap % 3 - 1;
                            if (from_w < 0 || from_w >= shape.width) continue;
                            for (int t = 0; t < STEPS; ++t) {
                                const int64_t i = t * pixels + from_h * shape.width + from_w;
                                float* to = row.data + (w * STEPS + t) * BLOCK;
                                Vector sum[BLOCK / LANES];
                                memcpy(sum, to, sizeof sum);
                                const int32_t *one = fired.data() + begin[i],
                                              *end = fired.data() + begin[i + 1];
                                if (planes == 1)
                                    add_rows(sum, kernel, one, end);
                                else
                                    add_rows(sum, kernel, one, end, value.data() + begin[i]);
                                memcpy(to, sum, sizeof sum);
                            }
                        }
                    }
                    for (int64_t w = 0; w < shape.width; ++w)
                        for (int t = 0; t < STEPS; ++t) {
                            float* sum = row.data + (w * STEPS + t) * BLOCK;
                            if (WITHIN.step[t] >= 0)
                                for (int c = 0; c < BLOCK; c += LANES)
                                    add(sum + c, load(sum + c + (WITHIN.step[t] - t) * BLOCK, LANES),
                                        LANES);
                            by_lanes(std::min<int64_t>(BLOCK, channels - k), [&](int64_t c, auto n_) {
                                store(maps + shape.at(t, n, h, w) + k + c, load(sum + c, n_), n_);
                            });
                        }
                }
        }
    }
}

// sums: for each thread the gradient by the kernels, [9, channels, padded_channels], begun with 0.
void convolve_recurring_backward(
    const Stored* gradient, const uint64_t* bits, float* sums, const Shape& shape,
    int64_t padded_channels, int64_t threads, int64_t planes) {
    const int64_t pixels = shape.height * shape.width, channels = shape.channels;
    const int64_t wide = shape.width + 2, padded = (shape.height + 2) * wide;
#pragma omp parallel for num_threads(threads) schedule(static, 1)
    for (int64_t thread = 0; thread < threads; ++thread) {
        // Of each step and channel the pixels where it came in.
        std::vector<int32_t> where(STEPS * channels * pixels), count(STEPS * channels);
        // What came in there; several planes of one neuron are one number.
        std::vector<float> value(planes > 1 ? where.size() : 0);
        Lines part(STEPS * padded * PART);
        float* own = sums + thread * 9 * channels * padded_channels;
        const int64_t first = shape.images * thread / threads;
        const int64_t last = shape.images * (thread + 1) / threads;
        for (int64_t n = first; n < last; ++n) {
            std::fill(count.begin(), count.end(), 0);
            for (int t = 0; t < STEPS; ++t)
                for (int64_t i = 0; i < pixels; ++i) {
                    const int32_t at = int32_t(((i / shape.width + 1) * wide + i % shape.width + 1) * PART);
                    const uint64_t* from =
                        bits + ((t * shape.images + n) * pixels + i) * planes * words(channels);
                    for (int64_t plane = 0; plane < planes; ++plane)
                        each_bit(from + plane * words(channels), channels, [&](int64_t c) {
                            int32_t& found = count[t * channels + c];
                            int64_t place = (t * channels + c) * pixels + found;
                            if (plane && found && where[place - 1] == at) {
                                value[place - 1] += part_of(plane, planes);
                                return;
                            }
                            where[place] = at;
                            if (planes > 1) value[place] = part_of(plane, planes);
                            ++found;
                        });
                }
            for (int64_t k = 0; k < channels; k += PART) {
                const int64_t few = std::min<int64_t>(PART, channels - k);
                // A step's gradient is also that of the steps which hold it. The border stays 0.
                for (int t = STEPS; t-- > 0;)
                    for (int64_t i = 0; i < pixels; ++i) {
                        const int64_t at = ((i / shape.width + 1) * wide + i % shape.width + 1) * PART;
                        by_lanes(few, [&](int64_t c, auto n_) {
                            Vector sum = load(gradient + shape.at(t, n, 0, i) + k + c, n_);
                            for (int later = t + 1; later < STEPS; ++later)
                                if (WITHIN.step[later] == t)
                                    sum += load(part.data + later * padded * PART + at + c, n_);
                            store(part.data + t * padded * PART + at + c, sum, n_);
                        });
                    }
                for (int t = 0; t < STEPS; ++t)
                    for (int64_t c = 0; c < channels; ++c) {
                        if (!count[t * channels + c]) continue;
                        Vector sum[9][PART / LANES] = {};
                        const int64_t first_at = (t * channels + c) * pixels;
                        const float* from = part.data + t * padded * PART;
                        auto seen = [&](int32_t at, int tap, int v) {
                            const int64_t moved = int64_t(tap / 3 - 1) * wide + tap % 3 - 1;
                            return load(from + at - moved * PART + v * LANES, LANES);
                        };
                        for (int64_t k_ = 0; k_ < count[t * channels + c]; ++k_) {
                            const int32_t at = where[first_at + k_];
                            if (planes == 1)
                                for (int tap = 0; tap < 9; ++tap)
                                    for (int v = 0; v < PART / LANES; ++v)
                                        sum[tap][v] += seen(at, tap, v);
                            else
                                for (int tap = 0; tap < 9; ++tap)
                                    for (int v = 0; v < PART / LANES; ++v)
                                        sum[tap][v] += seen(at, tap, v) * value[first_at + k_];
                        }
                        for (int tap = 0; tap < 9; ++tap)
                            for (int v = 0; v < PART / LANES; ++v)
                                add(own + (tap * channels + c) * padded_channels + k + v * LANES,
                                    sum[tap][v], LANES);
                    }
            }
        }
    }
}

}  // extern "C"
