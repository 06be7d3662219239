// Sums over the pixels of many maps, in whole numbers: what tallying.py describes, one function each.
//
// Times are first-spike times, bytes [images, maps, pixels]; a level is one of the values 0..levels-1
// that they take. Compiled with -ffp-contract=off, so that floats are rounded as NumPy rounds them.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#if defined(__AVX2__) || defined(__AVX512F__)
#include <immintrin.h>
#endif
#if defined(__AVX512VNNI__) && defined(__AVX512BW__)
#define BYTE_PRODUCTS 512
#elif defined(__AVX2__)
#define BYTE_PRODUCTS 256
#else
#define BYTE_PRODUCTS 0
#endif

#include "../lookup.h"

#define UNROLL _Pragma("GCC unroll 16")

namespace {

constexpr int ROW = 64;                 // bytes that are multiplied or translated together
constexpr int64_t COLUMNS = 1 << 12;    // of rows whose products are summed before the next ones
constexpr int TILE = 4;                 // rows by rows whose sums stay in registers
constexpr int MAPS = 4;                 // maps that are tallied together: none waits for its own sum
constexpr int64_t PIXELS = 1 << 13;     // of values below 2^17, whose sums 31 bits hold
constexpr int VALUES = 8;               // of a pixel, added at once
constexpr int STEPS = 8, PLACES = 16;   // steps and pixels that are read together
constexpr int HALF = 32;                // bytes of a row that are added together
constexpr int WINDOW = 7;
#ifdef __AVX512F__
constexpr int LANES = 16, ROWS = 8;  // of floats: features that are multiplied together
#else
constexpr int LANES = 8, ROWS = 4;
#endif
constexpr int PANEL = 2 * LANES;

typedef int32_t Ints __attribute__((vector_size(4 * VALUES)));
typedef float Floats __attribute__((vector_size(4 * LANES)));
typedef double Doubles __attribute__((vector_size(8 * STEPS)));

struct Shape {
    int64_t images, maps, pixels, levels;
};

int64_t rounded_up(int64_t count, int64_t unit) { return (count + unit - 1) / unit * unit; }

// a * b + c, rounded once where the processor can: for sums that no order rounds.
inline Floats multiply_add(float a, Floats b, Floats c) {
#if defined(__AVX512F__)
    return Floats(_mm512_fmadd_ps(_mm512_set1_ps(a), __m512(b), __m512(c)));
#elif defined(__AVX2__) && defined(__FMA__)
    return Floats(_mm256_fmadd_ps(_mm256_set1_ps(a), __m256(b), __m256(c)));
#else
    return a * b + c;
#endif
}

#if BYTE_PRODUCTS == 256
inline int32_t sum_of(__m256i eight) {
    int32_t each[8], sum = 0;
    memcpy(each, &eight, sizeof each);
    for (int32_t one : each) sum += one;
    return sum;
}

// As `tile`, where 16 bits hold the sum of 2 * `together` products, 1 or more.
inline void narrow_tile(const uint8_t* const (&a)[TILE], const uint8_t* const (&b)[TILE],
                        int64_t columns, int64_t together, int32_t (&sums)[TILE][TILE]) {
    constexpr int HALF_TILE = TILE / 2, VECTOR = 32;
    const __m256i ones = _mm256_set1_epi16(1);
    for (int first = 0; first < TILE; first += HALF_TILE) {
        __m256i held[HALF_TILE][TILE];
        UNROLL for (int i = 0; i < HALF_TILE; i++)
            UNROLL for (int j = 0; j < TILE; j++) held[i][j] = _mm256_setzero_si256();
        for (int64_t c = 0; c < columns;) {
            const int64_t end = std::min(columns, c + together * VECTOR);
            __m256i few[HALF_TILE][TILE];
            UNROLL for (int i = 0; i < HALF_TILE; i++)
                UNROLL for (int j = 0; j < TILE; j++) few[i][j] = _mm256_setzero_si256();
            for (; c < end; c += VECTOR) {
                __m256i right[TILE];
                UNROLL for (int j = 0; j < TILE; j++)
                    right[j] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(b[j] + c));
                UNROLL for (int i = 0; i < HALF_TILE; i++) {
                    const __m256i left =
                        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(a[first + i] + c));
                    UNROLL for (int j = 0; j < TILE; j++)
                        few[i][j] = _mm256_add_epi16(few[i][j],
                                                     _mm256_maddubs_epi16(left, right[j]));
                }
            }
            UNROLL for (int i = 0; i < HALF_TILE; i++)
                UNROLL for (int j = 0; j < TILE; j++)
                    held[i][j] = _mm256_add_epi32(held[i][j], _mm256_madd_epi16(few[i][j], ones));
        }
        for (int i = 0; i < HALF_TILE; i++)
            for (int j = 0; j < TILE; j++) sums[first + i][j] = sum_of(held[i][j]);
    }
}
#endif

// sums[i][j] = a[i] . b[j], TILE rows of `columns` bytes (a multiple of ROW); b are below 128, and
// no product of two is above `most`.
inline void tile(const uint8_t* const (&a)[TILE], const uint8_t* const (&b)[TILE], int64_t columns,
                 [[maybe_unused]] int32_t most, int32_t (&sums)[TILE][TILE]) {
#if BYTE_PRODUCTS == 512
    __m512i held[TILE][TILE];
    UNROLL for (int i = 0; i < TILE; i++)
        UNROLL for (int j = 0; j < TILE; j++) held[i][j] = _mm512_setzero_si512();
    for (int64_t c = 0; c < columns; c += ROW) {
        __m512i left[TILE], right[TILE];
        UNROLL for (int i = 0; i < TILE; i++) left[i] = _mm512_loadu_si512(a[i] + c);
        UNROLL for (int j = 0; j < TILE; j++) right[j] = _mm512_loadu_si512(b[j] + c);
        UNROLL for (int i = 0; i < TILE; i++)
            UNROLL for (int j = 0; j < TILE; j++)
                held[i][j] = _mm512_dpbusd_epi32(held[i][j], left[i], right[j]);
    }
    UNROLL for (int i = 0; i < TILE; i++)
        UNROLL for (int j = 0; j < TILE; j++) sums[i][j] = _mm512_reduce_add_epi32(held[i][j]);
#else
#if BYTE_PRODUCTS == 256
    if (const int64_t together = INT16_MAX / (2 * std::max(most, 1)))
        return narrow_tile(a, b, columns, together, sums);
#endif
    for (int i = 0; i < TILE; i++)
        for (int j = 0; j < TILE; j++) {
            int32_t sum = 0;
            for (int64_t c = 0; c < columns; c++) sum += int16_t(a[i][c]) * int16_t(b[j][c]);
            sums[i][j] = sum;
        }
#endif
}

// result[i][j] += rows[i] . rows[j] for i <= j; `length` bytes from one row to the next.
void multiply(const uint8_t* rows, int64_t count, int64_t columns, int64_t length,
              int64_t* result) {
    // Of TILE rows each; where bytes are multiplied to 16 bits, which alone may not hold them.
    std::vector<int32_t> largest(rounded_up(count, TILE) / TILE);
    for (int64_t row = 0; BYTE_PRODUCTS == 256 && row < count; row++) {
        uint8_t found = 0;
        for (int64_t c = 0; c < columns; c++) found = std::max(found, rows[row * length + c]);
        largest[row / TILE] = std::max(largest[row / TILE], int32_t(found));
    }
    for (int64_t i = 0; i < count; i += TILE)
        for (int64_t j = i; j < count; j += TILE) {
            const uint8_t *a[TILE], *b[TILE];
            for (int r = 0; r < TILE; r++) {
                a[r] = rows + std::min(i + r, count - 1) * length;
                b[r] = rows + std::min(j + r, count - 1) * length;
            }
            int32_t sums[TILE][TILE];
            tile(a, b, columns, largest[i / TILE] * largest[j / TILE], sums);
            for (int64_t r = 0; r < TILE && i + r < count; r++)
                for (int64_t s = 0; s < TILE && j + s < count; s++)
                    result[(i + r) * count + j + s] += sums[r][s];
        }
}

// Fills the other half of symmetric products.
void mirror(int64_t* result, int64_t count) {
    constexpr int64_t block = 32;
    for (int64_t i = 0; i < count; i += block)
        for (int64_t j = 0; j <= i; j += block)
            for (int64_t r = i; r < std::min(i + block, count); r++)
                for (int64_t c = j; c < std::min(j + block, r); c++)
                    result[r * count + c] = result[c * count + r];
}

// The fixed-point sum of a pair's SSIM over all windows; x and y are [height, width].
int64_t similarity(const uint8_t* x, const uint8_t* y, int64_t height, int64_t width) {
    const double c1 = (0.01 * 255) * (0.01 * 255), c2 = (0.03 * 255) * (0.03 * 255);
    const double samples = WINDOW * WINDOW, unbiased = samples / (samples - 1);
    const int64_t across = width - WINDOW + 1;
    std::vector<int32_t> down(5 * width), sums(5 * across);
    int64_t total = 0;
    auto add = [&](int64_t row, int32_t sign) {
        for (int64_t i = 0; i < width; i++) {
            const int32_t a = x[row * width + i], b = y[row * width + i];
            down[i] += sign * a;
            down[width + i] += sign * b;
            down[2 * width + i] += sign * a * a;
            down[3 * width + i] += sign * b * b;
            down[4 * width + i] += sign * a * b;
        }
    };
    for (int64_t row = 0; row < height; row++) {
        add(row, 1);
        if (row >= WINDOW) add(row - WINDOW, -1);
        if (row < WINDOW - 1) continue;
        for (int q = 0; q < 5; q++)
            for (int64_t i = 0; i < across; i++) {
                int32_t sum = 0;
                for (int w = 0; w < WINDOW; w++) sum += down[q * width + i + w];
                sums[q * across + i] = sum;
            }
        for (int64_t i = 0; i < across; i++) {
            const double mean_x = sums[i] / samples, mean_y = sums[across + i] / samples;
            const double mean_xx = sums[2 * across + i] / samples;
            const double mean_yy = sums[3 * across + i] / samples;
            const double mean_xy = sums[4 * across + i] / samples;
            const double var_x = unbiased * (mean_xx - mean_x * mean_x);
            const double var_y = unbiased * (mean_yy - mean_y * mean_y);
            const double shared = unbiased * (mean_xy - mean_x * mean_y);
            const double ssim = ((2 * mean_x * mean_y + c1) * (2 * shared + c2)) /
                                ((mean_x * mean_x + mean_y * mean_y + c1) * (var_x + var_y + c2));
            total += int64_t(std::nearbyint(ssim * double(1 << 30)));
        }
    }
    return total;
}

}  // namespace

extern "C" {

// result[i][j] += rows[i] . rows[j], bytes [count, columns] below 128.
void products(const uint8_t* rows, int64_t count, int64_t columns, int64_t* result) {
    const int64_t length = std::min(COLUMNS, rounded_up(columns, ROW));
    std::vector<uint8_t> packed(count * length);
    for (int64_t begin = 0; begin < columns; begin += length) {
        const int64_t some = std::min(length, columns - begin), whole = rounded_up(some, ROW);
        for (int64_t row = 0; row < count; row++) {
            memcpy(&packed[row * length], rows + row * columns + begin, some);
            memset(&packed[row * length + some], 0, whole - some);
        }
        multiply(packed.data(), count, whole, length, result);
    }
    mirror(result, count);
}

// result[t][i][j] += products of rows i and j over all pixels: the grey level, a 1, and each map's
// count at step t, into which table t of [steps, 256] translates times. Tables never rise, are below
// 128, and 0 at 255. The grey level's product with itself is left undefined.
void step_products(const uint8_t* times, const uint8_t* grey, const uint8_t* tables, int64_t steps,
                   int64_t* result, const Shape* s) {
    // A few whole images, or a part of a large one, side by side.
    const int64_t pixels = std::min(s->pixels, COLUMNS), rows = s->maps + 2;
    const int64_t together = std::min(std::max(int64_t(1), COLUMNS / pixels), s->images);
    const int64_t length = rounded_up(pixels * together, ROW);
    std::vector<uint8_t> levels(s->maps * length), counts(rows * length);
    memset(&counts[length], 1, length);
    std::vector<Lookup> counts_at;
    for (int64_t t = 0; t < steps; t++) counts_at.emplace_back(tables + 256 * t);
    for (int64_t first = 0; first < s->images; first += together)
        for (int64_t begin = 0; begin < s->pixels; begin += pixels) {
            const int64_t some = std::min(pixels, s->pixels - begin);
            const int64_t images = std::min(together, s->images - first);
            const int64_t whole = rounded_up(some * images, ROW);
            const auto gather = [&](const uint8_t* from, int64_t maps, uint8_t* to, int rest) {
                for (int64_t n = first; n < first + images; n++, to += some)
                    memcpy(to, from + n * maps * s->pixels + begin, some);
                memset(to, rest, whole - some * images);
            };
            gather(grey, 1, counts.data(), 0);
            for (int64_t map = 0; map < s->maps; map++)
                gather(times + map * s->pixels, s->maps, &levels[map * length], 255);
            for (int64_t t = 0; t < steps; t++) {
                for (int64_t map = 0; map < s->maps; map++)
                    counts_at[t].translate(&levels[map * length], whole,
                                           &counts[(map + 2) * length]);
                multiply(counts.data(), rows, whole, length, result + t * rows * rows);
            }
        }
    for (int64_t t = 0; t < steps; t++) mirror(result + t * rows * rows, rows);
}

// result[map][level] += the values, [images, pixels, VALUES] below 2^17, of pixels at that level.
void level_sums(const uint8_t* times, const int32_t* values, int64_t* result, const Shape* s) {
    std::vector<int32_t> held(MAPS * s->levels * VALUES);
    for (int64_t n = 0; n < s->images; n++)
        for (int64_t first = 0; first < s->maps; first += MAPS)
            for (int64_t begin = 0; begin < s->pixels; begin += PIXELS) {
                const int64_t end = std::min(begin + PIXELS, s->pixels);
                const uint8_t* from[MAPS];
                int32_t* to[MAPS];
                for (int m = 0; m < MAPS; m++) {
                    const int64_t map = std::min(first + m, s->maps - 1);
                    from[m] = times + (n * s->maps + map) * s->pixels;
                    to[m] = &held[m * s->levels * VALUES];
                }
                std::fill(held.begin(), held.end(), 0);
                for (int64_t p = begin; p < end; p++) {
                    Ints value;
                    memcpy(&value, values + (n * s->pixels + p) * VALUES, sizeof value);
                    UNROLL for (int m = 0; m < MAPS; m++) {
                        int32_t* place = to[m] + from[m][p] * VALUES;
                        Ints sum;
                        memcpy(&sum, place, sizeof sum);
                        sum += value;
                        memcpy(place, &sum, sizeof sum);
                    }
                }
                const int64_t maps = std::min(int64_t(MAPS), s->maps - first);
                int64_t* sums = result + first * s->levels * VALUES;
                for (int64_t i = 0; i < maps * s->levels * VALUES; i++) sums[i] += held[i];
            }
}

// joint[map][bin][level] and by_image[image][map][level] += how many pixels are there; `bins` is
// the bin of each pixel, [images, pixels] in 0..count-1.
void histograms(const uint8_t* times, const uint8_t* bins, int64_t count, int64_t* joint,
                int64_t* by_image, const Shape* s) {
    const int64_t size = count * s->levels;
    std::vector<int32_t> held(MAPS * size), row(s->pixels);
    for (int64_t n = 0; n < s->images; n++) {
        for (int64_t p = 0; p < s->pixels; p++)
            row[p] = int32_t(bins[n * s->pixels + p] * s->levels);
        for (int64_t first = 0; first < s->maps; first += MAPS) {
            const uint8_t* from[MAPS];
            for (int m = 0; m < MAPS; m++)
                from[m] = times + (n * s->maps + std::min(first + m, s->maps - 1)) * s->pixels;
            std::fill(held.begin(), held.end(), 0);
            for (int64_t p = 0; p < s->pixels; p++)
                UNROLL for (int m = 0; m < MAPS; m++) held[m * size + row[p] + from[m][p]]++;
            for (int64_t m = 0; m < MAPS && first + m < s->maps; m++) {
                int64_t* image = by_image + (n * s->maps + first + m) * s->levels;
                int64_t* all = joint + (first + m) * size;
                for (int64_t i = 0; i < size; i++) {
                    all[i] += held[m * size + i];
                    image[i % s->levels] += held[m * size + i];
                }
            }
        }
    }
}

// result[code][neuron][level] += how many images are there; a neuron's code is that of its image's
// pixel, codes [images, pixels], which `neurons` is a multiple of.
void neuron_histograms(const uint8_t* times, const uint8_t* codes, int64_t images, int64_t neurons,
                       int64_t pixels, int64_t levels, int64_t* result) {
    // As many neurons as lie in a row of bytes, so that their histograms stay near.
    for (int64_t first = 0; first < neurons; first += ROW) {
        const int64_t some = std::min(int64_t(ROW), neurons - first);
        for (int64_t n = 0; n < images; n++) {
            const uint8_t *from = times + n * neurons + first, *code = codes + n * pixels;
            int64_t pixel = first % pixels;
            for (int64_t i = 0; i < some; i++) {
                result[(code[pixel] * neurons + first + i) * levels + from[i]]++;
                if (++pixel == pixels) pixel = 0;
            }
        }
    }
}

// result[t] += squares of the sums over maps of what table [steps, levels] has for the times.
void summed_squares(const uint8_t* times, const int32_t* table, int64_t steps, int64_t* result,
                    const Shape* s) {
    std::vector<uint16_t> found(s->levels * s->pixels);
    std::vector<int64_t> sums(s->pixels);
    std::vector<uint8_t> few(s->pixels);
    for (int64_t n = 0; n < s->images; n++) {
        std::fill(found.begin(), found.end(), 0);
        for (int64_t level = 0; level < s->levels; level++) {
            uint16_t* to = &found[level * s->pixels];
            // Bytes add fastest, and up to 255 of them cannot overflow.
            for (int64_t first = 0; first < s->maps; first += 255) {
                std::fill(few.begin(), few.end(), 0);
                for (int64_t map = first; map < std::min(first + 255, s->maps); map++) {
                    const uint8_t* from = times + (n * s->maps + map) * s->pixels;
                    for (int64_t p = 0; p < s->pixels; p++) few[p] += from[p] == uint8_t(level);
                }
                for (int64_t p = 0; p < s->pixels; p++) to[p] += few[p];
            }
        }
        for (int64_t t = 0; t < steps; t++) {
            std::fill(sums.begin(), sums.end(), 0);
            for (int64_t level = 0; level < s->levels; level++)
                if (const int64_t each = table[t * s->levels + level])
                    for (int64_t p = 0; p < s->pixels; p++)
                        sums[p] += each * found[level * s->pixels + p];
            for (int64_t p = 0; p < s->pixels; p++) result[t] += sums[p] * sums[p];
        }
    }
}

// Of trains, eight steps a byte [bytes, images, maps, pixels]: squares[t][map] += those of counts up
// to step t, summed[t] += those of the sums of counts over maps.
void train_squares(const uint8_t* packed, int64_t steps, int64_t* squares, int64_t* summed,
                   const Shape* s) {
    std::vector<uint16_t> counts(s->maps * s->pixels);
    std::vector<uint32_t> sums(s->pixels);
    for (int64_t n = 0; n < s->images; n++) {
        std::fill(counts.begin(), counts.end(), 0);
        for (int64_t t = 0; t < steps; t++) {
            const int shift = 7 - t % 8;
            std::fill(sums.begin(), sums.end(), 0);
            for (int64_t map = 0; map < s->maps; map++) {
                const uint8_t* __restrict from =
                    packed + ((t / 8 * s->images + n) * s->maps + map) * s->pixels;
                uint16_t* __restrict count = &counts[map * s->pixels];
                uint32_t* __restrict sum = sums.data();
                uint64_t total = 0;
                for (int64_t p = 0; p < s->pixels; p++) {
                    count[p] += from[p] >> shift & 1;
                    const uint32_t each = count[p];
                    sum[p] += each;
                    total += each * each;
                }
                squares[t * s->maps + map] += total;
            }
            uint64_t total = 0;
            for (int64_t p = 0; p < s->pixels; p++) total += uint64_t(sums[p]) * sums[p];
            summed[t] += total;
        }
    }
}

// result[y][x] += bits that are set in the words of any of 2 x 2 pixels; `words` [levels].
void pooled_bits(const uint8_t* times, const uint64_t* words, int64_t height, int64_t width,
                 int64_t* result, const Shape* s) {
    for (int64_t map = 0; map < s->images * s->maps; map++) {
        const uint8_t* from = times + map * s->pixels;
        int64_t* to = result;
        for (int64_t y = 0; y + 1 < height; y += 2)
            for (int64_t x = 0; x + 1 < width; x += 2) {
                const uint8_t *above = from + y * width + x, *below = above + width;
                *to++ += __builtin_popcountll(words[above[0]] | words[above[1]] |
                                              words[below[0]] | words[below[1]]);
            }
    }
}

// Of times before and after, [images, neurons], how many are the same and below `silent`, how many
// are below it in either, and the sum of differences; result[3][images].
void first_spike_changes(const uint8_t* before, const uint8_t* after, int64_t images,
                         int64_t neurons, int64_t silent, int64_t* result) {
    const uint8_t never = uint8_t(silent);
    for (int64_t n = 0; n < images; n++) {
        const uint8_t *a = before + n * neurons, *b = after + n * neurons;
        int64_t same = 0, fires = 0, moved = 0, p = 0;
        while (p + ROW <= neurons) {
            // Bytes, which up to 255 additions cannot overflow; of differences two each.
            uint8_t kept[ROW] = {}, fired[ROW] = {};
            uint16_t away[ROW] = {};
            for (int i = 0; i < 255 && p + ROW <= neurons; i++, p += ROW)
                for (int l = 0; l < ROW; l++) {
                    const uint8_t x = a[p + l], y = b[p + l];
                    const uint8_t low = x < y ? x : y, high = x < y ? y : x;
                    const uint8_t fire = low < never ? 1 : 0, equal = low == high ? 1 : 0;
                    kept[l] += fire & equal;
                    fired[l] += fire;
                    away[l] += uint8_t(high - low);
                }
            int32_t sums[3] = {};
            for (int l = 0; l < ROW; l++) sums[0] += kept[l], sums[1] += fired[l], sums[2] += away[l];
            same += sums[0], fires += sums[1], moved += sums[2];
        }
        for (; p < neurons; p++) {
            const uint8_t low = std::min(a[p], b[p]), high = std::max(a[p], b[p]);
            same += low == high && low < never;
            fires += low < never;
            moved += high - low;
        }
        result[n] = same, result[images + n] = fires, result[2 * images + n] = moved;
    }
}

// result[map][level] += how many neurons are there, over all images.
void level_counts(const uint8_t* times, int64_t* result, const Shape* s) {
    for (int64_t row = 0; row < s->images * s->maps; row++)
        for (int64_t level = 0; level < s->levels; level++) {
            const uint8_t* from = times + row * s->pixels;
            uint8_t few[ROW];  // bytes, which up to 255 additions cannot overflow
            int64_t p = 0, total = 0;
            while (p + ROW <= s->pixels) {
                memset(few, 0, ROW);
                for (int i = 0; i < 255 && p + ROW <= s->pixels; i++, p += ROW)
                    for (int b = 0; b < ROW; b++) few[b] += from[p + b] == uint8_t(level);
                int32_t sum = 0;
                for (int b = 0; b < ROW; b++) sum += few[b];
                total += sum;
            }
            for (; p < s->pixels; p++) total += from[p] == uint8_t(level);
            result[row % s->maps * s->levels + level] += total;
        }
}

// Sums of counts [images, neurons] and of their squares: over images, [2, neurons], and over
// neurons, [2, images]; each is added to.
void moments(const uint8_t* counts, int64_t images, int64_t neurons, int64_t* result,
             int64_t* by_image) {
    std::vector<uint32_t> held(2 * COLUMNS);
    for (int64_t begin = 0; begin < neurons; begin += COLUMNS) {
        const int64_t some = std::min(COLUMNS, neurons - begin);
        uint32_t *sums = held.data(), *squares = sums + COLUMNS;
        std::fill(held.begin(), held.end(), 0);
        for (int64_t n = 0; n < images; n++) {
            const uint8_t* from = counts + n * neurons + begin;
            uint32_t sum = 0, square = 0;
            for (int64_t i = 0; i < some; i++) {
                const uint32_t each = from[i];
                sums[i] += each;
                squares[i] += each * each;
                sum += each;
                square += each * each;
            }
            by_image[n] += sum;
            by_image[images + n] += square;
        }
        for (int64_t i = 0; i < some; i++) {
            result[begin + i] += sums[i];
            result[neurons + begin + i] += squares[i];
        }
    }
}

// result[map][row][column] = sums of counts [maps, height, width] over a grid of side x side cells.
void cell_sums(const uint8_t* counts, int64_t maps, int64_t height, int64_t width, int64_t side,
               int64_t* result) {
    std::vector<uint32_t> down(rounded_up(width, HALF));
    const uint8_t* end = counts + maps * height * width;
    for (int64_t map = 0; map < maps; map++)
        for (int64_t row = 0; row < side; row++) {
            std::fill(down.begin(), down.end(), 0);
            for (int64_t y = row * height / side; y < (row + 1) * height / side; y++)
                for (int64_t x = 0; x < width; x += HALF) {
                    // Whole vectors; what they hold of the next row, nobody looks at.
                    const uint8_t* from = counts + (map * height + y) * width + x;
                    uint8_t some[HALF] = {};
                    if (end - from >= HALF)
                        memcpy(some, from, HALF);
                    else
                        memcpy(some, from, end - from);
                    for (int i = 0; i < HALF; i++) down[x + i] += some[i];
                }
            for (int64_t column = 0; column < side; column++) {
                int64_t sum = 0;
                for (int64_t x = column * width / side; x < (column + 1) * width / side; x++)
                    sum += down[x];
                *result++ = sum;
            }
        }
}

// gram[i][j] += sums of products of features i and j for i <= j, over [images, count]; so few images
// that no sum exceeds 2^24.
void feature_products(const float* features, int64_t images, int64_t count, int64_t* gram) {
    const int64_t panels = (count + PANEL - 1) / PANEL, size = images * PANEL;
    std::vector<float> packed(panels * size);
    for (int64_t panel = 0; panel < panels; panel++)
        for (int64_t n = 0; n < images; n++)
            memcpy(&packed[panel * size + n * PANEL], features + n * count + panel * PANEL,
                   sizeof(float) * std::min(int64_t(PANEL), count - panel * PANEL));
    for (int64_t left = 0; left < panels; left++)
        for (int64_t right = left; right < panels; right++)
            for (int64_t row = 0; row < PANEL; row += ROWS) {
                const float *a = &packed[left * size + row], *b = &packed[right * size];
                Floats sums[ROWS][PANEL / LANES] = {};
                for (int64_t n = 0; n < images; n++, a += PANEL, b += PANEL) {
                    Floats other[PANEL / LANES];
                    UNROLL for (int v = 0; v < PANEL / LANES; v++)  // one by one: an array goes by halves
                        memcpy(&other[v], b + v * LANES, sizeof other[v]);
                    UNROLL for (int i = 0; i < ROWS; i++)
                        UNROLL for (int v = 0; v < PANEL / LANES; v++)
                            sums[i][v] = multiply_add(a[i], other[v], sums[i][v]);
                }
                const int64_t first = right * PANEL;
                for (int64_t i = 0; i < ROWS && left * PANEL + row + i < count; i++) {
                    int64_t* to = gram + (left * PANEL + row + i) * count + first;
                    const float* from = reinterpret_cast<const float*>(sums[i]);
                    for (int64_t j = 0; j < std::min(int64_t(PANEL), count - first); j++)
                        to[j] += int64_t(from[j]);
                }
            }
}

// Fills the half of [count, count] below the diagonal from that above it.
void complete(int64_t* gram, int64_t count) { mirror(gram, count); }

// result[t][n][p] = the sum over maps of table [maps, levels, steps], rounded to a byte; `steps`
// is a multiple of STEPS. Sums are exact in any order, bias [steps] included.
void read_levels(const uint8_t* times, const double* table, const double* bias, int64_t steps,
                 int64_t wanted, uint8_t* result, const Shape* s) {
    for (int64_t n = 0; n < s->images; n++)
        for (int64_t t = 0; t < steps; t += STEPS)
            for (int64_t begin = 0; begin < s->pixels; begin += PLACES) {
                const int64_t some = std::min(int64_t(PLACES), s->pixels - begin);
                const uint8_t* from = times + n * s->maps * s->pixels + begin;
                const double* rows = table + t;
                Doubles sums[PLACES], offset;
                memcpy(&offset, bias + t, sizeof offset);
                for (int i = 0; i < PLACES; i++) sums[i] = offset;
                for (int64_t map = 0; map < s->maps; map++) {
                    uint8_t at[PLACES] = {};
                    memcpy(at, from, some == PLACES ? PLACES : some);
                    UNROLL for (int i = 0; i < PLACES; i++) {
                        Doubles row;
                        memcpy(&row, rows + at[i] * steps, sizeof row);
                        sums[i] += row;
                    }
                    from += s->pixels;
                    rows += s->levels * steps;
                }
                for (int64_t step = t; step < std::min(t + STEPS, wanted); step++)
                    for (int64_t i = 0; i < some; i++) {
                        const double grey = std::nearbyint(sums[i][step - t]);
                        result[(step * s->images + n) * s->pixels + begin + i] =
                            uint8_t(std::min(255.0, std::max(0.0, grey)));
                    }
            }
}

// Of each image [images, height, width] and what was read of it, [rows, images or 1, height,
// width]: squared errors, and fixed-point sums of SSIM over windows, [rows, images] each.
void likenesses(const uint8_t* images, const uint8_t* read, int64_t rows, int64_t count,
                int64_t each, int64_t height, int64_t width, int64_t* errors, int64_t* ssim) {
    const int64_t pixels = height * width;
    for (int64_t row = 0; row < rows; row++)
        for (int64_t n = 0; n < count; n++) {
            const uint8_t* x = images + n * pixels;
            const uint8_t* y = read + (row * each + n % each) * pixels;
            int64_t error = 0;
            for (int64_t p = 0; p < pixels; p++) {
                const int32_t away = int32_t(x[p]) - y[p];
                error += away * away;
            }
            errors[row * count + n] = error;
            if (height >= WINDOW && width >= WINDOW)
                ssim[row * count + n] = similarity(x, y, height, width);
        }
}
}
