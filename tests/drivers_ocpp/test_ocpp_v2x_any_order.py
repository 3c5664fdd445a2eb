"""Whatever happens in whatever order, a station that obeys its profiles gives back what it may, and watched (V1)."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings, strategies as st

from tests.drivers_ocpp import ocpp_v2x_words as v2x, ocpp_v201_words as words
from tests.drivers_ocpp.ocpp_profile_station import Keeper, obeying
from tests.drivers_ocpp.ocpp_rig import RawStation, Rig, central, charger, setpoint
from tidewatt.drivers.ocpp.blocks.v2x import CentralSetpoint, FrequencyPoint, Idle, LocalFrequency
from tidewatt.ocpp.charging import Abilities, Limit, OperationMode, Ruleset
from tidewatt.site import CommandError

CURVE = (FrequencyPoint(49.9, -2000), FrequencyPoint(50.0, 0), FrequencyPoint(50.1, 2000))

EVENTS = st.one_of(
    st.tuples(st.just("agree"), st.sampled_from(["apply", "mode"])),
    st.tuples(st.just("agree"), st.sampled_from(["apply", "mode"])),
    st.tuples(st.just("apply"), st.sampled_from([-12.0, -6.0, -2.0, 0.0, 6.0, 16.0])),
    st.tuples(st.just("soc"), st.sampled_from([10, 20, 60])),
    st.tuples(st.just("needs"), st.sampled_from([0, 2070, 6900])),
    st.tuples(st.just("charging only"), st.just(0)),
    st.tuples(st.just("permit"), st.booleans()),
    st.tuples(st.just("mode"), st.sampled_from(["setpoint", "frequency", "idle", "end"])),
    st.tuples(st.just("configure"), st.sampled_from([0.0, 4.0, 16.0])),
    st.tuples(st.just("floor"), st.sampled_from([20, 55, 80])),
    st.tuples(st.just("next"), st.just(0)),
    st.tuples(st.just("boot"), st.just(0)),
    st.tuples(st.just("pull"), st.sampled_from([12, 16])),
    st.tuples(st.just("deaf"), st.booleans()),
)


@dataclass
class Session:
    """A central system, an obeying station, and what happens between them."""

    rig: Rig
    station: RawStation
    keeper: Keeper
    number: int = 0
    is_deaf: bool = False

    async def happen(self, what: str, value: Any) -> None:
        """Have something happen; what is refused is refused."""
        with contextlib.suppress(CommandError):
            await getattr(self, "_" + what.replace(" ", "_"))(value)

    async def _agree(self, then: str) -> None:
        """Bring the session to where it discharges."""
        await self._permit(True)
        await self._configure(16.0)
        await self._floor(20)
        await self._needs(6900)
        await self._soc(60)
        await self.happen(then, -6.0 if then == "apply" else "frequency")

    async def _apply(self, value: float) -> None:
        await self.rig.system.port("left").apply(setpoint(value))

    async def _soc(self, value: int) -> None:
        await self._event("Updated", {"measurand": "SoC", "location": "EV", "value": value})

    async def _event(self, kind: str, sample: dict[str, Any] | None = None) -> None:
        payload: dict[str, Any] = {
            "eventType": kind,
            "timestamp": words.at(),
            "triggerReason": "MeterValuePeriodic",
            "seqNo": 0,
            "evse": {"id": 1, "connectorId": 1},
            "transactionInfo": {"transactionId": self.keeper.transaction_id, "chargingState": "Charging"},
        }
        if sample is not None:
            payload["meterValue"] = [{"timestamp": words.at(), "sampledValue": [sample]}]
        await self.station.call("TransactionEvent", payload)

    async def _needs(self, value: int) -> None:
        await self.station.call("NotifyEVChargingNeeds", v2x.needs(v2x={"maxDischargePower": value}))

    async def _charging_only(self, _: int) -> None:
        await self.station.call("NotifyEVChargingNeeds", v2x.needs("DC"))

    async def _permit(self, value: bool) -> None:
        await v2x.block(self.rig).permit(1, value)

    async def _mode(self, value: str) -> None:
        modes = v2x.block(self.rig).modes
        match value:
            case "setpoint":
                await modes.operate(1, CentralSetpoint(setpoint_w=-5000))
            case "frequency":
                await modes.operate(1, LocalFrequency(baseline_w=-1000, curve=CURVE))
            case "idle":
                await modes.operate(1, Idle())
            case _:
                await modes.end(1)

    async def _configure(self, value: float) -> None:
        self.rig.system.update_chargers([charger(discharge_maximum_a=value)])

    async def _floor(self, value: int) -> None:
        self.rig.system.set_battery("left", minimum_soc_pct=value, soc_pct=None)

    async def _next(self, _: int) -> None:
        await self._event("Ended")
        self.keeper.store.end_transaction(1)
        self.number += 1
        self.keeper.transaction_id = f"tx-{self.number}"
        await self._event("Started")

    async def _boot(self, _: int) -> None:
        self.keeper.store.end_transaction(1)
        await self.station.boot()

    async def _pull(self, value: int) -> None:
        answer = await self.station.call("PullDynamicScheduleUpdate", {"chargingProfileId": value})
        if answer["status"] == "Accepted":
            self.keeper._update({"chargingProfileId": value, "scheduleUpdate": answer["scheduleUpdate"]})

    async def _deaf(self, value: bool) -> None:
        self.is_deaf = value

    async def settle(self) -> None:
        """Wait until nothing is asked any more."""
        quiet = 0
        while quiet < 8:
            before = len(self.station.asked)
            await self.station.call("Heartbeat", {})
            quiet = quiet + 1 if len(self.station.asked) == before else 0

    def check(self) -> None:
        """Show that the station holds the vehicle to nothing that may not be."""
        point = self.rig.system.station("left").points[1]
        limit = self.keeper.limit()
        refusal = point.guard.refusal()
        given_a = most_given(limit)
        assert given_a == 0 or refusal is None, (refusal, limit)
        assert given_a <= (self.rig.state().discharge_maximum_a or 0.0) + 0.1
        assert given_a == 0 or point.guard.is_discharging


def most_given(limit: Limit) -> float:
    """Return the most that a vehicle gives back under a limit, in A per phase."""
    if limit.setpoint_a is not None:
        return max(0.0, -limit.setpoint_a)
    if limit.operation_mode is OperationMode.LOCAL_FREQUENCY:
        assert limit.period is not None
        lowest_w = min(point.power_w for point in limit.period.freq_watt_curve)
        return max(0.0, -((limit.period.baseline_w or 0.0) + lowest_w) / 690)
    return limit.discharge_a


def deafening(session: list[Session], answer: Any) -> Any:
    """Return an answer that is an error as long as the station is deaf."""

    def answered(request: dict[str, Any]) -> Any:
        return "InternalError" if session and session[0].is_deaf else answer(request)

    return answered


@settings(max_examples=25, deadline=None)
@given(st.lists(EVENTS, min_size=3, max_size=14), st.booleans())
def test_what_is_given_back_is_permitted_agreed_above_the_floor_and_watched(
    events: list[tuple[str, Any]], dynamic: bool
) -> None:
    async def live() -> None:
        keeper = Keeper(Ruleset.V21, Abilities(dynamic=dynamic))
        sessions: list[Session] = []
        answers = v2x.answers(SmartChargingCtrlr__SupportsFeature__DynamicProfiles=str(dynamic).lower())
        chargers = [charger(discharge_maximum_a=16)]
        async with central(chargers, discharge_watch_s=0.005) as rig, obeying(rig, keeper, **answers) as station:
            for name in ("SetChargingProfile", "UpdateDynamicSchedule", "ClearChargingProfile"):
                station.answers[name] = deafening(sessions, station.answers[name])
            session = Session(rig, station, keeper)
            sessions.append(session)
            await station.next_asked("GetVariables")
            for what, value in (("agree", "apply"), *events, ("deaf", False)):
                await session.happen(what, value)
                if not session.is_deaf:
                    await asyncio.sleep(0.01)
                    await session.settle()
                    session.check()

    asyncio.run(live())
