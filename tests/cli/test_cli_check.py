"""`tidewatt check`, and how every command treats a site file that is not right."""

from pathlib import Path

import pytest

from tidewatt import __version__
from tidewatt.cli import main

SITE = """
site: {name: Harbour Street 7, main_fuse_a: 25, export_limit_a: 10}
circuits: [{id: garage, name: Garage, parent: main, limit_a: [20, 16, 16], total_limit_w: 11000}]
meters:
  - {id: grid, circuit: main, modbus: {host: 192.0.2.7, map: sunspec, unit: 2}}
  - {id: sub, circuit: garage, entity: {power: sensor.garage}}
chargers:
  - {id: left, name: Left bay, circuit: garage, phases: [L2, L3, L1], mode: fast, ocpp: {station: CP-1, password: hush}}
  - {id: right, circuit: main, phases: L3, maximum_a: 32, weight: 2, ocpp: {station: CP-2, evse: 2}}
vehicles: [{id: zoe, name: Zoe, charger: left}]
"""


@pytest.fixture
def site_path(tmp_path: Path) -> Path:
    path = tmp_path / "site.yaml"
    path.write_text(SITE)
    return path


def test_shows_the_tree(site_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(site_path)]) == 0

    assert capsys.readouterr().out.splitlines() == [
        "Harbour Street 7: 3 phases of 230 V",
        "main (Main fuse): 25 A, export 10 A",
        "  meter grid (grid): sunspec at 192.0.2.7:502 unit 2 every 1 s, lost after 10 s",
        "  charger right (right): CP-2 connector 2, L3, 6 to 32 A, safe 6 A, weight 2, off",
        "  garage (Garage): 20 / 16 / 16 A, at most 11000 W",
        "    meter sub (sub): sensor.garage, lost after 10 s",
        "    charger left (Left bay): CP-1 connector 1, L2, L3, L1, 6 to 16 A, safe 6 A, weight 1, fast, for Zoe",
        "stations connect to ws://127.0.0.1:9000",
    ]


def test_keeps_passwords_to_itself(site_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", str(site_path)])

    assert "hush" not in capsys.readouterr().out


@pytest.mark.parametrize("command", ["check", "run", "emulate site"])
def test_wrong_site_is_one_line_with_field_value_and_remedy(
    site_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    site_path.write_text(SITE.replace("maximum_a: 32", "maximum_a: 3"))

    assert main([*command.split(), str(site_path)]) == 2

    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        "tidewatt: chargers.right.maximum_a: 3.0 is not usable. Give a current of at least minimum_a (6 A).\n"
    )


@pytest.mark.parametrize("command", ["check", "run", "emulate site", "replay"])
def test_missing_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    assert main([*command.split(), str(tmp_path / "none.yaml")]) == 1

    assert capsys.readouterr().err == f"tidewatt: {tmp_path}/none.yaml: No such file or directory\n"


def test_file_that_is_no_text_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "site.yaml").write_bytes(b"site: {name: \xff}")

    assert main(["check", str(tmp_path / "site.yaml")]) == 2

    assert "Save it as UTF-8 text." in capsys.readouterr().err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--version"])

    assert end.value.code == 0
    assert capsys.readouterr().out == f"tidewatt {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "required: COMMAND"),
        (["fly"], "invalid choice: 'fly'"),
        (["run", "x.yaml", "--mode", "left"], "CHARGER=MODE with one of: off, fast, solar, min_solar"),
        (["run", "x.yaml", "--mode", "left=quick"], "CHARGER=MODE with one of: off, fast, solar, min_solar"),
        (["run", "x.yaml", "--status-every", "soon"], "seconds from 0.1"),
        (["run", "x.yaml", "--status-every", "0"], "seconds from 0.1"),
        (["inject", "rain"], "invalid choice: 'rain'"),
        (["inject", "vehicle-ignores-limit", "left", "maybe"], "invalid choice: 'maybe'"),
    ],
)
def test_wrong_arguments_are_explained(capsys: pytest.CaptureFixture[str], arguments: list[str], says: str) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)

    assert end.value.code == 2
    assert says in capsys.readouterr().err
