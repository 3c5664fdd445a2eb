"""Security events that stations report are kept, bounded, and told to those who listen."""

from __future__ import annotations

import pytest

from tests.conformance import shows
from tests.drivers_ocpp.ocpp_rig import V16, V201, DictStore, central, charger, connected
from tidewatt.drivers.ocpp import SecurityEvent, SecurityEvents

AT = "2026-11-20T10:00:00Z"


@shows("A04.FR.03", ocpp="1.6")
@pytest.mark.parametrize("version", [V16, V201, "ocpp2.1"])
async def test_events_are_kept_over_restarts_and_told(version: str) -> None:
    store, heard = DictStore(), list[SecurityEvent]()
    async with central([charger()], store) as rig, connected(rig, version=version) as station:
        rig.system.security.on_event = heard.append
        await station.boot()
        await station.call("SecurityEventNotification", {"type": "InvalidMessages", "timestamp": AT})
        tampered = {"type": "TamperDetectionActivated", "timestamp": AT, "techInfo": "door"}
        assert await station.call("SecurityEventNotification", tampered) == {}
        # A critical one is on disk before it is answered: the station forgets it then.
        assert "TamperDetectionActivated" in store.documents["ocpp"]
    assert [(event.kind, event.detail, event.is_critical) for event in heard] == [
        ("InvalidMessages", None, False),
        ("TamperDetectionActivated", "door", True),
    ]
    assert heard[0].charger_ids == ("left",)
    async with central([charger()], store) as rig:
        kept = rig.system.station("left").block(SecurityEvents).events
        assert list(kept) == heard


async def test_a_flood_of_events_does_not_grow_without_end() -> None:
    async with central([charger()]) as rig, connected(rig) as station:
        await station.boot()
        for number in range(130):
            event = {"type": f"Own{number}", "timestamp": AT, "techInfo": "x" * 2000}
            await station.call("SecurityEventNotification", event)
        events = rig.system.station("left").block(SecurityEvents).events
        assert [event.kind for event in events] == [f"Own{number}" for number in range(30, 130)]
        assert {len(event.detail or "") for event in events} == {255}
