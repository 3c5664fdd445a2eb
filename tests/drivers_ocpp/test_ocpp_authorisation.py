"""Who may charge is answered alike online and, by the station's own lists, offline."""

from __future__ import annotations

from typing import Any

from hypothesis import given, strategies as st
import pytest

from tests.conformance import shows
from tests.drivers_ocpp.ocpp_rig import ACCEPTED, V16, V21, V201, DictStore, RawStation, central, charger, connected
from tests.drivers_ocpp.ocpp_v16_words import start, status
from tests.drivers_ocpp.ocpp_v201_words import event
from tidewatt.drivers.ocpp.blocks import LocalList
from tidewatt.drivers.ocpp.device_model import VariableKey
from tidewatt.drivers.ocpp.tags import canonical, kind_of
from tidewatt.drivers.ocpp.v2.exchange import Limits, chunks
from tidewatt.site import Charger, CommandError

ALL = pytest.mark.parametrize("version", [V16, V201, V21])
BOTH = pytest.mark.parametrize("version", [V201, V21])


async def authorize(station: RawStation, tag: str, kind: str = "ISO14443") -> dict[str, Any]:
    if station.version == V16:
        return dict((await station.call("Authorize", {"idTag": tag}))["idTagInfo"])
    return dict((await station.call("Authorize", {"idToken": {"idToken": tag, "type": kind}}))["idTokenInfo"])


@ALL
@shows("C01.FR.07", "C09.FR.02", ocpp=("2.0.1", "2.1"))
async def test_listed_tags_are_accepted_and_belong_together(version: str) -> None:
    async with (
        central([charger(id_tags=("04A1B2C3", "DE-8AA-1A2B3C4D5"))]) as rig,
        connected(rig, version=version) as it,
    ):
        await it.boot()
        group = "parentIdTag" if version == V16 else "groupIdToken"
        for tag in ("04a1b2c3", "04:A1:B2:C3", "DE8AA1A2B3C4D5"):
            info = await authorize(it, tag, "eMAID" if tag.startswith("DE") else "ISO14443")
            assert (info["status"], group in info) == ("Accepted", True)
        assert await authorize(it, "04A1B2C4") == {"status": "Invalid"}


@BOTH
@pytest.mark.parametrize("kind", ["eMAID", "MacAddress", "Central", "KeyCode", "Local"])
@shows("C04.FR.01", "C06.FR.04", ocpp=("2.0.1", "2.1"))
async def test_every_kind_of_token_is_judged_by_the_list(version: str, kind: str) -> None:
    async with central([charger(id_tags=("AABBCCDDEEFF",))]) as rig, connected(rig, version=version) as station:
        assert (await authorize(station, "AA:BB:CC:DD:EE:FF", kind))["status"] == "Accepted"
        assert (await authorize(station, "AA:BB:CC:DD:EE:FE", kind))["status"] == "Invalid"


@BOTH
async def test_a_start_without_token_is_for_chargers_that_are_open_to_all(version: str) -> None:
    for tags, expected in ((None, "Accepted"), (("CARD",), "Invalid")):
        async with central([charger(id_tags=tags)]) as rig, connected(rig, version=version) as station:
            answer = await station.call("Authorize", {"idToken": {"idToken": "", "type": "NoAuthorization"}})
            assert answer == {"idTokenInfo": {"status": expected}}


@BOTH
async def test_a_contract_that_nobody_here_can_check_is_refused(version: str) -> None:
    token = {"idToken": "DE8AA1A2B3C4D5", "type": "eMAID"}
    async with central([charger()]) as rig, connected(rig, version=version) as station:
        answer = await station.call("Authorize", {"idToken": token, "certificate": "-----BEGIN CERTIFICATE-----"})
    assert answer == {"idTokenInfo": {"status": "Invalid"}, "certificateStatus": "NoCertificateAvailable"}


@BOTH
@shows("C12.FR.03", "E01.FR.11", ocpp=("2.0.1", "2.1"))
async def test_a_tag_that_the_station_let_in_is_judged_again_with_its_transaction(version: str) -> None:
    async with central([charger(id_tags=("CARD",))]) as rig, connected(rig, version=version) as station:
        await station.boot()
        assert (await event(station, "Started", tag="GONE"))["idTokenInfo"]["status"] == "Invalid"
        await station.next_asked("RequestStopTransaction")


async def test_a_tag_that_the_station_let_in_offline_is_judged_again_in_1_6_too() -> None:
    async with central([charger(id_tags=("CARD",))]) as rig, connected(rig) as station:
        await station.boot()
        await status(station, "Preparing")
        transaction_id = await start(station, tag="GONE")
        assert await station.next_asked("RemoteStopTransaction") == {"transactionId": transaction_id}


class Lists:
    """A station's own list, as OCPP has it keep one."""

    def __init__(self, version: str, *, items: int | None = None) -> None:
        self.version_number = 0
        self.entries: dict[str, dict[str, Any]] = {}
        self.updates: list[str] = []
        self.cleared = 0
        self.is_16 = version == V16
        number = "listVersion" if self.is_16 else "versionNumber"
        self.answers: dict[str, Any] = {
            "GetLocalListVersion": lambda _: {number: self.version_number},
            "SendLocalList": lambda payload: self.take(payload, payload[number]),
            "ClearCache": lambda _: self.clear(),
        }
        if items is not None:
            self.answers["GetConfiguration"] = lambda payload: {
                "configurationKey": [
                    {"key": key, "readonly": True, "value": str(items)}
                    for key in payload.get("key", ())
                    if key == "SendLocalListMaxLength"
                ]
            }
            self.answers["GetVariables"] = lambda payload: {
                "getVariableResult": [
                    row | {"attributeStatus": "Accepted", "attributeValue": str(items)}
                    if (row["component"]["name"], row["variable"]["name"]) == ("LocalAuthListCtrlr", "ItemsPerMessage")
                    else row | {"attributeStatus": "UnknownVariable"}
                    for row in payload["getVariableData"]
                ]
            }

    def clear(self) -> dict[str, str]:
        """Empty the cache."""
        self.cleared += 1
        return ACCEPTED

    def take(self, payload: dict[str, Any], number: int) -> dict[str, str]:
        """Take an update of the list."""
        self.updates.append(payload["updateType"])
        if payload["updateType"] == "Full":
            self.entries.clear()
        elif number <= self.version_number:
            return {"status": "VersionMismatch"}
        self.version_number = number
        for row in payload.get("localAuthorizationList", ()):
            tag = row["idTag"] if self.is_16 else row["idToken"]["idToken"]
            info = row.get("idTagInfo" if self.is_16 else "idTokenInfo")
            if info is None:
                self.entries.pop(tag)
            else:
                self.entries[tag] = info
        return ACCEPTED


def listed(*tags: str) -> Charger:
    return charger(id_tags=tags)


async def in_step(station: RawStation, lists: Lists, *tags: str) -> None:
    """Wait until the station's list holds these tags."""
    while lists.entries.keys() != set(tags):
        await station.next_asked("SendLocalList")


@ALL
@shows("D01.FR.01", "D01.FR.06", "D01.FR.17", "D01.FR.18", ocpp=("2.0.1", "2.1"))
async def test_the_local_list_follows_the_configuration_by_its_changes(version: str) -> None:
    lists, store = Lists(version), DictStore()
    async with (
        central([listed("A1", "A2")], store) as rig,
        connected(rig, version=version, answers=lists.answers) as it,
    ):
        await it.boot()
        await in_step(it, lists, "A1", "A2")
        rig.system.update_chargers([listed("A2", "A3")])
        await in_step(it, lists, "A2", "A3")
        assert (lists.updates, lists.version_number) == (["Full", "Differential"], 2)
        assert lists.entries["A3"]["status"] == "Accepted"
    async with central([listed("A2")], store) as rig, connected(rig, version=version, answers=lists.answers) as it:
        await it.boot()
        await in_step(it, lists, "A2")
        rig.system.update_chargers([charger()])
        await in_step(it, lists)
        assert lists.updates[2:] == ["Differential", "Differential"]
        assert lists.cleared >= 3, "whoever lost the right must not be let in from the cache"


@ALL
async def test_a_list_that_is_in_step_is_not_sent_again(version: str) -> None:
    lists, store = Lists(version), DictStore()
    for _ in range(2):
        async with central([listed("A1")], store) as rig, connected(rig, version=version, answers=lists.answers) as it:
            await it.boot()
            await it.next_asked("GetLocalListVersion")
            await in_step(it, lists, "A1")
    assert (lists.updates, lists.cleared) == (["Full"], 1)


@ALL
async def test_a_list_that_somebody_else_wrote_is_replaced(version: str) -> None:
    lists, store = Lists(version), DictStore()
    async with central([listed("A1")], store) as rig, connected(rig, version=version, answers=lists.answers) as it:
        await it.boot()
        await in_step(it, lists, "A1")
    lists.version_number, lists.entries = 70, {"FOREIGN": ACCEPTED}
    async with central([listed("A1")], store) as rig, connected(rig, version=version, answers=lists.answers) as it:
        await it.boot()
        await in_step(it, lists, "A1")
        assert (lists.version_number, lists.updates[-1]) == (71, "Full")


@ALL
@shows("D01.FR.11", ocpp=("2.0.1", "2.1"))
async def test_a_long_list_is_sent_in_parts(version: str) -> None:
    lists = Lists(version, items=4)
    tags = [f"CARD{number}" for number in range(10)]
    async with central([listed(*tags)]) as rig, connected(rig, version=version, answers=lists.answers) as station:
        await station.boot()
        await in_step(station, lists, *tags)
        assert lists.updates == ["Full", "Differential", "Differential"]


async def test_a_station_without_a_list_is_not_sent_one() -> None:
    answers = {"GetLocalListVersion": {"listVersion": -1}}
    async with central([listed("A1")]) as rig, connected(rig, answers=answers) as station:
        await station.boot()
        await station.prepared()
        await station.next_asked("GetConfiguration")
        assert station.count("SendLocalList") == 0


async def test_a_card_of_one_charger_opens_no_other() -> None:
    lists = Lists(V201)
    chargers = [charger("left", id_tags=("A1", "BOTH")), charger("right", evse_id=2, id_tags=("A2", "BOTH"))]
    async with central(chargers) as rig, connected(rig, version=V201, answers=lists.answers) as station:
        await station.boot()
        await in_step(station, lists, "A1", "A2", "BOTH")
        assert {tag: info.get("evseId") for tag, info in lists.entries.items()} == {"A1": [1], "A2": [2], "BOTH": None}


async def test_the_open_charger_of_a_station_needs_no_list_for_the_other_to_have_one() -> None:
    lists = Lists(V201)
    chargers = [charger("left", id_tags=("A1",)), charger("right", evse_id=2)]
    async with central(chargers) as rig, connected(rig, version=V201, answers=lists.answers) as station:
        await station.boot()
        await in_step(station, lists, "A1")
        assert "evseId" not in lists.entries["A1"]
        assert "groupIdToken" not in await authorize(station, "A1"), "anybody may charge at the other one"


@ALL
async def test_a_person_may_empty_the_cache(version: str) -> None:
    lists = Lists(version)
    async with central([charger()]) as rig, connected(rig, version=version, answers=lists.answers) as station:
        await station.boot()
        block = rig.system.station("left").block(LocalList)
        await block.clear_cache()
        station.answers["ClearCache"] = {"status": "Rejected"}
        with pytest.raises(CommandError, match="Rejected"):
            await block.clear_cache()
        assert (lists.cleared, lists.updates) == (1, [])


@pytest.mark.parametrize(
    ("version", "key"), [(V16, "AllowOfflineTxForUnknownId"), (V201, "AuthCtrlr.OfflineTxForUnknownIdEnabled")]
)
@pytest.mark.parametrize(("tags", "expected"), [(None, "true"), (("CARD",), "false")])
async def test_who_is_unknown_charges_offline_only_where_all_may(
    version: str, key: str, tags: tuple[str, ...] | None, expected: str
) -> None:
    async with central([charger(id_tags=tags)]) as rig, connected(rig, version=version) as station:
        await station.boot()
        await station.prepared()
        if version == V16:
            wanted = {row["key"]: row["value"] for action, row in station.asked if action == "ChangeConfiguration"}
        else:
            rows = (await asked_of(station, "SetVariables"))["setVariableData"]
            wanted = {str(VariableKey.from_wire(row)): row["attributeValue"] for row in rows}
        assert wanted[key] == expected


async def asked_of(station: RawStation, action: str) -> dict[str, Any]:
    return next(payload for name, payload in station.asked if name == action)


@pytest.mark.parametrize(
    ("tag", "kind"),
    [
        ("04A1B2C3", "ISO14443"),
        ("04:A1:B2:C3:D4:E5:F6", "ISO14443"),
        ("E0040150AABBCCDD", "ISO15693"),
        ("AA:BB:CC:DD:EE:FF", "MacAddress"),
        ("DE-8AA-1A2B3C4D5-X", "eMAID"),
        ("MY CARD", "ISO14443"),
    ],
)
def test_the_kind_of_a_listed_tag_is_told_by_its_look(tag: str, kind: str) -> None:
    assert kind_of(tag) == kind


@given(st.text(max_size=20))
def test_a_tag_is_compared_however_it_is_written(tag: str) -> None:
    assert (
        canonical(tag)
        == canonical(canonical(tag))
        == canonical(tag.upper() if tag.upper().casefold() == tag.casefold() else tag)
    )


@given(st.lists(st.text(max_size=60)), st.none() | st.integers(0, 9), st.none() | st.integers(0, 900))
def test_messages_keep_the_limits_of_the_station_and_leave_nothing_out(
    texts: list[str], items: int | None, size: int | None
) -> None:
    data = [{"row": text} for text in texts]
    sent = list(chunks(data, Limits(items, size)))
    assert [row for chunk in sent for row in chunk] == data
    assert all(0 < len(chunk) <= max(items or 0, 1) for chunk in sent) or items is None
