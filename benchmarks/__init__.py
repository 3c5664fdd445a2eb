"""Benchmarks of Tidewatt: one module each, run by name with `script/bench NAME`.

A module has `TITLE` and `async def run() -> list[Row]`, and finishes within 40 s. Only ratios against a rival
measured in the same run count as results; absolute times say what this machine did today.
"""
