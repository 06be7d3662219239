// Maps into pictures: each byte becomes the number of its colour, in its map's place.
// No headers of Python: arrays come as pointers, see painting.py, which has the same in NumPy.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

namespace {

constexpr uint64_t kAdler = 65521;  // RFC 1950
constexpr int64_t kBlock = 4096;    // values whose weighed sum fits into 32 bits

struct Place {
    int64_t maps, columns, height, width;  // K maps [height, width], so many in a row of the grid
    int64_t top, left;                     // of the first one, in pixels
    int64_t down, right;                   // from one to the next, in pixels
};

struct File {
    int64_t row;                    // bytes of a row, its filter among them
    int64_t left;                   // bytes of a row before the picture
    int64_t scale, channels, size;  // pixels of a pixel's block, bytes of one, bytes of all rows
};

// What a map's row is drawn in: for each channel a number for each byte.
const uint8_t* table_of(const uint8_t* tables, const int32_t* which, int64_t map, int64_t channels) {
    return tables + 256 * channels * which[map];
}

// `scale` times each value, `channels` bytes apart.
void widen(const uint8_t* values, int64_t width, int64_t scale, int64_t channels, uint8_t* target) {
    int64_t x = 0;
    if (channels == 1 && scale <= 4)
        for (; x < width - 3; ++x) {  // four bytes at once, of which the next pixel takes some back
            const uint32_t four = values[x] * UINT32_C(0x01010101);
            std::memcpy(target + x * scale, &four, sizeof four);
        }
    for (; x < width; ++x)
        for (int64_t n = 0; n < scale; ++n) target[(x * scale + n) * channels] = values[x];
}

}  // namespace

// A canvas with a number a pixel; what is between maps is left as it is.
extern "C" void compose(const uint8_t* maps, const uint8_t* tables, const int32_t* which,
                        const Place* place, int64_t row, uint8_t* canvas) {
    for (int64_t map = 0; map < place->maps; ++map) {
        const uint8_t* table = table_of(tables, which, map, 1);
        const uint8_t* source = maps + map * place->height * place->width;
        uint8_t* target = canvas + (place->top + map / place->columns * place->down) * row +
                          place->left + map % place->columns * place->right;
        for (int64_t y = 0; y < place->height; ++y, source += place->width, target += row)
            for (int64_t x = 0; x < place->width; ++x) target[x] = table[source[x]];
    }
}

// The rows of a PNG's pixels: each pixel `scale` times beside itself, in the first of `scale` rows
// (the others hold no difference to it). A map's first row is stored as it is, the others as
// differences to the one above. Returns the Adler-32 of all rows, from `adler`, that of the rows
// with zeros for all maps.
extern "C" uint32_t png_rows(const uint8_t* maps, const uint8_t* tables, const int32_t* which,
                             const Place* place, const File* file, uint32_t adler, uint8_t* rows) {
    uint64_t a = adler & 0xFFFF, b = adler >> 16;
    const int64_t width = place->width, scale = file->scale, channels = file->channels;
    std::vector<uint8_t> now(width), before(width), step(width);
    for (int64_t map = 0; map < place->maps; ++map)
        for (int64_t channel = 0; channel < channels; ++channel) {
            const uint8_t* table = table_of(tables, which, map, channels) + 256 * channel;
            const uint8_t* source = maps + map * place->height * width;
            const int64_t top = place->top + map / place->columns * place->down;
            const int64_t left = place->left + map % place->columns * place->right;
            std::memset(before.data(), 0, width);
            for (int64_t y = 0; y < place->height; ++y, source += width) {
                for (int64_t x = 0; x < width; ++x) now[x] = table[source[x]];
                uint64_t sum = 0, weighed = 0;
                for (int64_t begin = 0; begin < width; begin += kBlock) {
                    const int64_t end = std::min(width, begin + kBlock);
                    uint32_t some = 0, within = 0;
                    for (int64_t x = begin; x < end; ++x) {
                        step[x] = now[x] - before[x];
                        some += step[x];
                        within += uint32_t(x - begin) * step[x];
                    }
                    sum += some;
                    weighed += within + uint64_t(begin) * some;
                }
                now.swap(before);
                const int64_t at = (top + y) * scale * file->row + file->left +
                                   left * scale * channels + channel;
                widen(step.data(), width, scale, channels, rows + at);
                // The byte at i is part of as many of b's sums as there are bytes from i on.
                const uint64_t each = scale * (file->size - at) - channels * scale * (scale - 1) / 2;
                a += scale * sum;
                b += each * sum - scale * scale * channels * weighed;
            }
            a %= kAdler;
            b %= kAdler;
        }
    return uint32_t(b << 16 | a);
}
