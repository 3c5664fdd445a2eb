"""What Home Assistant shows, now or once it does; nothing here sleeps."""

import asyncio
from collections.abc import Callable

from homeassistant.core import Event, EventStateChangedData, HomeAssistant, State, callback
from homeassistant.helpers.event import async_track_state_change_event

from tests.patience import PATIENCE_S


def shown(hass: HomeAssistant, entity_id: str) -> State:
    """Return what an entity shows now; it must exist."""
    state = hass.states.get(entity_id)
    assert state is not None, f"there is no {entity_id}"
    return state


async def until(hass: HomeAssistant, entity_id: str, shows: Callable[[State], bool] | str) -> State:
    """Wait until an entity shows a value, or something that a condition accepts; returns that state."""
    accepts = shows if callable(shows) else lambda state: state.state == shows
    reached: asyncio.Future[State] = asyncio.get_running_loop().create_future()

    @callback
    def look(_event: Event[EventStateChangedData] | None = None) -> None:
        state = hass.states.get(entity_id)
        if state is not None and accepts(state) and not reached.done():
            reached.set_result(state)

    unsubscribe = async_track_state_change_event(hass, [entity_id], look)
    try:
        look()
        async with asyncio.timeout(PATIENCE_S):
            return await reached
    except TimeoutError:
        raise AssertionError(f"{entity_id} stayed {hass.states.get(entity_id)}") from None
    finally:
        unsubscribe()
