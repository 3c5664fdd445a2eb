"""How much power batteries take and give, and what of it is lost: for one or for thousands at once."""

from __future__ import annotations

import numpy as np

from tidewatt.kernels.validation import check_kind, check_number

from . import _arrays
from .checks import LARGEST_C, LARGEST_KW, check_chemistry, check_curve, check_losses, check_range, plain, writable
from .problem import Chemistry, Curve, Floats, LossModel, PowerLimits


def power_limits(
    chemistry: Chemistry,
    *,
    charge_kw: Floats,
    discharge_kw: Floats,
    soc_pct: Floats,
    temperature_c: Floats | None = None,
    out: PowerLimits | None = None,
) -> PowerLimits:
    """Return the highest powers of N batteries of one chemistry: their own highest, derated.

    Args:
        chemistry: the curves.
        charge_kw: float64[N], highest power into each battery at its best.
        discharge_kw: float64[N], highest power out of it, as a magnitude.
        soc_pct: float64[N], 0 to 100; NaN where it is not known, which makes both limits NaN.
        temperature_c: float64[N] in deg C; NaN where a sensor has no value now, which makes both limits NaN; None where
            there are no sensors and the battery looks after itself.
        out: arrays to write to and return; new ones if None.

    Raises:
        ValueError: a value cannot be meant; names the field, the index, the value and the remedy.
    """
    check_chemistry(chemistry)
    if out is not None:
        check_kind("out", out, PowerLimits)
    size = check_range("soc_pct", soc_pct, 0.0, 100.0, "Give 0 to 100, NaN where it is not known.")
    powers = {"charge_kw": charge_kw, "discharge_kw": discharge_kw}
    for field, values in powers.items():
        check_range(field, values, 0.0, LARGEST_KW, "Give a magnitude in kW, zero or more.", size=size)
    if temperature_c is not None:
        remedy = "Give deg C, NaN where it is not known."
        check_range("temperature_c", temperature_c, -LARGEST_C, LARGEST_C, remedy, size=size)
    results = []
    for field, (by_soc, by_temperature) in {
        "charge_kw": (chemistry.charge_by_soc, chemistry.charge_by_temperature),
        "discharge_kw": (chemistry.discharge_by_soc, chemistry.discharge_by_temperature),
    }.items():
        limit_kw = writable(None if out is None else getattr(out, field), size)
        limit_kw[:] = powers[field]
        _scale(by_soc, soc_pct, limit_kw)
        if temperature_c is not None:
            _scale(by_temperature, temperature_c, limit_kw)
        results.append(limit_kw)
    return PowerLimits(charge_kw=results[0], discharge_kw=results[1]) if out is None else out


def learn_curve(curve: Curve, at: float, value: float, *, gain: float = 0.1) -> Curve:
    """Return a curve of shares moved towards one observation, for example of a taper.

    The two points around it move by their part in what the curve says there (normalised least mean squares), so that
    the curve itself moves by `gain` of the difference. Only observations where nothing else held the battery back say
    anything about it; to know that is the caller's part.

    Args:
        curve: values 0 to 1.
        at: where, between -1e6 and 1e6.
        value: the share that was seen, 0 to 1.
        gain: how much one observation counts, 0 to 1.

    Raises:
        ValueError: a value cannot be meant; names the field, the value and the remedy.
    """
    check_curve("curve", curve, 0.0, 1.0)
    check_number("at", at, -1e6, 1e6, "Give a number from -1e6 to 1e6.")
    check_number("value", value, 0.0, 1.0, "Give a share, 0 to 1.")
    check_number("gain", gain, 0.0, 1.0, "Give a part, 0 to 1.")
    parts = np.array([np.interp(at, curve.at, row) for row in np.eye(curve.at.size)])
    missing = value - float(parts @ curve.value)
    moved = curve.value + gain * missing * parts / float(parts @ parts)
    return Curve(at=curve.at, value=np.clip(moved, 0.0, 1.0))


def stored_kw(losses: LossModel, power_kw: Floats, *, out: Floats | None = None) -> Floats:
    """Return float64[N], what arrives in the store of each battery; negative for what leaves it.

    Power that is smaller than its own losses does not arrive, but takes nothing from the store either.

    Args:
        losses: the model.
        power_kw: float64[N] at the terminals, positive into the battery; NaN stays NaN.
        out: array to write to and return; a new one if None.

    Raises:
        ValueError: a value cannot be meant; names the field, the index, the value and the remedy.
    """
    check_losses(losses)
    size = check_range("power_kw", power_kw, -LARGEST_KW, LARGEST_KW, "Give a power in kW.")
    stored = writable(out, size)
    _arrays.stored_kw(
        float(losses.fixed_kw), float(losses.proportional), float(losses.quadratic_per_kw), plain(power_kw), stored
    )
    return stored


def efficiency(losses: LossModel, power_kw: Floats) -> Floats:
    """Return float64[N], the part of a power that gets through: stored of drawn, or given of taken; NaN at rest.

    The round trip at a power is `efficiency(losses, p) * efficiency(losses, -p)`.

    Args:
        losses: the model.
        power_kw: float64[N] at the terminals, positive into the battery; NaN stays NaN.

    Raises:
        ValueError: a value cannot be meant; names the field, the index, the value and the remedy.
    """
    stored = stored_kw(losses, power_kw)
    through, drawn = np.where(power_kw > 0.0, stored, power_kw), np.where(power_kw > 0.0, power_kw, stored)
    parts = np.full(power_kw.size, np.nan)
    np.divide(through, drawn, out=parts, where=~(drawn == 0.0))
    return parts


def _scale(curve: Curve, at: Floats, limit_kw: Floats) -> None:
    _arrays.scale_by_curve(plain(curve.at), plain(curve.value), plain(at), limit_kw)
