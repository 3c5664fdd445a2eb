"""Stations are moved to certificates from the command line, with real processes on both ends."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from tests.cli.conftest import Process, Tidewatt
from tests.ports import free_ports
from tidewatt.cli import main


@pytest.fixture
def secure_file(site_file: Path) -> Path:
    """The site of two bays, with a port for TLS."""
    document = yaml.safe_load(site_file.read_text())
    document["ocpp"]["tls"] = {"port": free_ports(1)[0], "names": ["127.0.0.1"]}
    document["emulation"]["stations"] = [
        {"station": "CP-1", "version": "1.6", "boot_s": 0.2},
        {"station": "CP-2", "version": "2.0.1", "boot_s": 0.2},
    ]
    # A station that charges would only go when the session has ended.
    document["emulation"]["vehicles"] = []
    site_file.write_text(yaml.safe_dump(document))
    return site_file


async def test_stations_go_to_certificates_of_their_own(
    tidewatt: Tidewatt, secure_file: Path, tmp_path: Path, ports: Sequence[int]
) -> None:
    state = tmp_path / "state"
    await tidewatt("emulate", "site", secure_file)
    actions = ["right=new-password", "right=profile-2", "right=profile-3", "left=profile-3", "left=new-certificate"]
    options = [part for action in actions for part in ("--secure", action)]
    run: Process = await tidewatt("run", secure_file, "--state", state, *options)
    await run.line(f"stations connect to ws://127.0.0.1:{ports[1]} or wss://127.0.0.1:")
    await run.line(f"root certificate {state / 'ocpp_root.pem'}")
    assert "BEGIN CERTIFICATE" in (state / "ocpp_root.pem").read_text()
    await run.line("right: new-password: uses a new password")
    await run.line("right: profile-2: connected with security profile 2")
    await run.line("right: profile-3: connected with security profile 3")
    await run.line("left: profile-3: connected with security profile 3")
    await run.line("left: new-certificate: took a certificate that is valid until")
    status, errors = await run.stop()
    assert status == 0
    assert "PRIVATE KEY" not in errors + "".join(run.lines)
    assert [path.stat().st_mode & 0o077 for path in state.glob("ocpp_*.json")] == [0, 0]


def test_an_action_that_does_not_exist_is_explained(secure_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["run", str(secure_file), "--secure", "left=everything"])
    assert "Give CHARGER=ACTION with one of: profile-1, profile-2" in capsys.readouterr().err
    assert main(["run", str(secure_file), "--secure", "middle=revoke"]) == 2
    assert "--secure: 'middle' is not usable. Use one of: left, right." in capsys.readouterr().err
