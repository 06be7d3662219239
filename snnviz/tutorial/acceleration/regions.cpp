// The element-wise regions of the network, one pass over memory each; native.py says what each
// computes.
//
// Compiled with -DSTEPS=T, the number of time steps, and -DSTORED=float or uint16_t, which maps and
// spikes are in memory; uint16_t is bfloat16. Everything is computed in float. Maps are
// channels-last, and the innermost loops run over LANES channels with the vector types of GCC and
// Clang, which become whatever registers the machine has. Sums go to a row of their own for each
// image, so that no two threads share one and none grows long.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

namespace {

typedef STORED Stored;
constexpr int LANES = 16;
constexpr int MAX_TAPS = 9 * 16;  // native.py takes no more
constexpr int CORNERS = 4;        // of a pooling window, in the order in which max_pool2d looks

typedef float Vector __attribute__((vector_size(4 * LANES)));
typedef int32_t Mask __attribute__((vector_size(4 * LANES)));
typedef uint32_t Bits __attribute__((vector_size(4 * LANES)));
typedef uint16_t Halves __attribute__((vector_size(2 * LANES)));

struct Neuron {
    float threshold, reset, alpha;
    int32_t hard;
    // What part of the potential above reset leaks away in a step, 0 without a leak; what the drive
    // is multiplied with.
    float leak, gain;
};

struct Shape {
    int64_t images, height, width, channels;
    int64_t rows() const { return height / 2; }
    int64_t columns() const { return width / 2; }
    int64_t at(int64_t t, int64_t n, int64_t h, int64_t w) const {
        return (((t * images + n) * height + h) * width + w) * channels;
    }
    int64_t pooled(int64_t t, int64_t n, int64_t h, int64_t w) const {
        return (((t * images + n) * rows() + h) * columns() + w) * channels;
    }
};

// Calls body(c, count) for each `count` channels from c on; LANES of them, known when compiling, but
// for the rest at the end.
template <class Body>
inline void by_lanes(int64_t channels, const Body& body) {
    int64_t c = 0;
    for (; c + LANES <= channels; c += LANES) body(c, std::integral_constant<int, LANES>{});
    if (c < channels) body(c, int(channels - c));
}

template <class V, class T>
inline V gather(const T* from, int count) {
    V v = {};
    if (count == LANES)
        memcpy(&v, from, sizeof v);
    else
        memcpy(&v, from, count * sizeof(T));
    return v;
}

template <class V, class T>
inline void scatter(T* to, const V& v, int count) {
    if (count == LANES)
        memcpy(to, &v, sizeof v);
    else
        memcpy(to, &v, count * sizeof(T));
}

inline Vector load(const float* from, int count) { return gather<Vector>(from, count); }

inline Vector load(const uint16_t* from, int count) {
    return (Vector)(__builtin_convertvector(gather<Halves>(from, count), Bits) << 16);
}

inline void store(float* to, Vector v, int count) { scatter(to, v, count); }

inline void store(uint16_t* to, Vector v, int count) {
    Bits bits = (Bits)v;
    Bits rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;  // to nearest, ties to even
    rounded = v == v ? rounded : Bits{} + 0x7fc0;
    scatter(to, __builtin_convertvector(rounded, Halves), count);
}

inline void add(float* to, Vector v, int count) { store(to, load(to, count) + v, count); }

inline Vector as_spikes(Mask fired) { return fired ? Vector{} + 1 : Vector{}; }

// Drives of all steps become charged potentials, in place.
inline void charge(Vector (&drive)[STEPS], const Neuron& neuron) {
    const Vector reset = Vector{} + neuron.reset;
    Vector v = reset;
    for (int t = 0; t < STEPS; ++t) {
        v = drive[t] = neuron.leak ? v - (v - reset) * neuron.leak + drive[t] * neuron.gain
                                   : v + drive[t];
        v = v >= neuron.threshold ? (neuron.hard ? reset : v - neuron.threshold) : v;
    }
}

// Gradients of the spikes become those of the drives, in place.
inline void descend(
    Vector (&gradient)[STEPS], const Vector (&charged)[STEPS], const Neuron& neuron) {
    const float slope = 1.5707963267948966f * neuron.alpha;
    Vector later = {};
    for (int t = STEPS; t-- > 0;) {
        Vector distance = (charged[t] - neuron.threshold) * slope;
        Vector surrogate = neuron.alpha / 2 / (1 + distance * distance);
        Vector through_reset = neuron.hard
            ? (charged[t] >= neuron.threshold ? Vector{} : Vector{} + 1) +
                  (neuron.reset - charged[t]) * surrogate
            : 1 - neuron.threshold * surrogate;
        if (neuron.leak) later *= 1 - neuron.leak;
        later = gradient[t] * surrogate + later * through_reset;
        gradient[t] = neuron.leak ? later * neuron.gain : later;
    }
}

// The drive of maps with an affine normalization.
struct Affine {
    const Stored* maps;
    const float *scale, *shift;
    Shape shape;

    struct Window {
        const Affine& all;
        int64_t n, h, w;

        void drive(Vector (&to)[STEPS], int corner, int64_t c, int count) const {
            const Shape& shape = all.shape;
            for (int t = 0; t < STEPS; ++t) {
                int64_t at = shape.at(t, n, 2 * h + corner / 2, 2 * w + corner % 2) + c;
                to[t] = load(all.maps + at, count) * load(all.scale + t * shape.channels + c, count) +
                    load(all.shift + t * shape.channels + c, count);
            }
        }
    };
    Window window(int64_t n, int64_t h, int64_t w) const { return {*this, n, h, w}; }
};

// The drive of a still image: a 3 x 3 convolution, the same at each step.
struct Convolution {
    const float *images, *weight, *shift;  // images with a border of zeros
    int64_t in_channels;
    Shape shape;

    struct Window {
        const Convolution& all;
        float pixels[CORNERS][MAX_TAPS];

        void drive(Vector (&to)[STEPS], int corner, int64_t c, int count) const {
            Vector sum = load(all.shift + c, count);
            for (int64_t k = 0; k < 9 * all.in_channels; ++k)
                sum += pixels[corner][k] * load(all.weight + k * all.shape.channels + c, count);
            for (int t = 0; t < STEPS; ++t) to[t] = sum;
        }
    };
    Window window(int64_t n, int64_t h, int64_t w) const {
        Window result{*this, {}};
        for (int corner = 0; corner < CORNERS; ++corner)
            for (int64_t k = 0; k < 9 * in_channels; ++k) {
                int64_t row = (n * in_channels + k / 9) * (shape.height + 2);
                row += 2 * h + corner / 2 + k / 3 % 3;
                int64_t column = 2 * w + corner % 2 + k % 3;
                result.pixels[corner][k] = images[row * (shape.width + 2) + column];
            }
        return result;
    }
};

// Of each window whether a neuron fires, or with `average` which share of them.
template <class Drive>
void pool(
    const Shape& shape, const Neuron& neuron, const Drive& source, bool average, Stored* spikes) {
#pragma omp parallel for
    for (int64_t n = 0; n < shape.images; ++n)
        for (int64_t h = 0; h < shape.rows(); ++h)
            for (int64_t w = 0; w < shape.columns(); ++w) {
                const auto window = source.window(n, h, w);
                by_lanes(shape.channels, [&](int64_t c, auto count) {
                    Mask fired[STEPS] = {};  // how many: a mask is -1 where it holds
                    for (int corner = 0; corner < CORNERS; ++corner) {
                        Vector charged[STEPS];
                        window.drive(charged, corner, c, count);
                        charge(charged, neuron);
                        for (int t = 0; t < STEPS; ++t) fired[t] -= charged[t] >= neuron.threshold;
                    }
                    for (int t = 0; t < STEPS; ++t) {
                        const Vector pooled = average
                            ? __builtin_convertvector(fired[t], Vector) * (1.0f / CORNERS)
                            : as_spikes(fired[t] != 0);
                        store(spikes + shape.pooled(t, n, h, w) + c, pooled, count);
                    }
                });
            }
}

// Hands the gradients of each window's drives to take(part, window, n, h, w, c, count).
template <class Drive, class Take>
void pool_backward(
    const Shape& shape, const Neuron& neuron, const Drive& source, bool average,
    const Stored* gradient, const Take& take) {
#pragma omp parallel for
    for (int64_t n = 0; n < shape.images; ++n)
        for (int64_t h = 0; h < shape.rows(); ++h)
            for (int64_t w = 0; w < shape.columns(); ++w) {
                const auto window = source.window(n, h, w);
                by_lanes(shape.channels, [&](int64_t c, auto count) {
                    Vector charged[CORNERS][STEPS], part[CORNERS][STEPS];
                    Mask free[STEPS];  // no corner before has fired
                    for (int corner = 0; corner < CORNERS; ++corner) {
                        window.drive(charged[corner], corner, c, count);
                        charge(charged[corner], neuron);
                        for (int t = 0; t < STEPS; ++t) {
                            Mask fired = charged[corner][t] >= neuron.threshold;
                            Vector whole =
                                load(gradient + shape.pooled(t, n, h, w) + c, count);
                            if (average) {
                                part[corner][t] = whole * (1.0f / CORNERS);
                                continue;
                            }
                            part[corner][t] =
                                (corner ? free[t] & fired : fired) ? whole : Vector{};
                            free[t] = corner ? free[t] & ~fired : ~fired;
                            // Where none fires, the first is the maximum.
                            if (corner == CORNERS - 1) part[0][t] = free[t] ? whole : part[0][t];
                        }
                    }
                    for (int corner = 0; corner < CORNERS; ++corner)
                        descend(part[corner], charged[corner], neuron);
                    take(part, window, n, h, w, c, count);
                });
            }
}

}  // namespace

#include "products.h"

extern "C" {

void fire_and_pool(
    const Stored* maps, const float* scale, const float* shift, Stored* spikes, const Shape& shape,
    int64_t average, const Neuron& neuron) {
    pool(shape, neuron, Affine{maps, scale, shift, shape}, average, spikes);
}

void fire_and_pool_backward(
    const Stored* gradient, const Stored* maps, const float* scale, const float* shift,
    const float* mean, Stored* result, float* plain, float* centered, const Shape& shape,
    int64_t average, const Neuron& neuron) {
    auto take = [&](const Vector(&part)[CORNERS][STEPS], const Affine::Window&, int64_t n,
                    int64_t h, int64_t w, int64_t c, auto count) {
        for (int t = 0; t < STEPS; ++t) {
            Vector sum = {}, product = {}, middle = load(mean + t * shape.channels + c, count);
            for (int corner = 0; corner < CORNERS; ++corner) {
                int64_t at = shape.at(t, n, 2 * h + corner / 2, 2 * w + corner % 2) + c;
                sum += part[corner][t];
                product += part[corner][t] * (load(maps + at, count) - middle);
                store(result + at, part[corner][t], count);
            }
            add(plain + (t * shape.images + n) * shape.channels + c, sum, count);
            add(centered + (t * shape.images + n) * shape.channels + c, product, count);
        }
    };
    pool_backward(shape, neuron, Affine{maps, scale, shift, shape}, average, gradient, take);
}

void encode(
    const float* images, const float* weight, const float* shift, Stored* spikes,
    const Shape& shape, int64_t in_channels, int64_t average, const Neuron& neuron) {
    pool(shape, neuron, Convolution{images, weight, shift, in_channels, shape}, average, spikes);
}

void encode_backward(
    const Stored* gradient, const float* images, const float* weight, const float* shift,
    float* sums, const Shape& shape, int64_t in_channels, int64_t average, const Neuron& neuron) {
    auto take = [&](const Vector(&part)[CORNERS][STEPS], const Convolution::Window& window,
                    int64_t n, int64_t, int64_t, int64_t c, auto count) {
        Vector sum[CORNERS] = {};
        for (int corner = 0; corner < CORNERS; ++corner)
            for (int t = 0; t < STEPS; ++t) sum[corner] += part[corner][t];
        float* row = sums + n * (9 * in_channels + 1) * shape.channels + c;
        for (int64_t k = 0; k < 9 * in_channels; ++k, row += shape.channels) {
            Vector product = {};
            for (int corner = 0; corner < CORNERS; ++corner)
                product += window.pixels[corner][k] * sum[corner];
            add(row, product, count);
        }
        add(row, sum[0] + sum[1] + sum[2] + sum[3], count);
    };
    Convolution source{images, weight, shift, in_channels, shape};
    pool_backward(shape, neuron, source, average, gradient, take);
}

void fire(const Stored* drive, Stored* spikes, int64_t size, const Neuron& neuron) {
#pragma omp parallel for
    for (int64_t i = 0; i < size; i += LANES) {
        int count = size - i < LANES ? int(size - i) : LANES;
        Vector charged[STEPS];
        for (int t = 0; t < STEPS; ++t) charged[t] = load(drive + t * size + i, count);
        charge(charged, neuron);
        for (int t = 0; t < STEPS; ++t)
            store(spikes + t * size + i, as_spikes(charged[t] >= neuron.threshold), count);
    }
}

void fire_backward(
    const Stored* gradient, const Stored* drive, Stored* result, int64_t size,
    const Neuron& neuron) {
#pragma omp parallel for
    for (int64_t i = 0; i < size; i += LANES) {
        int count = size - i < LANES ? int(size - i) : LANES;
        Vector charged[STEPS], part[STEPS];
        for (int t = 0; t < STEPS; ++t) {
            charged[t] = load(drive + t * size + i, count);
            part[t] = load(gradient + t * size + i, count);
        }
        charge(charged, neuron);
        descend(part, charged, neuron);
        for (int t = 0; t < STEPS; ++t) store(result + t * size + i, part[t], count);
    }
}

void moments(
    const Stored* maps, float* mean, float* squares, int64_t count_of_maps, int64_t pixels,
    int64_t channels) {
#pragma omp parallel for
    for (int64_t map = 0; map < count_of_maps; ++map)
        by_lanes(channels, [&](int64_t c, auto count) {
            const Stored* from = maps + map * pixels * channels + c;
            Vector middle = {}, square = {};
            for (int64_t i = 0; i < pixels; ++i) middle += load(from + i * channels, count);
            middle /= float(pixels);
            for (int64_t i = 0; i < pixels; ++i) {
                Vector distance = load(from + i * channels, count) - middle;
                square += distance * distance;
            }
            store(mean + map * channels + c, middle, count);
            store(squares + map * channels + c, square, count);
        });
}

void combine(
    Stored* gradient, const Stored* maps, const float* scale, const float* slope,
    const float* offset, int64_t size, int64_t channels) {
#pragma omp parallel for collapse(2)
    for (int t = 0; t < STEPS; ++t)
        for (int64_t i = 0; i < size; ++i)
            by_lanes(channels, [&](int64_t c, auto count) {
                int64_t at = (t * size + i) * channels + c, factor = t * channels + c;
                Vector sum = load(gradient + at, count) * load(scale + factor, count) +
                    load(maps + at, count) * load(slope + factor, count) +
                    load(offset + factor, count);
                store(gradient + at, sum, count);
            });
}

}  // extern "C"
