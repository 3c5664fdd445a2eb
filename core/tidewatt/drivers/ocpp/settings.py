"""What can be tuned about the central system. The defaults suit homes and small businesses."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class OcppSettings:
    """Times in seconds unless the name says otherwise."""

    voltage_v: float = 230.0
    """Nominal voltage between phase and neutral, for stations that only know limits in W."""
    call_timeout_s: float = 15.0
    """A station that has not answered by then did not take the command. Until then it can be told nothing else."""
    heartbeat_interval_s: float = 60.0
    ping_interval_s: float = 15.0
    """WebSocket pings; a peer from which nothing came between two of them is gone."""
    meter_interval_s: float = 5.0
    """How often stations are asked to measure."""
    boot_grace_s: float = 2.0
    """How long a station that has just connected may stay silent before it is taken for one that will not boot."""
    start_delay_s: float = 1.0
    """A plugged vehicle is left alone this long before it is started, so that a person's own tag goes first."""
    start_retry_s: float = 10.0
    """Wait before a refused remote start is tried again; doubled each time."""
    start_attempts: int = 5
    lost_transaction_s: float = 10.0
    """A connector that is free while a transaction is open has lost it, unless its end arrives by then."""
    increases_burst: int = 10
    """Increases of the limit that a station takes in a row; stations store profiles in flash memory that wears."""
    increases_per_minute: float = 20.0
    writes_per_day: int = 5000
    """Profiles that a station takes in a day before increases have to wait, however slowly they come."""
    connects_burst: int = 20
    connects_per_s: float = 0.5
    """Connections of one station; one that keeps on coming back faster has to wait."""
    limits_delay_s: float = 30.0
    """A sign that somebody else has changed a limit is looked into this much later, and not more often."""
    limits_watch_s: float = 3600.0
    """Without any sign, what the station does is compared with what it was told this often."""
    frames_burst: int = 400
    frames_per_s: float = 100.0
    """Frames taken from one station. Faster ones are slowed down, then cut off."""
    notice_interval_s: float = 60.0
    """Shortest time between two notices of the same discovered or refused station."""
    save_interval_s: float = 10.0
    """Longest time a change that the station could repeat (a register, a status) waits for the disk."""
    admission_s: float = 10.0
    """A connection that has not become a station's by then is cut."""
    arrivals_burst: float = 2500.0
    arrivals_per_s: float = 250.0
    """Connections from one address; one that begins with TLS counts as ten."""
    vehicle_soc_holds_s: float = 600.0
    """A vehicle's own word on its state of charge is unknown after this long. Stations' values expire sooner."""
    discharge_watch_s: float = 5.0
    """How often a discharging vehicle's floor, permission and agreement are looked at between its messages."""
    agreement_grace_s: float = 60.0
    """A station that was away for longer must negotiate anew before its vehicle discharges."""
    schedule_deadline_s: float = 60.0
    """Within this time a vehicle's needs are answered with a schedule (K15.FR.08, K18.FR.08, K19.FR.08)."""
