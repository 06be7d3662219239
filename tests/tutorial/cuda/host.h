// What nvcc brings along, for a plain C++ compiler: neurons.cu becomes functions of one thread each.
// Included before it.

#define __global__
#define __device__

struct Dimension {
    unsigned x;
};
static Dimension threadIdx, blockIdx, blockDim, gridDim;

extern "C" void place(unsigned thread, unsigned block, unsigned threads, unsigned blocks) {
    threadIdx.x = thread, blockIdx.x = block, blockDim.x = threads, gridDim.x = blocks;
}

inline int __popcll(unsigned long long word) { return __builtin_popcountll(word); }

#ifdef STORED_HALF
// On a GPU these are instructions; here the compiler's own type.
inline float load(const unsigned short* from) {
    _Float16 value;
    __builtin_memcpy(&value, from, sizeof value);
    return value;
}
inline void store(unsigned short* to, float value) {
    const _Float16 rounded = _Float16(value);
    __builtin_memcpy(to, &rounded, sizeof rounded);
}
#endif
