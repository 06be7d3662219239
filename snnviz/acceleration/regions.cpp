// The regions of regions.py, which says what each computes, one pass over memory each.
//
// STORED is what maps and spikes are in memory: float, or uint16_t for bfloat16. Everything is
// computed in float. Maps are channels-last; the innermost loops run over LANES channels with the vector types of GCC
// and Clang, which become whatever registers the machine has. Sums go to one row an image, so that no two threads
// share one and none grows long.

#include <cstdint>
#include <cstring>

namespace {

typedef STORED Stored;
constexpr int LANES = 16;
constexpr int MAX_STEPS = 64;  // native.py takes no more
constexpr int CORNERS = 4;     // of a pooling window, in the order in which max_pool2d looks at them

typedef float Vector __attribute__((vector_size(4 * LANES)));
typedef int32_t Mask __attribute__((vector_size(4 * LANES)));
typedef uint32_t Bits __attribute__((vector_size(4 * LANES)));
typedef uint16_t Halves __attribute__((vector_size(2 * LANES)));

struct Neuron {
    float threshold, reset, alpha;
    int32_t hard;
};

struct Shape {
    int64_t steps, images, height, width, channels;
    int64_t rows() const { return height / 2; }
    int64_t columns() const { return width / 2; }
    int64_t at(int64_t t, int64_t n, int64_t h, int64_t w) const {
        return (((t * images + n) * height + h) * width + w) * channels;
    }
    int64_t pooled(int64_t t, int64_t n, int64_t h, int64_t w) const {
        return (((t * images + n) * rows() + h) * columns() + w) * channels;
    }
};

// How many of the lanes from channel c on there are.
inline int lanes(int64_t c, int64_t channels) {
    return channels - c < LANES ? int(channels - c) : LANES;
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

// Drives of all steps become charged potentials, in place.
inline void charge(Vector* drive, int64_t steps, const Neuron& neuron) {
    Vector v = Vector{} + neuron.reset;
    for (int64_t t = 0; t < steps; ++t) {
        v = drive[t] = v + drive[t];
        v = v >= neuron.threshold ? (neuron.hard ? Vector{} + neuron.reset : v - neuron.threshold) : v;
    }
}

// Gradients of the spikes become those of the drives, in place.
inline void descend(Vector* gradient, const Vector* charged, int64_t steps, const Neuron& neuron) {
    const float slope = 1.5707963267948966f * neuron.alpha;
    Vector later = {};
    for (int64_t t = steps; t-- > 0;) {
        Vector distance = (charged[t] - neuron.threshold) * slope;
        Vector surrogate = neuron.alpha / 2 / (1 + distance * distance);
        Vector kept = neuron.hard
            ? (charged[t] >= neuron.threshold ? Vector{} : Vector{} + 1) +
                  (neuron.reset - charged[t]) * surrogate
            : 1 - neuron.threshold * surrogate;
        later = gradient[t] = gradient[t] * surrogate + later * kept;
    }
}

// The drive of maps with an affine normalization.
struct Affine {
    const Stored* maps;
    const float *scale, *shift;
    Shape shape;

    void operator()(
        Vector* drive, int64_t n, int64_t h, int64_t w, int corner, int64_t c, int count) const {
        for (int64_t t = 0; t < shape.steps; ++t) {
            const Stored* from = maps + shape.at(t, n, 2 * h + corner / 2, 2 * w + corner % 2) + c;
            drive[t] = load(from, count) * load(scale + t * shape.channels + c, count) +
                load(shift + t * shape.channels + c, count);
        }
    }
};

// The drive of a still image: a 3 x 3 convolution, the same at each step.
struct Convolution {
    const float *images, *weight, *shift;  // images with a border of zeros
    int64_t in_channels;
    Shape shape;

    const float* tap(int64_t k, int64_t n, int64_t h, int64_t w, int corner) const {
        int64_t row = 2 * h + corner / 2 + k / 3 % 3, column = 2 * w + corner % 2 + k % 3;
        return images +
            ((n * in_channels + k / 9) * (shape.height + 2) + row) * (shape.width + 2) + column;
    }
    void operator()(
        Vector* drive, int64_t n, int64_t h, int64_t w, int corner, int64_t c, int count) const {
        Vector sum = load(shift + c, count);
        for (int64_t k = 0; k < 9 * in_channels; ++k)
            sum += *tap(k, n, h, w, corner) * load(weight + k * shape.channels + c, count);
        for (int64_t t = 0; t < shape.steps; ++t) drive[t] = sum;
    }
};

template <class Drive>
void pool(const Shape& shape, const Neuron& neuron, const Drive& drive, Stored* spikes) {
#pragma omp parallel for
    for (int64_t n = 0; n < shape.images; ++n)
        for (int64_t h = 0; h < shape.rows(); ++h)
            for (int64_t w = 0; w < shape.columns(); ++w)
                for (int64_t c = 0; c < shape.channels; c += LANES) {
                    int count = lanes(c, shape.channels);
                    Mask any[MAX_STEPS];
                    memset(any, 0, shape.steps * sizeof *any);
                    for (int corner = 0; corner < CORNERS; ++corner) {
                        Vector charged[MAX_STEPS];
                        drive(charged, n, h, w, corner, c, count);
                        charge(charged, shape.steps, neuron);
                        for (int64_t t = 0; t < shape.steps; ++t)
                            any[t] |= charged[t] >= neuron.threshold;
                    }
                    for (int64_t t = 0; t < shape.steps; ++t)
                        store(spikes + shape.pooled(t, n, h, w) + c,
                              any[t] ? Vector{} + 1 : Vector{}, count);
                }
}

template <class Drive, class Take>
void pool_backward(
    const Shape& shape, const Neuron& neuron, const Drive& drive, const Stored* gradient,
    const Take& take) {
#pragma omp parallel for
    for (int64_t n = 0; n < shape.images; ++n)
        for (int64_t h = 0; h < shape.rows(); ++h)
            for (int64_t w = 0; w < shape.columns(); ++w)
                for (int64_t c = 0; c < shape.channels; c += LANES) {
                    int count = lanes(c, shape.channels);
                    Vector charged[CORNERS][MAX_STEPS], part[CORNERS][MAX_STEPS];
                    for (int corner = 0; corner < CORNERS; ++corner) {
                        drive(charged[corner], n, h, w, corner, c, count);
                        charge(charged[corner], shape.steps, neuron);
                    }
                    for (int64_t t = 0; t < shape.steps; ++t) {
                        // To the first corner with a spike, or the first of all.
                        Vector whole = load(gradient + shape.pooled(t, n, h, w) + c, count);
                        Mask taken = {};
                        for (int corner = 1; corner < CORNERS; ++corner)
                            taken |= charged[corner][t] >= neuron.threshold;
                        Mask free = charged[0][t] >= neuron.threshold | ~taken;
                        part[0][t] = free ? whole : Vector{};
                        free = ~free;
                        for (int corner = 1; corner < CORNERS; ++corner) {
                            Mask mine = free & (charged[corner][t] >= neuron.threshold);
                            part[corner][t] = mine ? whole : Vector{};
                            free &= ~mine;
                        }
                    }
                    for (int corner = 0; corner < CORNERS; ++corner)
                        descend(part[corner], charged[corner], shape.steps, neuron);
                    take(part, n, h, w, c, count);
                }
}

}  // namespace

extern "C" {

void fire_and_pool(
    const Stored* maps, const float* scale, const float* shift, Stored* spikes, const Shape& shape, const Neuron& neuron) {
    pool(shape, neuron, Affine{maps, scale, shift, shape}, spikes);
}

void fire_and_pool_backward(
    const Stored* gradient, const Stored* maps, const float* scale, const float* shift, const float* mean,
    Stored* result, float* plain, float* centered, const Shape& shape, const Neuron& neuron) {
    auto take = [&](const Vector(&part)[CORNERS][MAX_STEPS], int64_t n, int64_t h, int64_t w,
                    int64_t c, int count) {
        for (int64_t t = 0; t < shape.steps; ++t) {
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
    pool_backward(shape, neuron, Affine{maps, scale, shift, shape}, gradient, take);
}

void encode(
    const float* images, const float* weight, const float* shift, Stored* spikes, const Shape& shape,
    int64_t in_channels, const Neuron& neuron) {
    pool(shape, neuron, Convolution{images, weight, shift, in_channels, shape}, spikes);
}

void encode_backward(
    const Stored* gradient, const float* images, const float* weight, const float* shift, float* sums,
    const Shape& shape, int64_t in_channels, const Neuron& neuron) {
    Convolution drive{images, weight, shift, in_channels, shape};
    auto take = [&](const Vector(&part)[CORNERS][MAX_STEPS], int64_t n, int64_t h, int64_t w,
                    int64_t c, int count) {
        Vector sum[CORNERS] = {};
        for (int corner = 0; corner < CORNERS; ++corner)
            for (int64_t t = 0; t < shape.steps; ++t) sum[corner] += part[corner][t];
        float* row = sums + n * (9 * in_channels + 1) * shape.channels + c;
        for (int64_t k = 0; k < 9 * in_channels; ++k, row += shape.channels) {
            Vector product = {};
            for (int corner = 0; corner < CORNERS; ++corner)
                product += *drive.tap(k, n, h, w, corner) * sum[corner];
            add(row, product, count);
        }
        add(row, sum[0] + sum[1] + sum[2] + sum[3], count);
    };
    pool_backward(shape, neuron, drive, gradient, take);
}

void fire(const Stored* drive, Stored* spikes, int64_t steps, int64_t size, const Neuron& neuron) {
#pragma omp parallel for
    for (int64_t i = 0; i < size; i += LANES) {
        int count = lanes(i, size);
        Vector charged[MAX_STEPS];
        for (int64_t t = 0; t < steps; ++t) charged[t] = load(drive + t * size + i, count);
        charge(charged, steps, neuron);
        for (int64_t t = 0; t < steps; ++t)
            store(spikes + t * size + i,
                  charged[t] >= neuron.threshold ? Vector{} + 1 : Vector{}, count);
    }
}

void fire_backward(
    const Stored* gradient, const Stored* drive, Stored* result, int64_t steps, int64_t size, const Neuron& neuron) {
#pragma omp parallel for
    for (int64_t i = 0; i < size; i += LANES) {
        int count = lanes(i, size);
        Vector charged[MAX_STEPS], part[MAX_STEPS];
        for (int64_t t = 0; t < steps; ++t) {
            charged[t] = load(drive + t * size + i, count);
            part[t] = load(gradient + t * size + i, count);
        }
        charge(charged, steps, neuron);
        descend(part, charged, steps, neuron);
        for (int64_t t = 0; t < steps; ++t) store(result + t * size + i, part[t], count);
    }
}

// `rows` is [T * N] maps of `pixels`.
void moments(
    const Stored* maps, float* mean, float* squares, int64_t rows, int64_t pixels, int64_t channels) {
#pragma omp parallel for
    for (int64_t row = 0; row < rows; ++row)
        for (int64_t c = 0; c < channels; c += LANES) {
            int count = lanes(c, channels);
            const Stored* from = maps + row * pixels * channels + c;
            Vector sum = {}, square = {};
            for (int64_t i = 0; i < pixels; ++i) sum += load(from + i * channels, count);
            sum /= float(pixels);
            for (int64_t i = 0; i < pixels; ++i) {
                Vector distance = load(from + i * channels, count) - sum;
                square += distance * distance;
            }
            store(mean + row * channels + c, sum, count);
            store(squares + row * channels + c, square, count);
        }
}

void combine(
    Stored* gradient, const Stored* maps, const float* scale, const float* slope, const float* offset,
    int64_t steps, int64_t size, int64_t channels) {
#pragma omp parallel for collapse(2)
    for (int64_t t = 0; t < steps; ++t)
        for (int64_t i = 0; i < size; ++i)
            for (int64_t c = 0; c < channels; c += LANES) {
                int count = lanes(c, channels);
                int64_t at = (t * size + i) * channels + c, factor = t * channels + c;
                store(gradient + at,
                      load(gradient + at, count) * load(scale + factor, count) +
                          load(maps + at, count) * load(slope + factor, count) +
                          load(offset + factor, count),
                      count);
            }
}

}  // extern "C"
