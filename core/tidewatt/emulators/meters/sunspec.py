"""The words of a SunSpec wye-connected three-phase meter (SunSpec Information Model Reference, models 1, 203, 213)."""

from __future__ import annotations

import math

from modbus_connection.encode import (
    encode_float32,
    encode_int16,
    encode_string,
    encode_uint32,
)

from tidewatt.emulators.physics.world import MeterSample

INTEGER_MODEL = 203
FLOAT_MODEL = 213

_MARKER = [0x5375, 0x6E53]
_END = [0xFFFF, 0]
_MISSING_INT16 = [0x8000]
_NO_EVENTS = [0, 0]


def sunspec_words(sample: MeterSample, *, model: int, serial: str) -> list[int]:
    """Return the whole model chain; ValueError for a model other than 203 and 213."""
    bodies = {INTEGER_MODEL: _integer_body, FLOAT_MODEL: _float_body}
    if model not in bodies:
        raise ValueError(f"model: {model!r} is not usable. Give 203 (integers) or 213 (floats).")
    return _MARKER + _block(1, _common_body(serial)) + _block(model, bodies[model](sample)) + _END


def _block(model_id: int, body: list[int]) -> list[int]:
    return [model_id, len(body), *body]


def _common_body(serial: str) -> list[int]:
    return [
        *encode_string("Tidewatt", length=16),
        *encode_string("Emulated meter", length=16),
        *encode_string("", length=8),
        *encode_string("1", length=8),
        *encode_string(serial, length=16),
        1,
        0x8000,
    ]


def _integer_body(sample: MeterSample) -> list[int]:
    """Model 203: 16-bit values, each group followed by the exponent of its scale; energies are 32-bit counters."""
    power_w = sample.power_w
    words = _scaled([sum(map(abs, sample.current_a)), *map(abs, sample.current_a)], -2)
    words += _scaled(_voltages_v(sample), -1)
    words += _scaled([sample.frequency_hz], -2)
    words += _scaled([sum(power_w), *power_w], 0)
    words += _scaled([abs(sum(power_w)), *map(abs, power_w)], 0)
    words += _scaled([0.0] * 4, 0)
    words += _scaled([100.0 if each >= 0 else -100.0 for each in (sum(power_w), *power_w)], 0)
    words += encode_uint32(round(sample.export_wh)) + [0, 0] * 3
    words += encode_uint32(round(sample.import_wh)) + [0, 0] * 3
    words += encode_int16(0)
    words += [0, 0] * 8 + _MISSING_INT16
    words += [0, 0] * 16 + _MISSING_INT16
    return words + _NO_EVENTS


def _float_body(sample: MeterSample) -> list[int]:
    """Model 213: every value a 32-bit float; what is not measured is NaN."""
    power_w = sample.power_w
    values = [
        sum(map(abs, sample.current_a)),
        *map(abs, sample.current_a),
        *_voltages_v(sample),
        sample.frequency_hz,
        sum(power_w),
        *power_w,
        abs(sum(power_w)),
        *map(abs, power_w),
        *[0.0] * 4,
        *[1.0 if each >= 0 else -1.0 for each in (sum(power_w), *power_w)],
        sample.export_wh,
        *[math.nan] * 3,
        sample.import_wh,
        *[math.nan] * 3,
        *[math.nan] * 24,
    ]
    return [word for value in values for word in encode_float32(value)] + _NO_EVENTS


def _scaled(values: list[float], exponent: int) -> list[int]:
    """Return values as 16-bit multiples of ten to the `exponent`, then the exponent itself."""
    return [
        word for value in [*(value / 10**exponent for value in values), exponent] for word in encode_int16(round(value))
    ]


def _voltages_v(sample: MeterSample) -> list[float]:
    """Return the average and each voltage to neutral, then the average and each between two phases."""
    to_neutral, between = sample.voltage_v, sample.line_voltage_v
    return [sum(to_neutral) / 3, *to_neutral, sum(between) / 3, *between]
