"""Breaks arguments that were sound: one field, two or many, a little or altogether.

What is broken is a leaf: an argument, a field of a dataclass, an item of a list of dataclasses. Starting from sound
arguments gets past the first checks, and it is behind them that the bugs are.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from decimal import Decimal
from fractions import Fraction
import math
from typing import Any, TypeIs

import numpy as np
from numpy.random import Generator
import numpy.typing as npt

type Arguments = dict[str, Any]
type Leaf = tuple[str, ...]
type Array = npt.NDArray[Any]

FLOATS = (
    *(math.nan, math.inf, -math.inf, 0.0, -0.0, 5e-324, -5e-324, 2.3e-308, 1e-300, 1e-150, 1e-12, 1e-9, 1e-6, 1e-3),
    *(0.1, 0.5, 0.999, 1.0, -1.0, 2.0, 6.0, 16.0, 100.0, 230.0, 1e4, 1e6, 1e9, 1e12, 2.0**53, 1e150, 1e300),
    *(1.7976931348623157e308, -1.7976931348623157e308),
)
TYPES = ("f4", "f8", "f2", "i1", "i2", "i4", "i8", "u1", "u4", "u8", "?", "c16", "O", "U3", "S2", "M8[s]", "V4")
STRANGERS: tuple[object, ...] = (
    None,
    "text",
    b"bytes",
    3,
    -1,
    0.5,
    math.nan,
    True,
    [],
    [1.0, 2.0],
    (),
    {},
    object(),
    print,
)
NUMBERS: tuple[object, ...] = (
    *(
        0,
        1,
        -1,
        2,
        7,
        96,
        2**31 - 1,
        -(2**31),
        2**31,
        2**63,
        10**30,
        -(10**30),
        10**400,
        1 + 2j,
        Decimal(1),
        Fraction(1, 3),
    ),
    *(np.float32(0.5), np.int64(3), np.uint8(255), np.bool_(True), np.float64("nan"), np.array(1.0)),
)


def leaves(arguments: Mapping[str, object]) -> list[Leaf]:
    """Return the way to everything that can be broken, in a fixed order."""
    return [leaf for name, value in arguments.items() for leaf in _leaves((name,), value)]


def _leaves(way: Leaf, value: object) -> Iterator[Leaf]:
    if is_dataclass(value):
        for field in fields(value):
            yield from _leaves((*way, field.name), getattr(value, field.name))
        return
    if _is_list_of_dataclasses(value):
        for index, item in enumerate(value):
            yield from _leaves((*way, str(index)), item)
    yield way


def _is_list_of_dataclasses(value: object) -> TypeIs[list[Any]]:
    return isinstance(value, list) and any(is_dataclass(item) for item in value)


def broken(random: Generator, arguments: Arguments) -> Callable[[], Arguments]:
    """Return what puts the broken arguments together: a dataclass that checks its fields refuses there and then."""
    ways = leaves(arguments)
    count = min(len(ways), int(random.choice([0, 1, 1, 1, 1, 2, 2, 3, 8, len(ways)])))
    chosen = [ways[index] for index in random.choice(len(ways), count, replace=False)]
    # Items before the list that they are in.
    replaced = [(way, _other(random, at(arguments, way))) for way in sorted(chosen, key=len, reverse=True)]

    def put_together() -> Arguments:
        result = arguments
        for way, value in replaced:
            result = _with(result, way, value)
        return result

    return put_together


def at(arguments: Arguments, leaf: Leaf) -> Any:
    """Return what is at a leaf."""
    value: Any = arguments
    for name in leaf:
        value = _part(value, name)
    return value


def _part(owner: Any, name: str) -> Any:
    if isinstance(owner, dict):
        return owner[name]
    return owner[int(name)] if isinstance(owner, list) else getattr(owner, name)


def _with(owner: Any, leaf: Leaf, value: object) -> Any:
    """Return the owner with another value at a leaf."""
    if not leaf:
        return value
    if isinstance(owner, list):
        index = int(leaf[0])
        return [*owner[:index], _with(owner[index], leaf[1:], value), *owner[index + 1 :]]
    changed = _with(_part(owner, leaf[0]), leaf[1:], value)
    return {**owner, leaf[0]: changed} if isinstance(owner, dict) else replace(owner, **{leaf[0]: changed})


def _other(random: Generator, value: object) -> object:
    if isinstance(value, np.ndarray) and random.random() < 0.95:
        ways = (_poked, _poked, _poked, _poked, _shifted, _scaled, _noise, _typed, _shaped, _laid_out, _huge)
        return ways[random.integers(len(ways))](random, value)
    if isinstance(value, bool | int | float) and random.random() < 0.8:
        choices = (*FLOATS, *NUMBERS, value * 2, -value, value + 1)
        return choices[random.integers(len(choices))]
    return STRANGERS[random.integers(len(STRANGERS))]


def _poked(random: Generator, values: Array) -> Array:
    """Replace one value, some or all by telling ones."""
    result = values.copy()
    if result.size:
        where = random.integers(result.size, size=int(random.choice([1, 1, 2, result.size])))
        result.reshape(-1)[where] = _telling(random, values.dtype, values.size)[: where.size]
    return result


def _telling(random: Generator, dtype: np.dtype[Any], size: int) -> Array:
    if dtype.kind == "f":
        return random.choice(np.array(FLOATS), size).astype(dtype)
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        small = [0, 1, 2, 3, 5, 7, 8, size - 1, size, size + 1]
        known = [limits.min, limits.max, *small, *([-1, -2] if limits.min < 0 else [])]
        return np.array(known).astype(dtype)[random.integers(len(known), size=size)]
    return random.integers(0, 256, size * dtype.itemsize, np.uint8).view(dtype)


def _shifted(random: Generator, values: Array) -> Array:
    """Move all values along: of a tree, this makes cycles."""
    return random.permutation(values) if random.random() < 0.5 else np.roll(values, int(random.integers(-2, 3)))


def _scaled(random: Generator, values: Array) -> Array:
    if values.dtype.kind != "f":
        return values[::-1].copy()
    with np.errstate(all="ignore"):
        return np.asarray(values * random.choice([-1.0, 0.0, 1e-9, 0.5, 1.001, 3.0, 1e3, 1e9, 1e200]))


def _noise(random: Generator, values: Array) -> Array:
    """Return random bytes of the same type and shape, truth values that are neither 0 nor 1 among them."""
    bits = random.integers(0, 256, values.nbytes, np.uint8)
    return bits.view(values.dtype).reshape(values.shape) if values.dtype.kind in "fiubc?" else values


def _typed(random: Generator, values: Array) -> Array:
    """Return the values in another type, or in the other byte order."""
    if random.random() < 0.3:
        return values.astype(values.dtype.newbyteorder(">"))
    with np.errstate(all="ignore"):
        try:
            return values.astype(random.choice(TYPES))
        except TypeError, ValueError:
            return np.zeros(values.shape, random.choice(TYPES))


def _shaped(random: Generator, values: Array) -> Array:
    """Return the values, or some, in another shape."""
    flat = values.reshape(-1)
    shapes: tuple[Callable[[], Array], ...] = (
        lambda: flat[:0],
        lambda: values[:0],
        values[:-1].copy,
        lambda: np.concatenate([values, values]),
        lambda: np.concatenate([values, values[:1]]),
        lambda: np.array(flat[0] if flat.size else 0, values.dtype),
        values[np.newaxis].copy,
        values[..., np.newaxis].copy,
        flat.copy,
        values.T.copy,
        lambda: np.zeros((0, *values.shape), values.dtype),
        lambda: np.zeros((*values.shape, 0), values.dtype),
    )
    return shapes[random.integers(len(shapes))]()


def _laid_out(random: Generator, values: Array) -> Array:
    """Return the same values in another layout: gaps, backwards, by columns, unaligned, read-only, subclassed."""
    padded = np.zeros(values.nbytes + 1, np.uint8)
    layouts: tuple[Callable[[], Array], ...] = (
        lambda: np.repeat(values, 2, axis=0)[::2],
        lambda: values[::-1].copy()[::-1],
        lambda: np.asfortranarray(values),
        lambda: padded[1:].view(values.dtype).reshape(values.shape),
        lambda: _read_only(values),
        lambda: np.ma.masked_all_like(values),  # type: ignore[no-untyped-call] # NumPy carries no types for it
        lambda: values.view(np.recarray),
        lambda: np.broadcast_to(values[:1], values.shape) if values.size else values,
    )
    return layouts[random.integers(len(layouts))]()


def _read_only(values: Array) -> Array:
    result = values.copy()
    result.flags.writeable = False
    return result


def _huge(random: Generator, values: Array) -> Array:
    """Return one value that claims to be a great many."""
    value = values.reshape(-1)[:1] if values.size else np.zeros(1, values.dtype)
    length = int(random.choice([10**6, 2**31, 10**12, 2**40]))
    return np.broadcast_to(value, (length, *values.shape[1:]))
