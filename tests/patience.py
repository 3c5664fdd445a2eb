"""How long tests wait for what must come."""

PATIENCE_S = 60.0
"""Far more than anything takes, on a busy machine too: only what never comes is waited for so long."""
