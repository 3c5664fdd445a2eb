"""The words in which emulated stations answer, whatever they are asked."""

from __future__ import annotations

from typing import Any

type Payload = dict[str, Any]

ACCEPTED: Payload = {"status": "Accepted"}
REJECTED: Payload = {"status": "Rejected"}
