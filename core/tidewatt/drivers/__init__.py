"""One package per protocol. Each turns a wire into the states of `tidewatt.site`, and setpoints into commands."""
