"""`tidewatt simulate` as a process on the examples of the repository, and what it says of mistakes."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from tidewatt.cli import main

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "simulation"
NAMES = [
    "unmanaged",
    "first come",
    "round robin",
    "earliest deadline",
    "cheapest slots",
    "tidewatt fair",
    "tidewatt plan",
]


async def test_the_home_is_simulated_to_a_table_and_a_picture(tidewatt: Any, tmp_path: Path) -> None:
    process = await tidewatt("simulate", EXAMPLES / "home.yaml", "--picture", tmp_path / "home.svg")

    status, errors = await process.ended()

    assert status == 0
    title, header, *rows = process.lines
    assert title.startswith("Quay Street 3, 2023-10-16 00:00 to 2023-10-30 00:00 Europe/Amsterdam: 18 sessions")
    assert header.split("  ")[0] == "contender"
    assert [row.split("  ")[0] for row in rows] == NAMES
    said = errors.splitlines()
    assert [line.split(":")[0] for line in said] == NAMES
    assert all("14 days in" in line for line in said)
    picture = (tmp_path / "home.svg").read_text()
    assert "<svg" in picture


async def test_the_figures_as_json_are_the_same_every_time(tidewatt: Any) -> None:
    texts = []
    for _ in range(2):
        process = await tidewatt("simulate", EXAMPLES / "home.yaml", "--json")
        assert (await process.ended())[0] == 0
        texts.append("\n".join(process.lines))

    assert texts[0] == texts[1]
    document = json.loads(texts[0])
    assert (document["sessions"], document["chargers"], document["currency"]) == (18, 2, "EUR")
    by_name = {figures["contender"]: figures for figures in document["contenders"]}
    assert list(by_name) == NAMES
    assert by_name["unmanaged"]["overrun_s"] > 0
    assert {figures["overrun_s"] for name, figures in by_name.items() if name != "unmanaged"} == {0}
    assert by_name["tidewatt plan"]["cost"] < by_name["cheapest slots"]["cost"] < 0.9 * by_name["first come"]["cost"]


async def test_a_recorded_day_of_an_office(tidewatt: Any, tmp_path: Path) -> None:
    document = (EXAMPLES / "office.yaml").read_text().replace("2019-03-08", "2019-03-06")
    for name in ("office_site.yaml", "office_sessions.csv", "office_prices.csv"):
        document = document.replace(name, str(EXAMPLES / name))
    (tmp_path / "day.yaml").write_text(document)
    process = await tidewatt("simulate", tmp_path / "day.yaml", "--json", "--picture", tmp_path / "day.png")

    assert (await process.ended())[0] == 0
    figures = json.loads("\n".join(process.lines))
    by_name = {each["contender"]: each for each in figures["contenders"]}
    assert (figures["sessions"], figures["chargers"]) == (35, 54)
    assert by_name["tidewatt plan"]["departures_met"] == 35
    assert by_name["tidewatt plan"]["cost"] < 0.9 * by_name["first come"]["cost"]
    assert (tmp_path / "day.png").read_bytes().startswith(b"\x89PNG")


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "rich" else found(name))

    assert main(["simulate", str(EXAMPLES / "home.yaml")]) == 1

    assert capsys.readouterr().err == (
        'tidewatt: Simulations need rich. Install the extra "simulate": pip install "tidewatt[simulate]"\n'
    )


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["home.yaml", "--picture", "home.bmp"], 2, "'home.bmp' is not usable. Give a name that ends in .svg or .png."),
        (["home_site.yaml"], 2, "simulation: None is not usable. Add the section 'simulation'"),
        (["none.yaml"], 1, "none.yaml: No such file or directory"),
    ],
)
def test_mistakes_are_explained(
    arguments: list[str], status: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given, *options = arguments
    try:
        ended: object = main(["simulate", str(EXAMPLES / given), *options])
    except SystemExit as end:
        ended = end.code

    assert ended == status
    assert says in capsys.readouterr().err
