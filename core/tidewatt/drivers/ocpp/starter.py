"""Starting and stopping transactions on one EVSE, on a person's word or by itself where everybody may charge."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tidewatt.ocpp.errors import OcppError
from tidewatt.site import Charger, ChargerStatus, CommandError

from .dialect import ACCEPTED
from .link import Link
from .memory import EvseRecord, TransactionRecord
from .settings import OcppSettings
from .tags import Verdict, canonical
from .tasks import Tasks

OWN_TAG = "TIDEWATT"
"""The tag of transactions that nobody's RFID card began."""

OWN_GROUP = "TIDEWATT-GROUP"
"""The group of all tags that are listed (C09.FR.02)."""


class Starter:
    """Begins and ends the transactions of one EVSE from our side.

    `on_failure` hears why a plugged vehicle could not be started by itself, `on_change` that the record changed.
    """

    def __init__(
        self,
        charger: Charger,
        record: EvseRecord,
        running: Callable[[], TransactionRecord | None],
        *,
        link: Link,
        tasks: Tasks,
        settings: OcppSettings,
        on_change: Callable[[], None],
        on_failure: Callable[[str], None],
    ) -> None:
        self.charger = charger
        self._record = record
        self._running = running
        self._link = link
        self._tasks = tasks
        self._settings = settings
        self._on_change = on_change
        self._on_failure = on_failure
        self._is_starting = False

    async def start(self, id_tag: str | None) -> None:
        """Start a transaction for the plugged vehicle; CommandError when the station refuses."""
        self._record.held = False
        self._on_change()
        running = self._running()
        if running is None or not running.authorised:
            self._require("starting", await self._request_start(id_tag or OWN_TAG))

    async def stop(self) -> None:
        """Stop the running transaction, and start none until the vehicle is plugged in anew or `start` is called."""
        self._record.held = True
        self._on_change()
        running = self._running()
        if running is not None:
            self._require("stopping", await self._request_stop(running.transaction_id))

    async def refuse(self, transaction_id: str) -> None:
        """Stop a transaction that was begun with a tag that may not charge here."""
        answer = await self._request_stop(transaction_id)
        if answer != ACCEPTED:
            self._on_failure(f"A transaction with an unknown tag runs on: {answer}.")

    def consider(self) -> None:
        """Start the vehicle by itself if that is due."""
        if self._is_due() and not self._is_starting:
            self._is_starting = True
            self._tasks.spawn(self._start_by_itself())

    def authorise(self, id_tag: str | None) -> Verdict:
        """Judge whether a tag may charge here: a listed one, any where none are listed, or the one we asked for.

        Those of a list belong together: each may end what another began.
        """
        tags = self.charger.endpoint.id_tags
        if tags is None:
            return Verdict(is_accepted=True)
        allowed = {canonical(tag) for tag in (*tags, self._record.remote_tag or "") if tag}
        if id_tag is None or canonical(id_tag) not in allowed:
            return Verdict(is_accepted=False)
        return Verdict(is_accepted=True, group=OWN_GROUP)

    def _is_due(self) -> bool:
        record, running = self._record, self._running()
        return (
            self.charger.endpoint.id_tags is None
            and self._link.is_ready
            and record.plugged is True
            and record.status is ChargerStatus.PREPARING
            and not record.held
            and not record.started
            and (running is None or not running.authorised)
        )

    async def _start_by_itself(self) -> None:
        try:
            await asyncio.sleep(self._settings.start_delay_s)
            wait_s = self._settings.start_retry_s
            answer = ""
            for _ in range(self._settings.start_attempts):
                if not self._is_due():
                    return
                answer = await self._request_start(OWN_TAG)
                await asyncio.sleep(wait_s)
                wait_s *= 2
            if self._is_due():
                self._record.started = True
                self._on_change()
                self._on_failure(f"The plugged vehicle was not started: {answer}.")
        finally:
            self._is_starting = False

    async def _request_start(self, id_tag: str) -> str:
        """Ask for a transaction and return the answer in words, an unanswered request included."""
        try:
            commands = await self._link.commands()
            self._record.remote_tag = id_tag
            return await commands.request_start(self.charger.endpoint.evse_id, id_tag)
        except OcppError as error:
            return str(error)

    async def _request_stop(self, transaction_id: str) -> str:
        try:
            commands = await self._link.commands()
            return await commands.request_stop(transaction_id)
        except OcppError as error:
            return str(error)

    def _require(self, command: str, answer: str) -> None:
        if answer != ACCEPTED:
            raise CommandError(self.charger.charger_id, command, answer)
