"""Writes the tables of the simulated home and office that nobody recorded: sessions, prices, load and sun.

They are invented with fixed seeds: run it again and the same files come out. Two cars come home in the afternoon or
the evening and leave in the morning; prices follow the demand of a day and the sun. The office's prices are no
invention but the winter tariff SCE TOU-EV-4 of March 2019.
"""

from __future__ import annotations

from collections.abc import Iterable
import csv
from datetime import UTC, date, datetime, timedelta
import math
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

FOLDER = Path(__file__).resolve().parents[1] / "examples" / "simulation"
AMSTERDAM, LOS_ANGELES = ZoneInfo("Europe/Amsterdam"), ZoneInfo("America/Los_Angeles")
FORTNIGHT = datetime(2023, 10, 15, 22, tzinfo=UTC)


def write(name: str, header: list[str], rows: Iterable[Iterable[object]]) -> None:
    """Write one table."""
    with (FOLDER / name).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def seeded(seed: int) -> Random:
    """Return a source of chance that always says the same."""
    return Random(seed)  # noqa: S311 - invented days, no secrets


def clock(day: date, hour: float, zone: ZoneInfo) -> datetime:
    """Return a local time of a day, to five minutes."""
    minutes = 5 * round(12 * min(max(hour, 0.0), 23.9))
    return datetime(day.year, day.month, day.day, minutes // 60, minutes % 60, tzinfo=zone)


def home_sessions(random: Random) -> Iterable[tuple[str, str, str, float]]:
    """Yield a year of two cars: one commutes, the other is used now and then."""
    first = date(2023, 1, 1)
    free_from = {"drive": datetime.min.replace(tzinfo=UTC), "carport": datetime.min.replace(tzinfo=UTC)}
    for number in range(363):
        day = first + timedelta(days=number)
        weekend = day.weekday() >= 5
        for charger, chance, home, usual_kwh in (("drive", 0.85, 17.6, 12.0), ("carport", 0.6, 18.5, 6.0)):
            if random.random() > chance * (0.7 if weekend else 1.0):
                continue
            arrival = clock(day, random.gauss(home - (2.0 if weekend else 0.0), 1.2), AMSTERDAM)
            leaves = day + timedelta(days=1)
            departure = clock(leaves, random.gauss(9.5 if leaves.weekday() >= 5 else 7.5, 0.6), AMSTERDAM)
            trip = random.random() < 0.05
            energy_kwh = usual_kwh * random.uniform(0.5, 1.6) * (2.5 if trip else 1.0)
            if arrival < free_from[charger]:
                continue
            free_from[charger] = departure
            yield charger, arrival.isoformat(), departure.isoformat(), round(energy_kwh, 2)


def home_prices(random: Random) -> Iterable[tuple[str, float]]:
    """Yield hourly day-ahead prices of a fortnight."""
    weather = 0.0
    for number in range(14 * 24 + 1):
        at = FORTNIGHT + timedelta(hours=number)
        hour = at.astimezone(AMSTERDAM).hour
        weather = 0.97 * weather + random.gauss(0, 6)
        demand = 35 * math.exp(-(((hour - 8) / 2) ** 2)) + 60 * math.exp(-(((hour - 19) / 2.2) ** 2))
        sun = 45 * math.exp(-(((hour - 13) / 2.5) ** 2))
        yield at.isoformat(), round(85 + demand - sun + weather, 2)


def home_power(random: Random) -> Iterable[tuple[str, float, float]]:
    """Yield the quarter hours of a household and of 5 kW of PV in the same fortnight, in kW."""
    cloud = 0.5
    for number in range(14 * 96 + 4):
        at = FORTNIGHT + timedelta(minutes=15 * number)
        local = at.astimezone(AMSTERDAM)
        hour = local.hour + local.minute / 60
        cooking = 1.4 if 17.5 <= hour < 19 and random.random() < 0.6 else 0.0
        washing = 1.8 if 9 <= hour < 21 and random.random() < 0.06 else 0.0
        cloud = min(max(cloud + random.gauss(0, 0.08), 0.1), 1.0)
        sun = max(0.0, math.sin(math.pi * (hour - 7.8) / 10.6)) if 7.8 < hour < 18.4 else 0.0
        yield at.isoformat(), round(0.25 + cooking + washing + 0.2 * random.random(), 3), round(3.2 * sun * cloud, 3)


def office_prices() -> Iterable[tuple[str, float]]:
    """Yield the tariff of the office for March 2019, by hours."""
    at = datetime(2019, 3, 1, tzinfo=LOS_ANGELES).astimezone(UTC)
    for number in range(15 * 24):
        hour = at + timedelta(hours=number)
        local = hour.astimezone(LOS_ANGELES)
        if local.weekday() >= 5 or not 8 <= local.hour < 23:
            price = 0.06087
        else:
            price = 0.0869 if 12 <= local.hour < 18 else 0.07492
        yield hour.isoformat(), price


def main() -> None:
    """Write all tables."""
    write("home_sessions.csv", ["charger", "arrival", "departure", "energy_kwh"], home_sessions(seeded(2023)))
    write("home_prices.csv", ["utc", "eur_per_mwh"], home_prices(seeded(7)))
    write("home_power.csv", ["utc", "house_kw", "pv_kw"], home_power(seeded(11)))
    write("office_prices.csv", ["utc", "usd_per_kwh"], office_prices())


if __name__ == "__main__":
    main()
