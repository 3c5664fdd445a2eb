"""Register contents of the meters under test, from the makers' tables."""

from collections.abc import Sequence

from modbus_connection.encode import encode_float32, encode_int16, encode_string, encode_uint32

INT16_UNKNOWN = 0x8000
FLOAT_UNKNOWN = (0x7FC0, 0x0000)


def sdm630(
    *,
    current_a: Sequence[float] = (1.5, 2.5, 3.5),
    power_w: Sequence[float] = (345.0, 575.0, 805.0),
    voltage_v: Sequence[float] = (230.0, 231.0, 232.0),
    import_kwh: float = 12.5,
    export_kwh: float = 0.25,
) -> dict[int, int]:
    """Input registers of an Eastron SDM630."""
    floats = [*voltage_v, *current_a, *power_w]
    words = [word for value in floats for word in encode_float32(value)]
    energies = [*encode_float32(import_kwh), *encode_float32(export_kwh)]
    return dict(enumerate(words)) | dict(enumerate(energies, 0x48))


def sunspec(
    base: int, model_id: int, body: Sequence[int], *, before: Sequence[tuple[int, Sequence[int]]] = ()
) -> dict[int, int]:
    """Holding registers of a SunSpec device: common model, other models, the meter and the end."""
    common = [
        *encode_string("Maker", length=16),
        *encode_string("Model 3", length=16),
        *encode_string("", length=8),
        *encode_string("1.0", length=8),
        *encode_string("SN-42", length=16),
        1,
        INT16_UNKNOWN,
    ]
    words = [0x5375, 0x6E53]
    for each_id, each_body in ((1, common), *before, (model_id, body)):
        words += [each_id, len(each_body), *each_body]
    return dict(enumerate([*words, 0xFFFF, 0], base))


def integer_body(
    *,
    current: Sequence[int] = (150, 250, 350),
    current_exponent: int = -2,
    voltage: Sequence[int] = (2300, 2310, 2320),
    power: Sequence[int] = (345, -575, 805),
    imported: int = 12_500,
    exported: int = 250,
) -> list[int]:
    """Models 201 to 204 after their header: 105 registers."""
    words = [INT16_UNKNOWN] * 105
    words[0:5] = [INT16_UNKNOWN, *_int16s(current), *encode_int16(current_exponent)]
    words[6:9] = _int16s(voltage)
    words[13:14] = encode_int16(-1)
    words[17:21] = [*_int16s(power), *encode_int16(0)]
    words[36:38] = encode_uint32(exported)
    words[44:46] = encode_uint32(imported)
    words[52:53] = encode_int16(0)
    return words


def float_body(
    *,
    current: Sequence[float] = (1.5, 2.5, 3.5),
    voltage: Sequence[float] = (230.0, 231.0, 232.0),
    power: Sequence[float] = (345.0, -575.0, 805.0),
    imported: float = 12_500.0,
    exported: float = 250.0,
) -> list[int]:
    """Models 211 to 214 after their header: 124 registers."""
    words = [*FLOAT_UNKNOWN] * 62
    for at, values in ((2, current), (10, voltage), (28, power), (58, (exported,)), (66, (imported,))):
        encoded = [word for value in values for word in encode_float32(value)]
        words[at : at + len(encoded)] = encoded
    return words


def _int16s(values: Sequence[int]) -> list[int]:
    return [word for value in values for word in ([value] if value == INT16_UNKNOWN else encode_int16(value))]
