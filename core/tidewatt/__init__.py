"""Tidewatt: electric vehicles that ebb and flow with the grid.

The package runs with and without Home Assistant. `docs/architecture.md` is the map of the house.
"""

__version__ = "0.1.0"
