"""What emulated stations can do beside charging: lists, reservations, firmware, logs, displays, reports, monitors."""

from .factory import make_features
from .feature import Feature, Host

__all__ = ["Feature", "Host", "make_features"]
