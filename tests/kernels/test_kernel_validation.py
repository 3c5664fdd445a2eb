"""What every kernel refuses in the same words: arrays of another kind and numbers that cannot be meant."""

import math
import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tidewatt.kernels.validation import MOST_LEVELS, check_array, check_number, check_tree, check_whole, refuse


@pytest.mark.parametrize(
    ("values", "got"),
    [
        (np.zeros(4)[::2], "power_kw: an array with strides (16,)"),
        (np.zeros(2, ">f8"), "power_kw: >f8[2]"),
        (np.frombuffer(bytes(17), np.uint8)[1:].view(np.float64), "power_kw: an array with strides (8,)"),
        (np.zeros(3), "power_kw: float64[3]"),
        (np.zeros((2, 1)), "power_kw: float64[2, 1]"),
        (np.zeros(2, np.float32), "power_kw: float32[2]"),
        ([0.0, 0.0], "power_kw: list"),
        (None, "power_kw: NoneType"),
        (np.zeros(2).view(np.ma.MaskedArray), "power_kw: MaskedArray"),
    ],
)
def test_an_array_of_another_kind_is_refused_with_what_was_given(values: Any, got: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"{got} is not usable. Give an array float64[2]")):
        check_array(SimpleNamespace(power_kw=values), "power_kw", np.float64, (2,))


def test_an_array_as_described_passes_also_when_it_cannot_be_written() -> None:
    values = np.zeros((2, 3))
    values.flags.writeable = False
    check_array(SimpleNamespace(power_kw=values), "power_kw", np.float64, (2, 3))


def test_the_first_bad_value_is_named_with_its_place() -> None:
    values = np.array([[1.0, 2.0], [3.0, -4.0], [-5.0, 6.0]])
    with pytest.raises(ValueError, match=re.escape("limit_a[1, 1]: -4.0 is not usable. Give more.")):
        refuse("limit_a", values, values < 0, "Give more.")
    refuse("limit_a", values, values < -9, "Give more.")


@pytest.mark.parametrize("value", [math.nan, math.inf, -0.1, 10.1, True, "3", None, 10**400, np.float32(3), 1j])
def test_a_number_out_of_range_or_of_another_type_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^period_s: .* is not usable\. Give 0 to 10\.$"):
        check_number("period_s", value, 0, 10, "Give 0 to 10.")


@pytest.mark.parametrize("value", [10**400, -(10**400), math.nan])
def test_what_no_float_can_hold_is_refused_also_where_infinity_passes(value: float) -> None:
    with pytest.raises(ValueError, match=r"^integral_s: .* is not usable\. Give any number\.$"):
        check_number("integral_s", value, -math.inf, math.inf, "Give any number.")
    for sound in (math.inf, -math.inf, 10**300):
        check_number("integral_s", sound, -math.inf, math.inf, "Give any number.")


@pytest.mark.parametrize("value", [0, 10, 2.5, np.float64(3)])
def test_a_number_in_range_passes(value: float) -> None:
    check_number("period_s", value, 0, 10, "Give 0 to 10.")


@pytest.mark.parametrize("value", [-1, 4, 2.0, True, math.nan, 10**400, "1"])
def test_a_whole_number_out_of_range_or_of_another_type_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^stage: .* is not usable\. Give 0 to 3\.$"):
        check_whole("stage", value, 0, 3, "Give 0 to 3.")


def chain(levels: int) -> npt.NDArray[np.int32]:
    """Return the parents of circuits that each stand below the one before."""
    return np.arange(-1, levels - 1, dtype=np.int32)


@pytest.mark.parametrize("parent", [[-1], [-1, 0, 0, 1, 2, 0], chain(MOST_LEVELS), [*chain(MOST_LEVELS), 0, 64, 65]])
def test_a_tree_passes(parent: Any) -> None:
    check_tree(np.array(parent, np.int32))


@pytest.mark.parametrize(
    ("parent", "found"),
    [
        ([0], "parent[0]: 0 is not usable. Give -1"),
        ([-1, -1], "parent[1]: -1 is not usable. Give the index of a circuit listed before"),
        ([-1, 0, 2], "parent[2]: 2 is not usable. Give the index of a circuit listed before"),
        ([-1, 2, 0], "parent[1]: 2 is not usable. Give the index of a circuit listed before"),
        (chain(MOST_LEVELS + 1), "parent[64]: 63 is not usable. Give a circuit nearer to the root"),
        (chain(1_000), "parent[64]: 63 is not usable. Give a circuit nearer to the root"),
    ],
)
def test_what_is_no_tree_or_deeper_than_anything_built_is_refused(parent: Any, found: str) -> None:
    with pytest.raises(ValueError, match=re.escape(found)):
        check_tree(np.array(parent, np.int32))
