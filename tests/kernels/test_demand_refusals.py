"""What cannot be meant is refused with the field, the value and the remedy, and nothing else ever happens."""

from dataclasses import fields, replace
import math
import re
from typing import Any

from hypothesis import given, strategies as st
import pytest

from tests.kernels.demand_days import HOME, last, sample
from tidewatt.kernels.demand import DemandState, LoadState, PeakState, WindowState, step

STATE = last([sample(0, 1.0), sample(10, 1.0)], HOME)[1]


@pytest.mark.parametrize(
    ("part", "field", "value"),
    [
        ("settings", "connection_kw", 0.0),
        ("settings", "connection_kw", math.inf),
        ("settings", "limit_kw", -1.0),
        ("settings", "limit_kw", math.nan),
        ("settings", "sensitivity", 0.0),
        ("settings", "window_s", 600),
        ("settings", "window_s", 900.0),
        ("settings", "guard_pct", 100.0),
        ("settings", "longest_gap_s", 901.0),
        ("settings", "longest_gap_s", 0.0),
        ("settings", "quantile", 1.0),
        ("sample", "time_s", -1.0),
        ("sample", "time_s", math.nan),
        ("sample", "power_kw", math.inf),
        ("sample", "power_kw", 1e12),
        ("sample", "power_kw", None),
        ("sample", "controlled_kw", -math.inf),
        ("sample", "period", "2026-09"),
        ("window", "until_s", 0.0),
        ("window", "least_kwh", -1.0),
        ("window", "least_kwh", 1.0),
        ("load", "level_kw", math.nan),
        ("load", "spread_kw", -1.0),
        ("load", "spike", 1),
        ("peak", "peak_kw", -0.1),
        ("peak", "period", 1.5),
    ],
)
def test_a_value_that_cannot_be_is_named(part: str, field: str, value: Any) -> None:
    given_parts: dict[str, Any] = {"sample": sample(20, 1.0), "settings": HOME, "state": STATE}
    if part in given_parts:
        given_parts[part] = replace(given_parts[part], **{field: value})
    else:
        given_parts["state"] = replace(STATE, **{part: replace(getattr(STATE, part), **{field: value})})
    with pytest.raises(ValueError, match=rf"{re.escape(field)}: .* is not usable. Give "):
        step(**given_parts)


ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.floats(-1e7, 1e7),
    st.integers(0, 10**11),
    st.text(max_size=3),
    st.lists(st.floats(), max_size=2),
)


@given(data=st.data())
def test_whatever_is_thrown_at_it_it_answers_or_refuses(data: st.DataObject) -> None:
    def any_of(example: Any) -> Any:
        changed = {field.name: data.draw(ANYTHING) for field in fields(example) if data.draw(st.booleans())}
        return data.draw(ANYTHING) if data.draw(st.integers(0, 20)) == 0 else replace(example, **changed)

    state: Any = DemandState(
        window=data.draw(st.sampled_from([None, STATE.window, any_of(STATE.window)])),
        load=data.draw(st.sampled_from([None, STATE.load, any_of(STATE.load)])),
        peak=data.draw(st.sampled_from([None, STATE.peak, any_of(STATE.peak)])),
    )
    told = replace(sample(20, 1.0), time_s=data.draw(st.one_of(ANYTHING, st.floats(0, 1e11))))
    try:
        answer, after = step(any_of(told), any_of(HOME), state)
    except ValueError:
        return
    assert answer.controllable_kw >= 0.0
    assert 0.0 <= answer.allowed_kw <= 1e7
    assert math.isfinite(answer.forecast_kw)
    for part in (after.window, after.load, after.peak):
        assert part is None or isinstance(part, WindowState | LoadState | PeakState)
