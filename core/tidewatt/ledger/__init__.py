"""What must survive a crash: durable documents, and later sessions, energy and money."""

from .store import JsonFileStore

__all__ = ["JsonFileStore"]
