"""Refusals of input that cannot be meant, in one wording: field, index, value and remedy."""

from __future__ import annotations

import sys

import numpy as np
import numpy.typing as npt

MOST_LEVELS = 64
"""The deepest tree of circuits that is taken: far deeper than any installation. Work grows with chargers x depth."""

LARGEST = sys.float_info.max


def check_array(owner: object, field: str, dtype: npt.DTypeLike, shape: tuple[int, ...]) -> None:
    """Refuse an attribute that `check_values` refuses.

    Raises:
        ValueError: names the field, what was given and what is expected.
    """
    check_values(field, getattr(owner, field), dtype, shape)


def check_values(field: str, values: object, dtype: npt.DTypeLike, shape: tuple[int, ...]) -> None:
    """Refuse what is not a C-contiguous array of exactly this type and shape in native byte order.

    Subclasses are refused too: comparing a masked array finds nothing wrong with what it masks.

    Raises:
        ValueError: names the field, what was given and what is expected.
    """
    wanted = np.dtype(dtype)
    if type(values) is not np.ndarray or values.dtype != wanted or values.shape != shape:
        got = f"{values.dtype}{list(values.shape)}" if type(values) is np.ndarray else type(values).__name__
        raise ValueError(f"{field}: {got} is not usable. Give an array {wanted}{list(shape)}.")
    if not values.flags.c_contiguous or not values.flags.aligned:
        remedy = f"Give an array {wanted}{list(shape)} without gaps, as numpy.ascontiguousarray makes it."
        raise ValueError(f"{field}: an array with strides {values.strides} is not usable. {remedy}")


def refuse(field: str, values: npt.NDArray[np.generic], bad: npt.NDArray[np.bool_], remedy: str) -> None:
    """Refuse the first of the values that is marked as bad; return when there is none.

    Raises:
        ValueError: names the field, the index, the value and the remedy.
    """
    if bad.any():
        index = np.unravel_index(int(bad.argmax()), bad.shape)
        where = ", ".join(str(position) for position in index)
        raise ValueError(f"{field}[{where}]: {values[index]} is not usable. {remedy}")


def check_tree(parent: npt.NDArray[np.int32]) -> None:
    """Refuse what is no tree whose first circuit is the root and in which every circuit follows its parent.

    Raises:
        ValueError: names the field, the index, the value and the remedy.
    """
    index = np.arange(parent.shape[0])
    refuse("parent", parent, (index == 0) & (parent != -1), "Give -1: the first circuit is the root.")
    forward = (index > 0) & ((parent < 0) | (parent >= index))
    refuse("parent", parent, forward, "Give the index of a circuit listed before; there is one root and no cycle.")
    above = parent
    for _ in range(MOST_LEVELS - 1):
        if not (above > 0).any():
            return
        above = np.where(above >= 0, parent[above], -1)
    refuse("parent", parent, above >= 0, f"Give a circuit nearer to the root: a tree has at most {MOST_LEVELS} levels.")


def check_number(field: str, value: object, low: float, high: float, remedy: str) -> None:
    """Refuse what is not a real number from `low` to `high`: booleans, NaN and other types.

    Infinity passes only where it is one of the limits; an int that no float can hold never does. NumPy's float64 is a
    float; its other scalars are refused.

    Raises:
        ValueError: names the field, the value and the remedy.
    """
    sound = not isinstance(value, bool) and isinstance(value, int | float) and low <= value <= high
    if not sound or (isinstance(value, int) and abs(value) > LARGEST):
        raise ValueError(f"{field}: {value!r} is not usable. {remedy}")


def check_whole(field: str, value: object, low: int, high: int, remedy: str) -> None:
    """Refuse what is not an int from `low` to `high`: booleans, floats and other types.

    Raises:
        ValueError: names the field, the value and the remedy.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f"{field}: {value!r} is not usable. {remedy}")


def check_kind(field: str, value: object, wanted: type) -> None:
    """Refuse what is not an instance of a type.

    Raises:
        ValueError: names the field, the type given and the one expected.
    """
    sound = isinstance(value, wanted)
    if not sound:
        raise ValueError(f"{field}: {type(value).__name__} is not usable. Give {wanted.__name__}.")
