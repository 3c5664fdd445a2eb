"""What control is told of a vehicle that may give energy back."""

from __future__ import annotations

from typing import Any

from hypothesis import given, strategies as st
import pytest

from tests.drivers_ocpp import ocpp_v201_words as words
from tests.drivers_ocpp.ocpp_rig import V201, central, charger, connected
from tidewatt.drivers.ocpp.agreement import Agreement


def agreement(**options: Any) -> Agreement:
    defaults: dict[str, Any] = {
        "transaction_id": words.TX,
        "energy_transfer": "DC_BPT",
        "bidirectional": True,
        "maximum_discharge_w": 6900.0,
    }
    return Agreement(**(defaults | options))


def test_the_lower_of_configuration_and_negotiation_counts_per_phase() -> None:
    assert agreement().discharge_maximum_a(charger(discharge_maximum_a=16), 230.0) == pytest.approx(10.0)
    assert agreement().discharge_maximum_a(charger(discharge_maximum_a=6), 230.0) == 6.0


@pytest.mark.parametrize(
    ("negotiated", "configured_a"),
    [({"bidirectional": False}, 16.0), ({"maximum_discharge_w": None}, 16.0), ({}, 0.0)],
    ids=["charging only", "nobody named a power", "not configured"],
)
def test_without_an_agreement_nothing_is_given_back(negotiated: dict[str, Any], configured_a: float) -> None:
    assert agreement(**negotiated).discharge_maximum_a(charger(discharge_maximum_a=configured_a), 230.0) is None


@given(
    st.floats(0, 1e6),
    st.floats(0, 100),
    st.floats(100, 300),
)
def test_neither_configuration_nor_negotiation_is_ever_exceeded(
    power_w: float, limit_a: float, voltage_v: float
) -> None:
    most_a = agreement(maximum_discharge_w=power_w).discharge_maximum_a(charger(discharge_maximum_a=limit_a), voltage_v)
    assert most_a is None or (most_a <= limit_a and most_a * 3 * voltage_v <= power_w * (1 + 1e-9))


async def test_the_state_of_charge_is_told_with_the_transaction_it_belongs_to() -> None:
    async with central([charger()]) as rig, connected(rig, version=V201) as station:
        await words.charging(station)
        sample = {"value": 57, "measurand": "SoC", "location": "EV", "unitOfMeasure": {"unit": "Percent"}}
        await station.call(
            "MeterValues", {"evseId": 1, "meterValue": [{"timestamp": words.at(), "sampledValue": [sample]}]}
        )
        assert (await rig.until_state(lambda state: state.soc_pct is not None)).soc_pct == 57.0
        await words.event(station, "Ended", "Idle", reason="EVDisconnected")
        await rig.until_state(lambda state: state.session is None and state.soc_pct is None)
