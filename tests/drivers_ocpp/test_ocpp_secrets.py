"""Secrets are in the documents that are for them, and nowhere else: not in logs, diagnostics, faults or exceptions."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from typing import Any

from aiohttp import ClientError
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from tests.drivers_ocpp.ocpp_pki import client_context, new_key, request
from tests.drivers_ocpp.ocpp_rig import V16, V201, DictStore, RawStation, Rig, central, charger, connected
from tidewatt.drivers.ocpp import Credentials, Variables
from tidewatt.site import CommandError, OcppListener, TlsListener

SECRET_DOCUMENTS = {"ocpp_authority", "ocpp_passwords"}
LISTENER = OcppListener(port=0, tls=TlsListener(port=0, names=("127.0.0.1",)))
TAKES = {"CertificateSigned": {"status": "Accepted"}}

ACTS = ["boot", "wrong password", "rotate", "refuse rotation", "quote rotation", "sign", "tls", "tls foreign", "noise"]


class Watch(logging.Handler):
    """Keeps every line that anybody logs, with tracebacks."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self.lines.append(self.format(record))


class Run:
    """One session with marked secrets, and all that could be seen of it."""

    def __init__(self, rig: Rig, version: str, password: str) -> None:
        self.rig = rig
        self.version = version
        self.secrets = {password}
        self.password = password
        self.seen: list[str] = []

    def answers(self, how: str) -> dict[str, Any]:
        """Return how the station answers, and note the passwords that it is told."""

        def take(payload: dict[str, Any]) -> dict[str, Any]:
            self._note_password(payload)
            status = "Accepted" if how == "rotate" else "Rejected"
            if self.version == V16:
                return {"status": status}
            if how == "quote rotation":
                return {"setVariableResult": [{"attributeStatusInfo": {"reasonCode": json.dumps(payload)}}]}
            rows = [{k: row[k] for k in ("component", "variable")} for row in payload["setVariableData"]]
            return {"setVariableResult": [row | {"attributeStatus": status} for row in rows]}

        return TAKES | {"ChangeConfiguration": take, "SetVariables": take}

    def _note_password(self, payload: dict[str, Any]) -> None:
        rows = payload.get("setVariableData", [payload])
        for row in rows:
            name = row.get("key") or row["variable"]["name"]
            if name in {"AuthorizationKey", "BasicAuthPassword"}:
                self.secrets.add(row.get("value") or row["attributeValue"])

    async def act(self, what: str) -> None:
        """Do something in which secrets are used, and keep what comes of it."""
        try:
            if what == "wrong password":
                self.secrets.add("guessed-by-somebody-else")
                await self._session("guessed-by-somebody-else", what)
            elif what.startswith("tls"):
                root = self.rig.system.security.root_of_server()
                await self._session(self.password, what, tls=client_context(root))
            else:
                await self._session(self.password, what)
        except (CommandError, ClientError, OSError, ExceptionGroup) as error:
            self.seen.append(f"{error!r} {error.__cause__!r} {error.__context__!r}")

    async def _session(self, password: str, what: str, **options: Any) -> None:
        async with connected(
            self.rig, version=self.version, password=password, answers=self.answers(what), **options
        ) as station:
            await station.boot()
            if "rotat" in what:
                try:
                    await self.rig.system.station("left").block(Credentials).rotate_password()
                finally:
                    self.password = self._newest_password()
            elif what == "sign":
                await self._sign(station)
            elif what == "noise":
                await station.socket.send_str(json.dumps([2, "1", "SignCertificate", {"csr": self.password}]))
                await station.call("Heartbeat", {})

    def _newest_password(self) -> str:
        return self.rig.system.security.vault.accepted("CP-1", next(iter(self.configured)))[0]

    async def _sign(self, station: RawStation) -> None:
        key = new_key()
        der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        self.secrets.add(base64.b64encode(der).decode()[40:100])
        await station.call("SignCertificate", {"csr": request(key, "CP-1")})
        await station.next_asked("CertificateSigned")

    configured: set[str] = set()  # noqa: RUF012 - filled by the test


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    version=st.sampled_from([V16, V201, "ocpp2.1"]),
    acts=st.lists(st.sampled_from(ACTS), min_size=1, max_size=5),
    mark=st.integers(10**15, 10**16 - 1),
)
async def test_no_secret_leaves_its_place(version: str, acts: list[str], mark: int) -> None:
    password, store, watch = f"marked-{mark}", DictStore(), Watch()
    root = logging.getLogger()
    level = root.level
    root.addHandler(watch)
    root.setLevel(logging.DEBUG)
    asyncio.get_running_loop().set_debug(True)
    try:
        async with central([charger(password=password)], store, listener=LISTENER) as rig:
            run = Run(rig, version, password)
            run.configured = {password}
            for act in acts:
                await run.act(act)
            run.seen += [json.dumps(rig.system.diagnostics(), default=str), repr(rig.faults), repr(rig.states)]
            run.seen += [json.dumps(rig.system.security_diagnostics(), default=str), repr(rig.system.security)]
            run.seen += [repr(vars(rig.system.security)), repr(vars(rig.system.station("left")))]
    finally:
        asyncio.get_running_loop().set_debug(False)
        root.removeHandler(watch)
        root.setLevel(level)
    run.secrets |= {line for line in private_key_lines(store) if len(line) > 40}
    kept = [text for name, text in store.documents.items() if name not in SECRET_DOCUMENTS]
    everything = "\n".join([*watch.lines, *run.seen, *kept])
    assert [secret for secret in run.secrets if secret in everything] == []


@pytest.mark.parametrize("version", [V16, V201])
async def test_a_password_that_a_station_tells_is_not_kept(version: str, caplog: pytest.LogCaptureFixture) -> None:
    """No station may tell its password, but some do."""
    password, store = "told-by-a-sloppy-station", DictStore()
    key = {"key": "AuthorizationKey", "readonly": False, "value": password}
    answers = {"GetConfiguration": {"configurationKey": [key]}, "GetBaseReport": {"status": "Accepted"}}
    with caplog.at_level(logging.DEBUG):
        async with central([charger()], store) as rig, connected(rig, version=version, answers=answers) as station:
            await station.boot()
            reporting = asyncio.create_task(report_password(station, password))
            model = await rig.system.station("left").block(Variables).refresh()
            reporting.cancel()
            assert [variable.value for variable in model.variables.values()] == [None]
            shown = json.dumps(rig.system.diagnostics(), default=str)
    assert password not in caplog.text + shown + "".join(store.documents.values())


async def report_password(station: RawStation, password: str) -> None:
    """Answer every request for a report with a password."""
    row = {
        "component": {"name": "SecurityCtrlr"},
        "variable": {"name": "BasicAuthPassword"},
        "variableAttribute": [{"value": password, "mutability": "ReadWrite"}],
    }
    while True:
        request_id = (await station.next_asked("GetBaseReport"))["requestId"]
        report = {"requestId": request_id, "generatedAt": "2026-11-20T10:00:00Z", "seqNo": 0, "reportData": [row]}
        await station.call("NotifyReport", report)


def private_key_lines(store: DictStore) -> list[str]:
    """Return the lines of the authority's private keys."""
    document = json.loads(store.documents["ocpp_authority"])
    keys = [root["key"] for root in document["roots"]] + [document["server"]["key"]]
    return [line for key in keys for line in key.splitlines() if "PRIVATE KEY" not in line]
