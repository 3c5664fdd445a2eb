"""Builds the kernels with Cython where a C compiler is at hand. Everything else is in pyproject.toml."""

from setuptools import setup

setup()
