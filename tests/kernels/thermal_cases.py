"""Transformers, days and a judge that solves the differential equations of IEC 60076-7 by brute force."""

from dataclasses import asdict

from hypothesis import strategies as st
import numpy as np

from tidewatt.kernels.thermal import ThermalState, Transformer
from tidewatt.kernels.thermal.problem import Floats

DISTRIBUTION = Transformer.distribution_onan()
POWER_ONAN = Transformer.power_onan(loss_ratio=6.0, top_oil_rise_k=52.0, hot_spot_gradient_k=26.0)
POWER_ONAF = Transformer.power_onaf(loss_ratio=1000.0, top_oil_rise_k=38.3, hot_spot_gradient_k=20.3)
"""The 250 MVA transformer of the worked example in IEC 60076-7."""

CLASSES = {"distribution ONAN": DISTRIBUTION, "power ONAN": POWER_ONAN, "power ONAF": POWER_ONAF}

HOURS = np.arange(96) * 0.25
EVENING_LOAD = np.round(
    0.45 + 0.25 * np.exp(-(((HOURS - 8) / 2) ** 2)) + 0.85 * np.exp(-(((HOURS - 19.5) / 2.6) ** 2)), 4
)
"""A street whose cars come home: 1.3 times the rating at 19:30."""
AMBIENT_C = np.round(15 + 6 * np.sin((HOURS - 9) / 24 * 2 * np.pi), 3)


def integrated(
    transformer: Transformer, state: ThermalState, load_factor: Floats, ambient_c: Floats, *, step_s: float, pieces: int
) -> tuple[Floats, Floats]:
    """Return top oil and hot spot by the classic Runge-Kutta method, at the ends of `pieces` parts of every step."""
    c = asdict(transformer)
    x = np.array([state.top_oil_c, state.quick_k, state.slow_k])
    tau = np.array([c["k11"] * c["oil_time_s"], c["k22"] * c["winding_time_s"], c["oil_time_s"] / c["k22"]])
    h = step_s / pieces
    rows = []
    for load, ambient in zip(load_factor, ambient_c, strict=True):
        losses = (1 + c["loss_ratio"] * load**2) / (1 + c["loss_ratio"])
        gradient = c["hot_spot_gradient_k"] * load ** c["winding_exponent"]
        end = np.array(
            [
                ambient + c["top_oil_rise_k"] * losses ** c["oil_exponent"],
                c["k21"] * gradient,
                (c["k21"] - 1) * gradient,
            ]
        )
        for _ in range(pieces):
            k1 = (end - x) / tau
            k2 = (end - (x + h / 2 * k1)) / tau
            k3 = (end - (x + h / 2 * k2)) / tau
            k4 = (end - (x + h * k3)) / tau
            x = x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
            rows.append(x)
    values = np.array(rows)
    return values[:, 0], values[:, 0] + values[:, 1] - values[:, 2]


def sampled(
    transformer: Transformer, state: ThermalState, load: float, ambient_c: Floats, *, step_s: float
) -> tuple[float, float]:
    """Return the highest top oil and hot spot of a constant load, from closed forms at many instants."""
    c = asdict(transformer)
    losses = (1 + c["loss_ratio"] * load**2) / (1 + c["loss_ratio"])
    gradient = c["hot_spot_gradient_k"] * load ** c["winding_exponent"]
    quick_end, slow_end = c["k21"] * gradient, (c["k21"] - 1) * gradient
    oil, quick, slow = state.top_oil_c, state.quick_k, state.slow_k
    oil_peak, hot_peak = oil, oil + quick - slow
    times = np.linspace(0, step_s, 61)
    for ambient in ambient_c:
        oil_end = ambient + c["top_oil_rise_k"] * losses ** c["oil_exponent"]
        oils = oil_end + (oil - oil_end) * np.exp(-times / (c["k11"] * c["oil_time_s"]))
        quicks = quick_end + (quick - quick_end) * np.exp(-times / (c["k22"] * c["winding_time_s"]))
        slows = slow_end + (slow - slow_end) * np.exp(-times * c["k22"] / c["oil_time_s"])
        oil_peak, hot_peak = max(oil_peak, oils.max()), max(hot_peak, (oils + quicks - slows).max())
        oil, quick, slow = oils[-1], quicks[-1], slows[-1]
    return float(oil_peak), float(hot_peak)


@st.composite
def transformers(draw: st.DrawFn) -> Transformer:
    """Any transformer whose hot spot is monotone in its load."""
    k22 = draw(st.floats(0.5, 4))
    oil_time_s = draw(st.floats(3600, 30000))
    return Transformer(
        oil_exponent=draw(st.floats(0.5, 1.2)),
        winding_exponent=draw(st.floats(0.8, 2)),
        loss_ratio=draw(st.floats(0.1, 20)),
        k11=draw(st.floats(0.3, 1.5)),
        k21=draw(st.floats(1, 3)),
        k22=k22,
        oil_time_s=oil_time_s,
        winding_time_s=draw(st.floats(10, oil_time_s / k22**2)),
        top_oil_rise_k=draw(st.floats(20, 70)),
        hot_spot_gradient_k=draw(st.floats(0, 40)),
    )


def days(steps: int = 24) -> st.SearchStrategy[Floats]:
    """Loads, or with another range temperatures, of some steps."""
    return st.lists(st.floats(0, 2), min_size=steps, max_size=steps).map(np.array)


def ambients(steps: int = 24) -> st.SearchStrategy[Floats]:
    """Ambient temperatures of some steps."""
    return st.lists(st.floats(-25, 40), min_size=steps, max_size=steps).map(np.array)
