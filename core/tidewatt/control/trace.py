"""Records of everything that was decided and from what, and the means to decide it once more.

A trace is a file of JSON lines. The first, and one after every change of the site or gap in the record, is a header
`{"version": 1, "site": ..., "memory": ...}` with the site as a site file has it, without passwords and tags; every
other line is a cycle `{"snapshot": ..., "decision": ...}` whose snapshot leaves out the site. Numbers keep every bit;
NaN and infinities are written as Python's json module does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
import json
import logging
from pathlib import Path
import queue
import threading
from types import TracebackType
from typing import Any, Final, Self

import msgspec

from tidewatt.site import ChargerState, MeterReading, Site, VehicleState, Wish
from tidewatt.site.schema import dump_site, load_site

from .decide import decide
from .memory import Memory
from .model import ControlSettings, Decision, Snapshot

_LOGGER = logging.getLogger(__name__)

_VERSION: Final = 1
_WAITING: Final = 4096
"""Records that may wait for a slow disk before some are left out."""

type _Record = tuple[Snapshot, Memory | None, Decision]


class TraceWriter:
    """Writes a trace to a file, in a thread of its own: recording never waits for the disk.

    Use as a context manager, or call `close`. A disk too slow for the cycles leaves a gap, after which the record
    starts anew; a disk that fails ends the record, which is logged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._queue: queue.Queue[_Record | None] = queue.Queue(_WAITING)
        self._site: Site | None = None
        self._thread = threading.Thread(target=self._write, name=f"trace {path.name}", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()

    def record(self, snapshot: Snapshot, memory: Memory, decision: Decision) -> None:
        """Record one cycle. `memory` is that before the cycle."""
        header = snapshot.site is not self._site
        self._site = snapshot.site
        try:
            self._queue.put_nowait((snapshot, memory if header else None, decision))
        except queue.Full:
            self._site = None

    def close(self) -> None:
        """Write what is waiting and close the file. Safe to call twice."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    def _write(self) -> None:
        try:
            with self._path.open("w", encoding="utf-8") as file:
                while (record := self._queue.get()) is not None:
                    file.writelines(_lines(*record))
                    if self._queue.empty():
                        file.flush()
        except OSError:
            _LOGGER.exception("The trace %s ends here", self._path)
            while self._queue.get() is not None:
                pass


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayResult:
    """How many cycles were decided once more, and how the last of them differed from the record, if it did."""

    cycles: int
    difference: str | None = None


def replay(path: Path) -> ReplayResult:
    """Decide every recorded cycle once more and stop at the first that differs.

    Raises:
        OSError: the file cannot be read.
        ValueError: the file is no trace, or of another version; the message names the line.
    """
    site: Site | None = None
    memory = Memory()
    cycles = 0
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            if not line.endswith("\n"):
                # A run that was killed may have left half a line.
                break
            try:
                document = json.loads(line)
                if "version" in document:
                    site, memory = _read_header(document)
                    continue
                snapshot, recorded = _read_cycle(document, site)
            except (KeyError, TypeError, ValueError) as error:
                raise ValueError(f"{path}, line {number}: {error!r}. Give a file that `TraceWriter` wrote.") from error
            decision, memory = decide(snapshot, memory)
            cycles += 1
            difference = _difference(recorded, decision)
            if difference is not None:
                return ReplayResult(cycles=cycles, difference=f"line {number}: {difference}")
    return ReplayResult(cycles=cycles)


@dataclass(frozen=True, slots=True, kw_only=True)
class _RecordedSnapshot:
    """A snapshot as a line holds it: the site stands in the header."""

    now_s: float
    meters: dict[str, MeterReading]
    chargers: dict[str, ChargerState]
    vehicles: dict[str, VehicleState]
    wishes: dict[str, Wish]
    settings: ControlSettings

    @classmethod
    def of(cls, snapshot: Snapshot) -> Self:
        """Leave out the site, and the tags of persons, on which no decision depends."""
        return cls(
            now_s=snapshot.now_s,
            meters=dict(snapshot.meters),
            chargers={charger_id: _without_tag(state) for charger_id, state in snapshot.chargers.items()},
            vehicles=dict(snapshot.vehicles),
            wishes=dict(snapshot.wishes),
            settings=snapshot.settings,
        )

    def on(self, site: Site) -> Snapshot:
        """Put the site back."""
        return Snapshot(
            now_s=self.now_s,
            site=site,
            meters=self.meters,
            chargers=self.chargers,
            vehicles=self.vehicles,
            wishes=self.wishes,
            settings=self.settings,
        )


def _lines(snapshot: Snapshot, memory: Memory | None, decision: Decision) -> Iterator[str]:
    if memory is not None:
        site = dump_site(_without_secrets(snapshot.site))
        yield _line({"version": _VERSION, "site": site, "memory": msgspec.to_builtins(memory)})
    recorded = msgspec.to_builtins(_RecordedSnapshot.of(snapshot))
    yield _line({"snapshot": recorded, "decision": msgspec.to_builtins(decision)})


def _line(document: dict[str, Any]) -> str:
    return json.dumps(document, separators=(",", ":")) + "\n"


def _without_secrets(site: Site) -> Site:
    chargers = tuple(
        replace(charger, endpoint=replace(charger.endpoint, password=None, id_tags=None)) for charger in site.chargers
    )
    return replace(site, chargers=chargers)


def _without_tag(state: ChargerState) -> ChargerState:
    if state.session is None or state.session.id_tag is None:
        return state
    return replace(state, session=replace(state.session, id_tag=None))


def _read_header(document: dict[str, Any]) -> tuple[Site, Memory]:
    if document["version"] != _VERSION:
        raise ValueError(f"version {document['version']} is not the version {_VERSION} that can be replayed")
    return load_site(document["site"]), msgspec.convert(document["memory"], Memory)


def _read_cycle(document: dict[str, Any], site: Site | None) -> tuple[Snapshot, Decision]:
    if site is None:
        raise ValueError("the header is missing")
    recorded = msgspec.convert(document["snapshot"], _RecordedSnapshot)
    return recorded.on(site), msgspec.convert(document["decision"], Decision)


def _difference(recorded: Decision, decision: Decision) -> str | None:
    """Return the first thing that differs, None when nothing does."""
    pairs = (
        *_pairs(recorded.setpoints, decision.setpoints),
        *_pairs(recorded.circuits, decision.circuits),
        *_pairs(recorded.faults, decision.faults),
    )
    return next((f"recorded {before}, decided {after}" for before, after in pairs if before != after), None)


def _pairs(recorded: Sequence[object], decided: Sequence[object]) -> Iterator[tuple[object, object]]:
    return zip_longest(recorded, decided)
