// Integrate-and-fire neurons for all T steps at once; functions.py says what each kernel computes.
//
// Compiled with -DSTEPS=T and one of -DSTORED_FLOAT, -DSTORED_HALF and -DSTORED_BFLOAT16, which
// drive, spikes and their gradients are in memory. Everything is computed in float, in the order of
// operations of SpikingJelly's node, so that no multiplication may be fused with an addition
// (--fmad=false). No potential is ever stored: a gradient charges the neurons again. Spikes of all
// steps are the bits of one word.
//
// No headers: the same text compiles with NVRTC whatever is installed beside it.

static_assert(1 <= STEPS && STEPS <= 64, "the spikes of a neuron are the bits of one word");

typedef long long Int;
typedef unsigned long long Spikes;

#ifdef STORED_FLOAT
typedef float Stored;
__device__ inline float load(const Stored* from) { return *from; }
__device__ inline void store(Stored* to, float value) { *to = value; }
#else
typedef unsigned short Stored;
#endif

#if defined(STORED_HALF) && defined(__CUDACC__)
__device__ inline float load(const Stored* from) {
    float value;
    asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(*from));
    return value;
}
__device__ inline void store(Stored* to, float value) {
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(*to) : "f"(value));
}
#endif

#ifdef STORED_BFLOAT16
union Word {
    unsigned bits;
    float value;
};
__device__ inline float load(const Stored* from) {
    Word word;
    word.bits = unsigned(*from) << 16;
    return word.value;
}
__device__ inline void store(Stored* to, float value) {
    Word word;
    word.value = value;
    unsigned rounded = (word.bits + 0x7fff + (word.bits >> 16 & 1)) >> 16;  // ties to even
    *to = Stored(value == value ? rounded : 0x7fc0);
}
#endif

struct Neuron {
    float threshold, reset, alpha;
    Int hard, detached;  // detached: no gradient passes through the reset
};

// What a neuron receives: at each step, or once for all of them.
template <bool STILL>
struct Drive {
    const Stored* from;
    Int step;
    float still;
    __device__ Drive(const Stored* from, Int step) : from(from), step(step), still(load(from)) {}
    __device__ float operator[](int t) const { return STILL ? still : load(from + t * step); }
};

// The potentials before reset, and when the neuron fires.
template <bool STILL>
__device__ inline Spikes charge(
    const Drive<STILL>& drive, const Neuron& neuron, float (&charged)[STEPS]) {
    float v = neuron.hard ? neuron.reset : 0.0f;
    Spikes spikes = 0;
#pragma unroll
    for (int t = 0; t < STEPS; ++t) {
        v = v + drive[t];
        charged[t] = v;
        const bool fires = v - neuron.threshold >= 0.0f;
        const float spike = fires ? 1.0f : 0.0f;
        spikes |= Spikes(fires) << t;
        v = neuron.hard ? (1.0f - spike) * v + spike * neuron.reset
                        : v - spike * neuron.threshold;
    }
    return spikes;
}

template <bool STILL>
__device__ inline Spikes spikes_of(const Drive<STILL>& drive, const Neuron& neuron) {
    float unused[STEPS];
    return charge(drive, neuron, unused);
}

__device__ inline float fires_at(Spikes spikes, int t) { return spikes >> t & 1 ? 1.0f : 0.0f; }

// Gradients of a neuron's spikes become those of its drive, in place.
__device__ inline void descend(
    float (&gradient)[STEPS], const float (&charged)[STEPS], const Neuron& neuron) {
    const float half = neuron.alpha / 2.0f, slope = 3.14159265358979f * half;
    float later = 0.0f;
#pragma unroll
    for (int t = STEPS - 1; t >= 0; --t) {
        const float distance = charged[t] - neuron.threshold;
        const float surrogate = half / (1.0f + slope * distance * (slope * distance));
        const float through = neuron.hard ? neuron.reset - charged[t] : -neuron.threshold;
        const float kept = neuron.hard && distance >= 0.0f ? 0.0f : 1.0f;
        const float spike = neuron.detached ? gradient[t] : gradient[t] + later * through;
        gradient[t] = later = spike * surrogate + later * kept;
    }
}

// A drive's gradient from that at each step.
template <bool STILL>
__device__ inline void leave(Stored* to, Int step, const float (&gradient)[STEPS]) {
    float sum = 0.0f;
#pragma unroll
    for (int t = STEPS - 1; t >= 0; --t) {
        if (STILL)
            sum += gradient[t];
        else
            store(to + t * step, gradient[t]);
    }
    if (STILL) store(to, sum);
}

// Maps in memory: [outer, height, width, inner] at each step. Where channels come first outer is all
// of N and C, where they come last inner is C.
struct Maps {
    unsigned height, width, inner;
    Int step;  // values between two steps

    __device__ unsigned rows() const { return height / 2; }
    __device__ unsigned columns() const { return width / 2; }
};

// A 2 x 2 window: corners 0 1 / 2 3, in the order in which max_pool2d looks for the first maximum.
struct Window {
    unsigned row, column;
    Int from, pooled, below, right;

    // The i-th of `rows` x `columns` windows an outer index.
    __device__ Window(const Maps& maps, unsigned i, unsigned rows, unsigned columns) {
        const unsigned inner = i % maps.inner, j = i / maps.inner, outer = j / columns / rows;
        row = j / columns % rows;
        column = j % columns;
        right = maps.inner;
        below = right * maps.width;
        from = (Int(outer) * maps.height + 2 * row) * below + 2 * column * right + inner;
        pooled = ((Int(outer) * maps.rows() + row) * maps.columns() + column) * right + inner;
    }
    __device__ Int corner(int k) const { return from + k / 2 * below + k % 2 * right; }
};

template <bool STILL>
__device__ inline void fire_one(
    const Stored* drive, Stored* spikes, Int neurons, Int i, const Neuron& neuron) {
    const Spikes fired = spikes_of(Drive<STILL>(drive + i, neurons), neuron);
#pragma unroll
    for (int t = 0; t < STEPS; ++t) store(spikes + t * neurons + i, fires_at(fired, t));
}

template <bool STILL>
__device__ inline void fire_one_backward(
    const Stored* drive, const Stored* gradient, Stored* result, Int neurons, Int i,
    const Neuron& neuron) {
    float charged[STEPS], part[STEPS];
    charge(Drive<STILL>(drive + i, neurons), neuron, charged);
#pragma unroll
    for (int t = 0; t < STEPS; ++t) part[t] = load(gradient + t * neurons + i);
    descend(part, charged, neuron);
    leave<STILL>(result + i, neurons, part);
}

template <bool STILL>
__device__ inline void pool_one(
    const Stored* drive, Stored* spikes, Int windows, Int i, const Maps& maps,
    const Neuron& neuron) {
    const Window window(maps, unsigned(i), maps.rows(), maps.columns());
    Spikes any = 0;
#pragma unroll
    for (int k = 0; k < 4; ++k)
        any |= spikes_of(Drive<STILL>(drive + window.corner(k), maps.step), neuron);
#pragma unroll
    for (int t = 0; t < STEPS; ++t) store(spikes + t * windows + i, fires_at(any, t));
}

// Windows that the edge cuts are among those counted here: their pixels belong to no spike.
template <bool STILL>
__device__ inline void pool_one_backward(
    const Stored* drive, const Stored* gradient, Stored* result, Int i, Int pooled_step,
    const Maps& maps, const Neuron& neuron) {
    const Window window(maps, unsigned(i), (maps.height + 1) / 2, (maps.width + 1) / 2);
    const bool whole = window.row < maps.rows() && window.column < maps.columns();
    Spikes first[4] = {};
    float above[STEPS] = {};
    if (whole) {
        Spikes free = ~Spikes(0);  // no corner before has fired
#pragma unroll
        for (int k = 0; k < 4; ++k) {
            const Spikes fired =
                spikes_of(Drive<STILL>(drive + window.corner(k), maps.step), neuron);
            first[k] = fired & free;
            free &= ~fired;
        }
        first[0] |= free;  // where none fires all are equal
#pragma unroll
        for (int t = 0; t < STEPS; ++t) above[t] = load(gradient + t * pooled_step + window.pooled);
    }
#pragma unroll
    for (int k = 0; k < 4; ++k) {
        if (2 * window.row + k / 2 >= maps.height || 2 * window.column + k % 2 >= maps.width)
            continue;
        float charged[STEPS], part[STEPS];
        charge(Drive<STILL>(drive + window.corner(k), maps.step), neuron, charged);
#pragma unroll
        for (int t = 0; t < STEPS; ++t) part[t] = first[k] >> t & 1 ? above[t] : 0.0f;
        descend(part, charged, neuron);
        leave<STILL>(result + window.corner(k), maps.step, part);
    }
}

#define EACH(i, count)                                                               \
    for (unsigned i = blockIdx.x * blockDim.x + threadIdx.x; i < (unsigned)(count); \
         i += blockDim.x * gridDim.x)
#define NEURON float threshold, float reset, float alpha, Int hard, Int detached
#define MAPS Int height, Int width, Int inner, Int step
#define THE_NEURON \
    Neuron { threshold, reset, alpha, hard, detached }
#define THE_MAPS \
    Maps { unsigned(height), unsigned(width), unsigned(inner), step }

#define FIRE(name, STILL)                                                                       \
    extern "C" __global__ void name(                                                            \
        const Stored* __restrict__ drive, Stored* __restrict__ spikes, Int count, NEURON) {     \
        EACH(i, count) fire_one<STILL>(drive, spikes, count, i, THE_NEURON);                    \
    }                                                                                           \
    extern "C" __global__ void name##_backward(                                                 \
        const Stored* __restrict__ drive, const Stored* __restrict__ gradient,                  \
        Stored* __restrict__ result, Int count, NEURON) {                                       \
        EACH(i, count) fire_one_backward<STILL>(drive, gradient, result, count, i, THE_NEURON); \
    }

#define POOL(name, STILL)                                                                        \
    extern "C" __global__ void name(                                                             \
        const Stored* __restrict__ drive, Stored* __restrict__ spikes, Int count, MAPS,          \
        NEURON) {                                                                                \
        EACH(i, count) pool_one<STILL>(drive, spikes, count, i, THE_MAPS, THE_NEURON);           \
    }                                                                                            \
    extern "C" __global__ void name##_backward(                                                  \
        const Stored* __restrict__ drive, const Stored* __restrict__ gradient,                   \
        Stored* __restrict__ result, Int count, Int pooled_step, MAPS, NEURON) {                 \
        EACH(i, count)                                                                           \
        pool_one_backward<STILL>(drive, gradient, result, i, pooled_step, THE_MAPS, THE_NEURON); \
    }

FIRE(fire, false)
FIRE(fire_still, true)
POOL(fire_and_pool, false)
POOL(fire_still_and_pool, true)

extern "C" __global__ void fire_rate(
    const Stored* __restrict__ drive, float* __restrict__ rates, Int count, NEURON) {
    EACH(i, count)
    rates[i] = float(__popcll(spikes_of(Drive<false>(drive + i, count), THE_NEURON))) / STEPS;
}

extern "C" __global__ void fire_rate_backward(
    const Stored* __restrict__ drive, const float* __restrict__ gradient,
    Stored* __restrict__ result, Int count, NEURON) {
    EACH(i, count) {
        float charged[STEPS], part[STEPS];
        charge(Drive<false>(drive + i, count), THE_NEURON, charged);
#pragma unroll
        for (int t = 0; t < STEPS; ++t) part[t] = gradient[i] / STEPS;
        descend(part, charged, THE_NEURON);
        leave<false>(result + i, count, part);
    }
}
