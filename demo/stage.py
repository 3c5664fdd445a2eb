"""A site on a stage: emulated hardware and the Home Assistant that runs it, each a process of its own."""

from __future__ import annotations

import asyncio
from pathlib import Path
import shutil
import socket

import yaml

from tidewatt.site.schema import load_site

from .config_folder import write_config_folder
from .dashboard import site_dashboard
from .emulation import EmulationProcess
from .entries import stored_entry
from .home_assistant import HomeAssistantProcess


class Stage:
    """Everything that a site file with an `emulation` section describes, in `folder`.

    `configuration` is what Home Assistant's configuration.yaml has besides, such as automations.
    """

    def __init__(self, folder: Path, site_file: Path, port: int, *, configuration: str = "") -> None:
        self.folder = folder
        self.site_file = site_file
        self.port = port
        self.configuration = configuration
        self.emulation = EmulationProcess(site_file, folder / "emulation.output.log")
        self.home_assistant = HomeAssistantProcess(folder, port)

    async def prepare(self) -> bool:
        """Write Home Assistant's config folder; return False when an earlier stage left a whole one."""
        if (self.folder / "token").exists():
            return False
        await asyncio.to_thread(shutil.rmtree, self.folder, ignore_errors=True)
        site = load_site(await asyncio.to_thread(self.site_file.read_text))
        await write_config_folder(
            self.folder,
            name=site.name,
            port=self.port,
            entries=[stored_entry(site)],
            dashboard=site_dashboard(site),
            configuration=self.configuration,
        )
        return True

    def taken_ports(self) -> list[int]:
        """Return those of the ports the stage needs that somebody else listens on."""
        document = yaml.safe_load(self.site_file.read_text())
        meters = [meter["modbus"]["port"] for meter in document["meters"]]
        ports = [self.port, document["ocpp"]["port"], document["emulation"]["control"]["port"], *meters]
        return [port for port in ports if not _is_free(port)]

    async def ended(self) -> None:
        """Wait until one of the processes ends, and raise its ChildEndedError."""
        ends = [asyncio.create_task(process.ended()) for process in (self.emulation, self.home_assistant)]
        try:
            done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            await done.pop()
        finally:
            for end in ends:
                end.cancel()

    async def stop(self) -> None:
        """Stop every process that was started."""
        await self.home_assistant.stop()
        await self.emulation.stop()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
