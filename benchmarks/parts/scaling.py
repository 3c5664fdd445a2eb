"""Draws how time grows with size: log-log, rivals beside ours, targets marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, FuncFormatter

from benchmarks.parts.machine import machine, versions
from benchmarks.parts.report import FOLDER

INK = "#7b8088"
"""Half way between black and white, and no background: readable on light pages and on dark ones."""

OURS = "#2f81f7"
RIVALS = ("#d9822b", "#3a9d5d", "#a371c9", "#c94f4f", "#2a9d9d", "#b08a1e", "#c2569b", "#6f7f95")
MARKERS = "sD^vPXph"
LINES = ("-", ":", "--", "-.")


@dataclass(frozen=True, slots=True)
class Curve:
    """Seconds by size; sizes ascend. `ours` is drawn on top of the rivals."""

    label: str
    sizes: Sequence[int]
    seconds: Sequence[float]
    ours: bool = False


def draw(
    name: str,
    title: str,
    size_label: str,
    curves: Sequence[Curve],
    *,
    targets: Sequence[tuple[int, float]] = (),
    folder: Path = FOLDER,
) -> Path:
    """Write the picture `name`.svg and return its path. The same curves on the same machine give the same file.

    Args:
        name: of the file, without its ending.
        title: above the picture.
        size_label: what the sizes count.
        curves: ours and the rivals'.
        targets: (size, seconds) that ours must keep.
        folder: where to write.
    """
    with rc_context(
        {
            "svg.hashsalt": name,
            "svg.fonttype": "none",
            "font.sans-serif": ["Helvetica", "Arial", "DejaVu Sans"],
            "text.color": INK,
            "axes.labelcolor": INK,
            "axes.edgecolor": INK,
            "xtick.color": INK,
            "ytick.color": INK,
        }
    ):
        figure = Figure(figsize=(9.2, 5.4), layout="constrained")
        axes = figure.add_subplot()
        _plot(axes, curves, targets)
        axes.set_title(title, loc="left", fontsize=13, fontweight="bold")
        axes.set_xlabel(size_label)
        axes.set_ylabel("time for one run")
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False)
        figure.supxlabel(f"{machine()}\n{versions()}", x=0.01, ha="left", fontsize=7.5)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}.svg"
        figure.savefig(path, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return path


def _plot(axes: Axes, curves: Sequence[Curve], targets: Sequence[tuple[int, float]]) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    # The slowest on top, in the picture as in the legend.
    rivals = sorted((curve for curve in curves if not curve.ours), key=lambda curve: -max(curve.seconds, default=0.0))
    for index, curve in enumerate(rivals):
        colour, marker = RIVALS[index % len(RIVALS)], MARKERS[index % len(MARKERS)]
        axes.plot(
            curve.sizes, curve.seconds, label=curve.label, linewidth=1.4, markersize=5, color=colour, marker=marker
        )
    ours = [curve for curve in curves if curve.ours]
    for curve, line in zip(ours, cycle(LINES)):
        axes.plot(curve.sizes, curve.seconds, line, label=curve.label, linewidth=3, color=OURS, marker="o", zorder=5)
    if targets:
        sizes, seconds = zip(*targets, strict=True)
        axes.plot(sizes, seconds, "_", label="target", color=INK, markersize=18, markeredgewidth=2.5, zorder=4)
    axes.grid(visible=True, which="major", color=INK, alpha=0.3, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.minorticks_off()
    axes.xaxis.set_major_formatter(FuncFormatter(lambda size, _: f"{size:,.0f}"))
    axes.yaxis.set_major_formatter(EngFormatter(unit="s"))
