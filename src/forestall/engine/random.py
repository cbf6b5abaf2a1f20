"""Random streams keyed by (seed, patient, purpose, index).

A number depends on its key and on how many numbers were drawn before it from the same stream, on nothing
else: not on workers, on chunks, on the order of patients or arms, nor on whether another patient exists.

A stream is a counter and a key (two 64-bit words); a draw advances the counter by an odd constant and mixes
the counter with the key by two rounds of the SplitMix64 finalizer (Steele, Lea and Flood 2014, OOPSLA;
constants of Stafford's variant 13). Two streams share numbers only if their keys agree and their counters lie
close together: among 10^11 streams of 10^4 numbers that happens with a probability below 10^-12.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from forestall.engine.kernels import bare_kernel, kernel

STEP = np.uint64(0x9E3779B97F4A7C15)
_MULTIPLIER_1 = np.uint64(0xBF58476D1CE4E5B9)
_MULTIPLIER_2 = np.uint64(0x94D049BB133111EB)
_COUNTER_START = np.uint64(0x243F6A8885A308D3)
_KEY_START = np.uint64(0x13198A2E03707344)
_SHIFT_30, _SHIFT_27, _SHIFT_31, _SHIFT_11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
_ONE = np.uint64(1)
_UNIT = 2.0**-53


@bare_kernel
def mix(word: np.uint64) -> np.uint64:
    """The SplitMix64 finalizer: a bijection of 64-bit words; a change of one bit changes half of them."""
    word = (word ^ (word >> _SHIFT_30)) * _MULTIPLIER_1
    word = (word ^ (word >> _SHIFT_27)) * _MULTIPLIER_2
    return word ^ (word >> _SHIFT_31)


@bare_kernel
def open_stream(state: npt.NDArray[np.uint64], seed: int, patient: int, purpose: int, index: int) -> None:
    """Set a state to the start of the stream of a key.

    Args:
        state: (2,) uint64, overwritten.
        seed: Seed of the study.
        patient: Number of the patient.
        purpose: What the numbers are for (`forestall.engine.purposes.Purpose`).
        index: Lesion, visit, interval or whatever numbers the streams of one purpose.
    """
    counter, key = _COUNTER_START, _KEY_START
    for word in (np.uint64(seed), np.uint64(patient), np.uint64(purpose), np.uint64(index)):
        mixed = mix(word + STEP)
        counter = mix(counter + mixed)
        key = mix(key ^ mixed) + counter
    state[0] = counter
    state[1] = key


@kernel
def stream(seed: int, patient: int, purpose: int, index: int) -> npt.NDArray[np.uint64]:
    """A new (2,) uint64 state at the start of the stream of a key; arguments as for `open_stream`."""
    state = np.empty(2, np.uint64)
    open_stream(state, seed, patient, purpose, index)
    return state


@bare_kernel
def next_word(state: npt.NDArray[np.uint64]) -> np.uint64:
    """The next 64 random bits of a stream; advances the state."""
    counter = state[0] + STEP
    state[0] = counter
    return mix(mix(counter) + state[1])


@bare_kernel
def uniform_of(word: np.uint64) -> float:
    """A uniform number from random bits: an odd multiple of 2^-53, hence never 0 and never 1."""
    return float((word >> _SHIFT_11) | _ONE) * _UNIT


@bare_kernel
def next_uniform(state: npt.NDArray[np.uint64]) -> float:
    """The next uniform number of a stream; advances the state."""
    return uniform_of(next_word(state))


@bare_kernel
def next_exponential(state: npt.NDArray[np.uint64]) -> float:
    """An exponential number of mean 1, from one uniform."""
    return -math.log(next_uniform(state))


@bare_kernel
def next_normal(state: npt.NDArray[np.uint64]) -> float:
    """A standard normal number, by inversion of one uniform."""
    return normal_quantile(next_uniform(state))


@bare_kernel
def normal_quantile(probability: float) -> float:
    """Inverse of the standard normal distribution function, relative error about 1e-16.

    Args:
        probability: In (0, 1).

    References:
        Wichura MJ. Algorithm AS 241: the percentage points of the normal distribution. Appl Stat 1988;37:477.
    """
    centered = probability - 0.5
    if abs(centered) <= 0.425:
        return centered * _central_ratio(0.180625 - centered * centered)
    tail = math.sqrt(-math.log(min(probability, 1.0 - probability)))
    magnitude = _middle_ratio(tail - 1.6) if tail <= 5.0 else _far_ratio(tail - 5.0)
    return math.copysign(magnitude, centered)


@bare_kernel
def _central_ratio(r: float) -> float:
    top = 2.5090809287301226727e3
    top = top * r + 3.3430575583588128105e4
    top = top * r + 6.7265770927008700853e4
    top = top * r + 4.5921953931549871457e4
    top = top * r + 1.3731693765509461125e4
    top = top * r + 1.9715909503065514427e3
    top = top * r + 1.3314166789178437745e2
    top = top * r + 3.3871328727963666080
    bottom = 5.2264952788528545610e3
    bottom = bottom * r + 2.8729085735721942674e4
    bottom = bottom * r + 3.9307895800092710610e4
    bottom = bottom * r + 2.1213794301586595867e4
    bottom = bottom * r + 5.3941960214247511077e3
    bottom = bottom * r + 6.8718700749205790830e2
    bottom = bottom * r + 4.2313330701600911252e1
    return top / (bottom * r + 1.0)


@bare_kernel
def _middle_ratio(r: float) -> float:
    top = 7.74545014278341407640e-4
    top = top * r + 2.27238449892691845833e-2
    top = top * r + 2.41780725177450611770e-1
    top = top * r + 1.27045825245236838258
    top = top * r + 3.64784832476320460504
    top = top * r + 5.76949722146069140550
    top = top * r + 4.63033784615654529590
    top = top * r + 1.42343711074968357734
    bottom = 1.05075007164441684324e-9
    bottom = bottom * r + 5.47593808499534494600e-4
    bottom = bottom * r + 1.51986665636164571966e-2
    bottom = bottom * r + 1.48103976427480074590e-1
    bottom = bottom * r + 6.89767334985100004550e-1
    bottom = bottom * r + 1.67638483018380384940
    bottom = bottom * r + 2.05319162663775882187
    return top / (bottom * r + 1.0)


@bare_kernel
def _far_ratio(r: float) -> float:
    top = 2.01033439929228813265e-7
    top = top * r + 2.71155556874348757815e-5
    top = top * r + 1.24266094738807843860e-3
    top = top * r + 2.65321895265761230930e-2
    top = top * r + 2.96560571828504891230e-1
    top = top * r + 1.78482653991729133580
    top = top * r + 5.46378491116411436990
    top = top * r + 6.65790464350110377720
    bottom = 2.04426310338993978564e-15
    bottom = bottom * r + 1.42151175831644588870e-7
    bottom = bottom * r + 1.84631831751005468180e-5
    bottom = bottom * r + 7.86869131145613259100e-4
    bottom = bottom * r + 1.48753612908506148525e-2
    bottom = bottom * r + 1.36929880922735805310e-1
    bottom = bottom * r + 5.99832206555887937690e-1
    return top / (bottom * r + 1.0)


@kernel
def _fill(
    out: npt.NDArray[np.float64],
    seed: int,
    patients: npt.NDArray[np.int64],
    purpose: int,
    index: int,
    normal: bool,
) -> None:
    state = np.empty(2, np.uint64)
    for i in range(patients.shape[0]):
        open_stream(state, seed, patients[i], purpose, index)
        for j in range(out.shape[1]):
            value = next_uniform(state)
            out[i, j] = normal_quantile(value) if normal else value


def _draw(
    seed: int, patients: npt.ArrayLike, purpose: int, index: int, size: int | None, normal: bool
) -> npt.NDArray[np.float64]:
    numbers = np.ascontiguousarray(patients, dtype=np.int64).ravel()
    out = np.empty((numbers.size, 1 if size is None else size))
    _fill(out, seed, numbers, int(purpose), index, normal)
    return out[:, 0] if size is None else out


def uniforms(
    seed: int, patients: npt.ArrayLike, purpose: int, index: int = 0, *, size: int | None = None
) -> npt.NDArray[np.float64]:
    """Uniform numbers of many patients, the same that `next_uniform` draws from each patient's stream.

    Args:
        seed: Seed of the study.
        patients: (n,) numbers of the patients.
        purpose: What the numbers are for.
        index: Which stream of this purpose.
        size: How many numbers per patient; None for one, without a second axis.

    Returns:
        (n,) array, or (n, size).
    """
    return _draw(seed, patients, purpose, index, size, normal=False)


def normals(
    seed: int, patients: npt.ArrayLike, purpose: int, index: int = 0, *, size: int | None = None
) -> npt.NDArray[np.float64]:
    """Standard normal numbers of many patients; arguments and shape as for `uniforms`.

    Each is the quantile of the uniform number in the same place, so a stream gives one or the other.
    """
    return _draw(seed, patients, purpose, index, size, normal=True)
