"""A real Home Assistant with emulated hardware on real wires: for `script/demo` and the end-to-end tests.

Runs in the environment of Home Assistant's current release (.venv-ha), never inside Home Assistant itself.
"""
