"""How `tidewatt simulate` shows that it is at work, and what came out: for people at a terminal, and in plain lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import sys
from types import TracebackType
from typing import Final, Self

from tidewatt.simulation import Outcome, Scenario

_COLUMNS: Final = (
    "contender",
    "energy kWh",
    "missed kWh",
    "departures met",
    "cost {currency}",
    "{currency}/kWh",
    "peak kW",
    "switchings",
    "overrun s",
    "overrun A",
)


class Watcher:
    """Says on standard error how far a simulation is: a bar at a terminal, otherwise a line for each contender."""

    def __init__(self) -> None:
        self._bar = _Bar() if sys.stderr.isatty() else None

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def begin(self, contender: str) -> Callable[[float], None] | None:
        """Begin with a contender; return what is to be told of its progress."""
        return None if self._bar is None else self._bar.begin(contender)

    def end(self, contender: str, days: float, seconds: float) -> None:
        """Say that a contender is through."""
        rate = days / max(seconds, 1e-9)
        speed = f"{days:.0f} days in {seconds:.1f} s, {rate:,.{1 if rate < 10 else 0}f} days a second"
        if self._bar is None:
            print(f"{contender}: {speed}", file=sys.stderr, flush=True)
        else:
            self._bar.end(contender, speed)


class _Bar:
    """A progress bar for each contender, of rich."""

    def __init__(self) -> None:
        from rich.console import Console  # noqa: PLC0415 - rich comes with the extra
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415 - likewise

        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(), console=Console(stderr=True)
        )
        self.start, self.stop = self._progress.start, self._progress.stop

    def begin(self, contender: str) -> Callable[[float], None]:
        self._task = self._progress.add_task(contender, total=1.0)

        def tell(part: float) -> None:
            self._progress.update(self._task, completed=part)

        return tell

    def end(self, contender: str, speed: str) -> None:
        self._progress.update(self._task, completed=1.0, description=f"{contender}: {speed}")


def print_table(scenario: Scenario, outcomes: Sequence[Outcome]) -> None:
    """Print what was simulated and a line for each contender."""
    begin, end = scenario.local(scenario.start_s), scenario.local(scenario.end_s)
    wanted_kwh = sum(session.wanted_wh for session in scenario.sessions) / 1000
    title = (
        f"{scenario.site.name}, {begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} {scenario.time_zone.key}: "
        f"{len(scenario.sessions)} sessions at {len(scenario.site.chargers)} chargers want {wanted_kwh:.1f} kWh"
    )
    header = [column.format(currency=scenario.currency) for column in _COLUMNS]
    rows = [_cells(outcome) for outcome in outcomes]
    if sys.stdout.isatty():
        _print_rich(title, header, rows)
    else:
        _print_plain(title, header, rows)


def _cells(outcome: Outcome) -> list[str]:
    return [
        outcome.contender,
        f"{outcome.energy_kwh:.1f}",
        f"{outcome.missed_kwh:.1f}",
        f"{outcome.departures_met}/{outcome.departures}",
        f"{outcome.cost:.2f}",
        f"{outcome.cost_per_kwh:.4f}",
        f"{outcome.peak_kw:.1f}",
        f"{outcome.switchings}",
        f"{outcome.overrun_s}",
        f"{outcome.overrun_a:.1f}",
    ]


def _print_rich(title: str, header: list[str], rows: list[list[str]]) -> None:
    from rich import box  # noqa: PLC0415 - rich comes with the extra
    from rich.console import Console  # noqa: PLC0415 - likewise
    from rich.table import Table  # noqa: PLC0415 - likewise

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=0, pad_edge=False)
    for position, name in enumerate(header):
        table.add_column(name.replace(" ", "\n"), justify="right" if position else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def _print_plain(title: str, header: list[str], rows: list[list[str]]) -> None:
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    print(title)
    for row in [header, *rows]:
        first, *others = (
            cell.ljust(width) if not at else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        print("  ".join([first, *others]).rstrip())
