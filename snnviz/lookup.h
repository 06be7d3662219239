// Bytes looked up in a table of 256 that never rises, many at once.

#pragma once

#include <cstdint>
#include <cstring>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace {

#if defined(__AVX2__)

class Lookup {
    static constexpr int VECTOR = 32, PART = 16;  // bytes; a shuffle looks a part of the table up
    const uint8_t* table_;
    uint8_t above_[256];  // the table less its last and lowest
    int parts_ = 0;       // up to the last that is not all zeros

   public:
    explicit Lookup(const uint8_t* table) : table_(table) {
        for (int i = 0; i < 256; i++) above_[i] = uint8_t(table[i] - table[255]);
        while (parts_ < 256 / PART && above_[PART * parts_]) parts_++;
    }

    // to[i] = table[from[i]].
    void translate(const uint8_t* from, int64_t count, uint8_t* to) const {
        // A shuffle gives 0 for what has a high bit, which whatever is not in a part gets.
        const __m256i high = _mm256_set1_epi8(0x80 - PART);
        const __m256i lowest = _mm256_set1_epi8(char(table_[255]));
        int64_t i = 0;
        for (; i + VECTOR <= count; i += VECTOR) {
            const __m256i values = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + i));
            __m256i found = lowest;
            for (int part = 0; part < parts_; part++) {
                const __m256i first = _mm256_set1_epi8(char(PART * part));
                const __m256i within = _mm256_adds_epu8(_mm256_sub_epi8(values, first), high);
                const __m128i entries =
                    _mm_loadu_si128(reinterpret_cast<const __m128i*>(above_ + PART * part));
                found = _mm256_add_epi8(
                    found, _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(entries), within));
            }
            _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i), found);
        }
        for (; i < count; i++) to[i] = table_[from[i]];
    }
};

#else

// As the sum of the table's falls, where they are few.
class Lookup {
    typedef uint8_t Vector __attribute__((vector_size(64)));
    static constexpr int MOST_FALLS = 40;  // above which bytes are looked up one by one
    const uint8_t* table_;
    Vector last_[MOST_FALLS], height_[MOST_FALLS];
    int falls_ = 0;

   public:
    explicit Lookup(const uint8_t* table) : table_(table) {
        for (int i = 0; i < 255; i++) {
            if (table[i] == table[i + 1]) continue;
            if (falls_ < MOST_FALLS) {
                last_[falls_] = Vector{} + uint8_t(i);
                height_[falls_] = Vector{} + uint8_t(table[i] - table[i + 1]);
            }
            falls_++;
        }
    }

    // to[i] = table[from[i]].
    void translate(const uint8_t* from, int64_t count, uint8_t* to) const {
        int64_t i = 0;
        for (; falls_ <= MOST_FALLS && i + int64_t(sizeof(Vector)) <= count; i += sizeof(Vector)) {
            Vector values, sum = Vector{} + table_[255];
            memcpy(&values, from + i, sizeof values);
            for (int f = 0; f < falls_; f++) sum += Vector(values <= last_[f]) & height_[f];
            memcpy(to + i, &sum, sizeof sum);
        }
        for (; i < count; i++) to[i] = table_[from[i]];
    }
};

#endif

}  // namespace
