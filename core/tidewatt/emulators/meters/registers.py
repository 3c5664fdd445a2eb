"""Register maps of meters, filled from one sample."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from modbus_connection.encode import encode_float32

from tidewatt.emulators.physics.world import MeterSample

from .sunspec import sunspec_words

SUNSPEC_BASE_ADDRESS = 40_000
SDM630_REGISTER_COUNT = 0x180
SDM630_LONGEST_READ = 80


class RegisterKind(Enum):
    """Which of a Modbus device's tables a map lives in."""

    INPUT = "input"
    HOLDING = "holding"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterImage:
    """Words from `base_address` on; reads beyond them, or of more than `longest_read` words, are refused."""

    kind: RegisterKind
    base_address: int
    words: list[int]
    longest_read: int = 125

    def read(self, address: int, count: int) -> list[int] | None:
        """Return `count` words from `address` on, None where the device has no registers."""
        start = address - self.base_address
        if start < 0 or start + count > len(self.words):
            return None
        return self.words[start : start + count]


def sdm630_image(sample: MeterSample) -> RegisterImage:
    """Return the input registers of an Eastron SDM630: 32-bit floats, high word first.

    Currents are magnitudes; powers carry the sign. What the loads of the emulated world do not have, such as reactive
    power, reads zero as it does on the device.
    """
    power_w = sample.power_w
    magnitude_a = [abs(current_a) for current_a in sample.current_a]
    values: dict[int, float] = {
        0x0030: sum(magnitude_a),
        0x002A: sum(sample.voltage_v) / 3,
        0x0034: sum(power_w),
        0x0038: sum(map(abs, power_w)),
        0x003E: _power_factor(sum(power_w)),
        0x0046: sample.frequency_hz,
        0x0048: sample.import_wh / 1000,
        0x004A: sample.export_wh / 1000,
        0x0156: (sample.import_wh + sample.export_wh) / 1000,
    }
    for phase in range(3):
        step = 2 * phase
        values[0x0000 + step] = sample.voltage_v[phase]
        values[0x0006 + step] = magnitude_a[phase]
        values[0x000C + step] = power_w[phase]
        values[0x0012 + step] = abs(power_w[phase])
        values[0x001E + step] = _power_factor(power_w[phase])
        values[0x00C8 + step] = sample.line_voltage_v[phase]
    words = [0] * SDM630_REGISTER_COUNT
    for address, value in values.items():
        words[address : address + 2] = encode_float32(value)
    return RegisterImage(kind=RegisterKind.INPUT, base_address=0, words=words, longest_read=SDM630_LONGEST_READ)


def sunspec_image(sample: MeterSample, *, model: int, serial: str) -> RegisterImage:
    """Return the holding registers of a SunSpec three-phase meter: common model, then model 203 or 213."""
    return RegisterImage(
        kind=RegisterKind.HOLDING,
        base_address=SUNSPEC_BASE_ADDRESS,
        words=sunspec_words(sample, model=model, serial=serial),
    )


def _power_factor(power_w: float) -> float:
    return -1.0 if power_w < 0 else 1.0
