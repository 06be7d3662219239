// First-spike times of still images: a convolution, what scales and shifts each map, and the
// comparison of the drive with the neurons' exact thresholds, in one pass; fused.py says what each
// function computes and how its rounding is checked.
//
// Compiled with -ffp-contract=fast, so that a product and the sum behind it are rounded once where
// the processor can: as vectorized convolutions do, term after term.

#include <cmath>
#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

#include "../lookup.h"

#define UNROLL _Pragma("GCC unroll 16")

namespace {

#ifdef __AVX512F__
constexpr int LANES = 16, MAPS = 2, VECTORS = 4;
#else
constexpr int LANES = 8, MAPS = 2, VECTORS = 4;
#endif
constexpr int TILE = LANES * VECTORS;  // pixels of MAPS maps that are computed together
constexpr int FEW = 16;                // so many thresholds are compared with one by one

typedef float Floats __attribute__((vector_size(4 * LANES)));
typedef int32_t Ints __attribute__((vector_size(4 * LANES)));
typedef uint8_t Bytes __attribute__((vector_size(LANES)));

struct Shape {
    int64_t images, channels, height, width;  // of the images with their padding
    int64_t maps, rows, columns;              // of the drive
    int64_t stride_y, stride_x, taps, bias_first, thresholds, threads;
};

// Calls work(begin, end) for parts of `count` things, each in a thread.
template <class Work>
void share(int64_t count, int64_t threads, const Work& work) {
    std::vector<std::thread> others;
    for (int64_t t = 1; t < threads; t++)
        others.emplace_back(work, count * t / threads, count * (t + 1) / threads);
    work(int64_t(0), count / threads);
    for (std::thread& other : others) other.join();
}

inline Floats all(float x) { return x - Floats{}; }

// LANES floats from anywhere. Several at once, an array, would be copied by halves, whose way through
// memory takes ten times as long.
inline Floats load(const float* from) {
    Floats result;
    memcpy(&result, from, sizeof result);
    return result;
}

// table[index], where each index is in 0..LANES-1.
inline Floats look_up(Floats table, Ints index) {
#if defined(__GNUC__) && !defined(__clang__)
    return __builtin_shuffle(table, index);
#else
    Floats result;
    for (int i = 0; i < LANES; i++) result[i] = table[index[i]];
    return result;
#endif
}

// Thresholds in ascending order. Many are LANES parts of equal length: which part a drive lies in
// is found first, and then how far it gets there.
struct Thresholds {
    int64_t count, length;
    const float* values;
    std::vector<float> nth;  // the first of each part, then the second of each part, ...

    Thresholds(const float* values, int64_t count)
        : count(count), length((count + LANES - 1) / LANES), values(values) {
        if (count <= FEW) return;
        nth.assign(length * LANES, INFINITY);
        for (int64_t n = 0; n < count; n++) nth[n % length * LANES + n / length] = values[n];
    }

    Floats row(int64_t n) const { return load(&nth[n * LANES]); }

    // How many of them each drive reaches.
    template <int N>
    inline void reached(const Floats (&drive)[N], Ints (&found)[N]) const {
        UNROLL for (int v = 0; v < N; v++) found[v] = Ints{};
        if (count <= FEW) {
            for (int64_t n = 0; n < count; n++) {
                const Floats threshold = all(values[n]);
                UNROLL for (int v = 0; v < N; v++) found[v] -= drive[v] >= threshold;
            }
            return;
        }
        Ints part[N] = {};
        for (int p = 1; p < LANES; p++) {
            const Floats threshold = all(nth[p]);
            UNROLL for (int v = 0; v < N; v++) part[v] -= drive[v] >= threshold;
        }
        for (int64_t n = 0; n < length; n++) {
            const Floats table = row(n);
            UNROLL for (int v = 0; v < N; v++) found[v] -= drive[v] >= look_up(table, part[v]);
        }
        UNROLL for (int v = 0; v < N; v++) found[v] += part[v] * int32_t(length);
    }
};

// Bytes to memory, of which there may be room for a part.
inline void store(uint8_t* to, Ints numbers, int64_t room) {
    const Bytes bytes = __builtin_convertvector(numbers, Bytes);
    if (room >= LANES)
        memcpy(to, &bytes, sizeof bytes);
    else
        for (int i = 0; i < room; i++) to[i] = bytes[i];
}

struct Layer {
    const float *kernels, *bias, *scale, *shift;

    // The drive of MAPS maps from k on, or of the last one several times.
    inline void drive(const Shape& s, const float* patches, const int64_t (&k)[MAPS],
                      Floats (&result)[MAPS * VECTORS]) const {
        UNROLL for (int m = 0; m < MAPS; m++) {
            const Floats start = bias && s.bias_first ? all(bias[k[m]]) : Floats{};
            UNROLL for (int v = 0; v < VECTORS; v++) result[m * VECTORS + v] = start;
        }
        for (int64_t tap = 0; tap < s.taps; tap++) {
            Floats x[VECTORS];
            UNROLL for (int v = 0; v < VECTORS; v++) x[v] = load(patches + tap * TILE + v * LANES);
            UNROLL for (int m = 0; m < MAPS; m++) {
                const Floats weight = all(kernels[k[m] * s.taps + tap]);
                UNROLL for (int v = 0; v < VECTORS; v++) result[m * VECTORS + v] += x[v] * weight;
            }
        }
        if (bias && !s.bias_first)
            UNROLL for (int m = 0; m < MAPS; m++) {
                const Floats offset = all(bias[k[m]]);
                UNROLL for (int v = 0; v < VECTORS; v++) result[m * VECTORS + v] += offset;
            }
        if (!scale) return;
        UNROLL for (int m = 0; m < MAPS; m++) {
            const Floats factor = all(scale[k[m]]), offset = all(shift[k[m]]);
            UNROLL for (int v = 0; v < VECTORS; v++) {
                Floats& drive = result[m * VECTORS + v];
                drive = drive * factor + offset;
            }
        }
    }
};

// What the taps of TILE pixels from `begin` on see, a row for each tap.
inline void gather(const Shape& s, const float* image, const int64_t* offsets, int64_t begin,
                   int64_t count, float* patches) {
    for (int64_t i = 0; i < count; i++) {
        const int64_t y = (begin + i) / s.columns, x = (begin + i) % s.columns;
        const float* corner = image + y * s.stride_y * s.width + x * s.stride_x;
        for (int64_t tap = 0; tap < s.taps; tap++) patches[tap * TILE + i] = corner[offsets[tap]];
    }
}

// Calls use(drive, k, n, begin, count) for the drive of each tile of each image.
template <class Use>
void each_tile(const float* images, const int64_t* offsets, const Layer& layer, const Shape& s,
               const Use& use) {
    const int64_t pixels = s.rows * s.columns;
    share(s.images, s.threads, [&](int64_t start, int64_t end) {
        std::vector<float> patches(s.taps * TILE);
        for (int64_t n = start; n < end; n++)
            for (int64_t begin = 0; begin < pixels; begin += TILE) {
                const int64_t count = pixels - begin < TILE ? pixels - begin : TILE;
                const float* image = images + n * s.channels * s.height * s.width;
                gather(s, image, offsets, begin, count, patches.data());
                for (int64_t first = 0; first < s.maps; first += MAPS) {
                    int64_t k[MAPS];
                    for (int m = 0; m < MAPS; m++)
                        k[m] = first + m < s.maps ? first + m : s.maps - 1;
                    Floats drive[MAPS * VECTORS];
                    layer.drive(s, patches.data(), k, drive);
                    use(drive, k, n, begin, count);
                }
            }
    });
}

}  // namespace

extern "C" {

void first_spike(const float* images, const int64_t* offsets, const float* kernels,
                 const float* bias, const float* scale, const float* shift,
                 const float* thresholds, uint8_t* times, const Shape* s) {
    const Thresholds cuts(thresholds, s->thresholds);
    const int64_t pixels = s->rows * s->columns;
    each_tile(images, offsets, Layer{kernels, bias, scale, shift}, *s,
              [&](const Floats(&drive)[MAPS * VECTORS], const int64_t(&k)[MAPS], int64_t n,
                  int64_t begin, int64_t count) {
                  Ints found[MAPS * VECTORS];
                  cuts.reached(drive, found);
                  UNROLL for (int m = 0; m < MAPS; m++) {
                      uint8_t* to = times + (n * s->maps + k[m]) * pixels + begin;
                      UNROLL for (int v = 0; v < VECTORS; v++)
                          store(to + v * LANES, int32_t(s->thresholds) - found[m * VECTORS + v],
                                count - v * LANES);
                  }
              });
}

void drive(const float* images, const int64_t* offsets, const float* kernels, const float* bias,
           const float* scale, const float* shift, const float*, float* result, const Shape* s) {
    const int64_t pixels = s->rows * s->columns;
    each_tile(images, offsets, Layer{kernels, bias, scale, shift}, *s,
              [&](const Floats(&drive)[MAPS * VECTORS], const int64_t(&k)[MAPS], int64_t n,
                  int64_t begin, int64_t count) {
                  for (int m = 0; m < MAPS; m++)
                      memcpy(result + (n * s->maps + k[m]) * pixels + begin, drive + m * VECTORS,
                             sizeof(float) * count);
              });
}

// Of how many thresholds each of `count` drives falls short.
void compare(const float* drive, const float* thresholds, uint8_t* result, int64_t count,
             int64_t many, int64_t threads) {
    const Thresholds cuts(thresholds, many);
    share((count + TILE - 1) / TILE, threads, [&](int64_t tile, int64_t end) {
        for (; tile < end; tile++) {
            const int64_t begin = tile * TILE, room = count - begin < TILE ? count - begin : TILE;
            Floats values[VECTORS] = {};
            Ints found[VECTORS];
            if (room == TILE)
                UNROLL for (int v = 0; v < VECTORS; v++) values[v] = load(drive + begin + v * LANES);
            else
                memcpy(values, drive + begin, sizeof(float) * room);
            cuts.reached(values, found);
            UNROLL for (int v = 0; v < VECTORS; v++)
                store(result + begin + v * LANES, int32_t(many) - found[v], room - v * LANES);
        }
    });
}

// to[i] = table[from[i]] of a table of 256 that never rises.
void translate(const uint8_t* from, const uint8_t* table, uint8_t* to, int64_t count,
               int64_t threads) {
    const Lookup lookup(table);
    share(count, threads, [&](int64_t begin, int64_t end) {
        lookup.translate(from + begin, end - begin, to + begin);
    });
}
}
