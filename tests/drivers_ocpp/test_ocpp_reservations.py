"""An EVSE is kept free for somebody until it is used, ends or is taken back, whoever restarts meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.drivers_ocpp.ocpp_rig import ACCEPTED, V16, V21, V201, DictStore, central, charger, connected
from tests.drivers_ocpp.ocpp_v16_words import at, status
from tests.drivers_ocpp.ocpp_v201_words import TX
from tidewatt.drivers.ocpp.blocks import Reservations
from tidewatt.site import ChargerStatus, CommandError

ALL = pytest.mark.parametrize("version", [V16, V201, V21])
ANSWERS = {"ReserveNow": ACCEPTED, "CancelReservation": ACCEPTED}


def later(minutes: float = 30) -> datetime:
    return datetime.now(UTC) + timedelta(minutes=minutes)


@ALL
async def test_a_reservation_is_remembered_and_taken_back(version: str) -> None:
    store = DictStore()
    chargers = [charger(id_tags=("04A1B2C3",))]
    async with central(chargers, store) as rig, connected(rig, version=version, answers=ANSWERS) as station:
        await station.boot()
        reservation = await rig.system.station("left").block(Reservations).reserve("04A1B2C3", later(), 1)
        request = await station.next_asked("ReserveNow")
        if version == V16:
            assert (request["connectorId"], request["idTag"]) == (1, "04A1B2C3")
            assert "parentIdTag" in request
        else:
            assert (request["evseId"], request["idToken"]) == (1, {"idToken": "04A1B2C3", "type": "ISO14443"})
            assert request["groupIdToken"]["type"] == "Central"
    async with central(chargers, store) as rig, connected(rig, version=version, answers=ANSWERS) as station:
        await station.boot()
        block = rig.system.station("left").block(Reservations)
        assert block.open() == (reservation,)
        await block.cancel(reservation.reservation_id)
        assert await station.next_asked("CancelReservation") == {"reservationId": reservation.reservation_id}
        assert block.open() == ()


@ALL
async def test_a_reservation_that_the_station_does_not_take_is_none(version: str) -> None:
    answers = {"ReserveNow": {"status": "Occupied"}}
    async with central([charger()]) as rig, connected(rig, version=version, answers=answers) as station:
        await station.boot()
        block = rig.system.station("left").block(Reservations)
        with pytest.raises(CommandError, match="reserving failed: Occupied"):
            await block.reserve("CARD", later())
        with pytest.raises(CommandError, match="in the past"):
            await block.reserve("CARD", later(-1))
        assert (block.open(), station.count("ReserveNow")) == ((), 1)


@ALL
async def test_a_reservation_ends_with_its_use(version: str) -> None:
    async with central([charger()]) as rig, connected(rig, version=version, answers=ANSWERS) as station:
        await station.boot()
        block = rig.system.station("left").block(Reservations)
        reservation = await block.reserve("CARD", later())
        if version == V16:
            start = {"connectorId": 1, "idTag": "CARD", "meterStart": 0, "timestamp": at()}
            await station.call("StartTransaction", start | {"reservationId": reservation.reservation_id})
        else:
            event = {
                "eventType": "Started",
                "timestamp": at(),
                "triggerReason": "Authorized",
                "seqNo": 0,
                "transactionInfo": {"transactionId": TX},
                "evse": {"id": 1},
                "reservationId": reservation.reservation_id,
            }
            await station.call("TransactionEvent", event)
        assert block.open() == ()


@pytest.mark.parametrize("version", [V201, V21])
@pytest.mark.parametrize("word", ["Expired", "Removed", "NoTransaction"])
async def test_a_reservation_ends_when_the_station_says_so(version: str, word: str) -> None:
    async with central([charger()]) as rig, connected(rig, version=version, answers=ANSWERS) as station:
        await station.boot()
        block = rig.system.station("left").block(Reservations)
        reservation = await block.reserve("CARD", later())
        other = await block.reserve("OTHER", later())
        update = {"reservationId": reservation.reservation_id, "reservationUpdateStatus": word}
        assert await station.call("ReservationStatusUpdate", update) == {}
        assert block.open() == (other,)


async def test_a_reserved_connector_is_not_available() -> None:
    async with central([charger()]) as rig, connected(rig) as station:
        await station.boot()
        await status(station, "Reserved")
        assert rig.state().status is ChargerStatus.UNAVAILABLE
