"""Streams: a number is a function of its key and its place; numbers of different keys are unrelated."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import special, stats

from forestall.engine.purposes import Purpose
from forestall.engine.random import mix, next_uniform, next_word, normal_quantile, normals, stream, uniforms

from .sampling import exponentials, stream_normals
from .verdicts import FALSE_ALARM

WORD = 2**64
STEP = 0x9E3779B97F4A7C15


def python_mix(word: int) -> int:
    word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9 % WORD
    word = (word ^ (word >> 27)) * 0x94D049BB133111EB % WORD
    return word ^ (word >> 31)


def python_stream(*key: int) -> list[int]:
    counter, secret = 0x243F6A8885A308D3, 0x13198A2E03707344
    for part in key:
        mixed = python_mix((part + STEP) % WORD)
        counter = python_mix((counter + mixed) % WORD)
        secret = (python_mix(secret ^ mixed) + counter) % WORD
    return [counter, secret]


def python_words(state: list[int], size: int) -> list[int]:
    words = []
    for _ in range(size):
        state[0] = (state[0] + STEP) % WORD
        words.append(python_mix((python_mix(state[0]) + state[1]) % WORD))
    return words


@pytest.mark.parametrize("key", [(0, 0, 0, 0), (1, 2, 3, 4), (2**63 - 1, 10**6, 47, 10**9)])
def test_oracle_words_equal_a_second_implementation_in_python_integers(
    key: tuple[int, int, int, int],
) -> None:
    state = stream(*key)
    assert [int(next_word(state)) for _ in range(20)] == python_words(python_stream(*key), 20)


def test_golden_first_words_of_the_finalizer() -> None:
    """SplitMix64 seeded with 0 puts out the finalizer of the multiples of its constant."""
    outputs = [int(mix(np.uint64(STEP * k % WORD))) for k in (1, 2, 3)]
    assert outputs == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]


def test_golden_uniforms_and_normals() -> None:
    """A change of these numbers changes every result: flag it in the changelog."""
    assert uniforms(1, [0, 1, 2], Purpose.AGE).tolist() == [
        0.7696084964545739,
        0.6398943846460311,
        0.2989135163039004,
    ]
    expected = [0.20707345237715025, 0.4496175278815177, 0.14344212658113392]
    assert normals(1, [0, 1, 2], Purpose.WEIGHT, 7) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize(("word", "expected"), [(0, 2.0**-53), (WORD - 1, 1.0 - 2.0**-53)])
def test_unit_extreme_words_give_neither_zero_nor_one(word: int, expected: float) -> None:
    secret = (unmix(word) - python_mix(STEP)) % WORD
    assert next_uniform(np.array([0, secret], np.uint64)) == expected


def unmix(word: int) -> int:
    """Inverse of the finalizer."""
    word = unshift(word, 31)
    word = word * pow(0x94D049BB133111EB, -1, WORD) % WORD
    word = unshift(word, 27)
    word = word * pow(0xBF58476D1CE4E5B9, -1, WORD) % WORD
    return unshift(word, 30)


def unshift(word: int, bits: int) -> int:
    result = word
    for _ in range(3):
        result = word ^ (result >> bits)
    return result


def test_property_a_patients_numbers_depend_on_no_other_patient() -> None:
    everyone = np.arange(1000)
    together = uniforms(5, everyone, Purpose.DEATH, 2, size=4)
    order = np.random.default_rng(1).permutation(1000)
    assert np.array_equal(uniforms(5, order, Purpose.DEATH, 2, size=4), together[order])
    chunks = [uniforms(5, chunk, Purpose.DEATH, 2, size=4) for chunk in np.array_split(everyone, 7)]
    assert np.array_equal(np.concatenate(chunks), together)
    assert np.array_equal(uniforms(5, everyone, Purpose.DEATH, 2), together[:, 0])


def test_property_array_functions_give_the_numbers_of_the_streams() -> None:
    assert normals(3, [17], 1, 4, size=5)[0].tolist() == stream_normals(3, 17, 4, 5).tolist()
    assert np.array_equal(
        normals(3, np.arange(99), 2), [normal_quantile(u) for u in uniforms(3, np.arange(99), 2)]
    )


@pytest.mark.parametrize("varied", ["seed", "patient", "purpose", "index", "place"])
def test_oracle_numbers_of_neighboring_keys_are_uniform_and_uncorrelated(varied: str) -> None:
    """n = 50,000 neighbors; chi-square with 1,000 cells, pairs at lags 1, 2, 16 with 400; p > 1e-6 each."""
    sample = neighbors(varied, 50_000)
    assert stats.chisquare(np.histogram(sample, 1000, (0, 1))[0]).pvalue > FALSE_ALARM
    for lag in (1, 2, 16):
        pairs = np.histogram2d(sample[:-lag], sample[lag:], 20, ((0, 1), (0, 1)))[0]
        assert stats.chisquare(pairs.ravel()).pvalue > FALSE_ALARM


def neighbors(varied: str, size: int) -> NDArray[np.float64]:
    if varied == "patient":
        return uniforms(1, np.arange(size), 1)
    if varied == "place":
        return uniforms(1, [1], 1, size=size)[0]
    places = {"seed": 0, "purpose": 2, "index": 3}
    keys = [[1, 1, 1, 1] for _ in range(size)]
    for number, key in enumerate(keys):
        key[places[varied]] = number
    return np.array([next_uniform(stream(*key)) for key in keys])


def test_oracle_every_bit_of_neighboring_keys_is_fair_and_independent_of_the_key() -> None:
    """n = 20,000 keys x 64 bits: each bit's mean and its agreement with the next key's bit, |z| < 6."""
    words = np.array([next_word(stream(1, patient, 1, 0)) for patient in range(20_000)], np.uint64)
    bits = (words[:, None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1)
    for fair in (bits, bits[1:] ^ bits[:-1]):
        z = (fair.mean(axis=0) - 0.5) * 2.0 * np.sqrt(len(fair))
        assert np.abs(z).max() < 6.0


def test_oracle_normal_quantile_equals_scipy() -> None:
    tails = 10.0 ** -np.linspace(0.31, 300.0, 3000)
    for p in np.concatenate([tails, 1.0 - tails[tails > 1e-15], np.linspace(0.001, 0.999, 997)]):
        assert normal_quantile(p) == pytest.approx(special.ndtri(p), rel=4e-15, abs=1e-16)


def test_oracle_normals_and_exponentials_follow_their_laws() -> None:
    """Kolmogorov-Smirnov, n = 100,000, p > 1e-6."""
    assert stats.kstest(normals(2, np.arange(100_000), 9), "norm").pvalue > FALSE_ALARM
    assert stats.kstest(exponentials(2, 100_000), "expon").pvalue > FALSE_ALARM


def test_unit_purposes_have_distinct_numbers() -> None:
    assert len({int(purpose) for purpose in Purpose}) == len(Purpose.__members__)
