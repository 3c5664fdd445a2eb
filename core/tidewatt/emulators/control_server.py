"""The HTTP address at which an emulation is watched and commanded: GET /world, GET /history, POST /commands."""

from __future__ import annotations

from http import HTTPStatus
import json
import math

from aiohttp import web

from tidewatt.site import SiteError

from .commands import carry_out
from .emulation import Emulation
from .view import history_view, world_view


class ControlServer:
    """Serves one emulation. `bound_port` is the port taken when 0 was asked for."""

    def __init__(self, emulation: Emulation) -> None:
        settings = emulation.settings.control
        self.host = settings.host
        self.bound_port = settings.port
        self._emulation = emulation
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen; OSError when the port is taken."""
        app = web.Application()
        app.add_routes(
            [
                web.get("/world", self._world),
                web.get("/history", self._history),
                web.post("/commands", self._command),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, self.host, self.bound_port).start()
        self.bound_port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Close the port. Safe to call twice."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _world(self, _: web.Request) -> web.Response:
        return web.json_response(world_view(self._emulation))

    async def _history(self, request: web.Request) -> web.Response:
        text = request.query.get("since", "0")
        try:
            since_s = float(text)
        except ValueError:
            since_s = math.nan
        if not math.isfinite(since_s):
            return _refused(SiteError("since", text, "Give emulated seconds, as /world tells them in now_s."))
        return web.json_response(history_view(self._emulation, since_s))

    async def _command(self, request: web.Request) -> web.Response:
        try:
            document = await request.json()
        except json.JSONDecodeError:
            return _refused(SiteError("body", "...", 'Send JSON such as {"command": "house_load", "current_a": 5}.'))
        try:
            done = await carry_out(self._emulation, document)
        except SiteError as error:
            return _refused(error)
        return web.json_response({"done": done})


def _refused(error: SiteError) -> web.Response:
    error_view = {"field": error.field, "value": error.value, "remedy": error.remedy, "message": str(error)}
    body = json.dumps({"error": error_view}, default=str)
    return web.Response(text=body, status=HTTPStatus.BAD_REQUEST, content_type="application/json")
