"""The picture that ``forkedenc stacks --plot`` draws. Needs matplotlib, the extra ``plot``."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forkedenc._cli.stacks import Curve, Overflow

_NAME_LETTERS = 40


def at_hand() -> bool:
    """Whether there is matplotlib."""
    return find_spec("matplotlib") is not None


def draw(path: Path, curves: Sequence[Curve], sweep: Sequence[Overflow]) -> None:
    """Draw the files' stacks over the bytes read, and the staircase of a sweep over depth; what is empty is left out.

    Raises:
        OSError: the file can't be written.
        ValueError: matplotlib has no format for its suffix.
    """
    mpl: Any = import_module("matplotlib")
    # A name is text, whatever signs it has.
    with mpl.rc_context({"text.parse_math": False}):
        figure = import_module("matplotlib.figure").Figure(figsize=(9, 9), layout="constrained")
        panels = figure.subplots(bool(curves) + bool(sweep), squeeze=False)[:, 0]
        if curves:
            _draw_files(panels[0], curves)
        if sweep:
            _draw_sweep(panels[-1], sweep)
        for axes in panels:
            axes.set_yscale("log", base=2)
            axes.yaxis.set_major_formatter(_tick_size)
            axes.set_ylabel("stack")
            axes.grid(alpha=0.3)
            if axes.get_legend_handles_labels()[0]:
                axes.legend(fontsize="small")
        figure.savefig(path)


def _draw_files(axes: Any, curves: Sequence[Curve]) -> None:
    for curve in curves:
        # On a logarithmic axis nothing is no place; a file without a container uses no stack.
        seen = [point for point in curve.points if point[1]]
        if not seen:
            continue
        ends = [0, *(end for end, _, _ in seen)]
        name = curve.name if len(curve.name) <= _NAME_LETTERS else "..." + curve.name[-_NAME_LETTERS:]
        label = f"{name} ({_size(curve.step)} at a time)".lstrip("_")
        (line,) = axes.step(ends, [seen[0][1], *(size for _, size, _ in seen)], where="pre", label=label)
        used = [(end, bytes_used) for end, _, bytes_used in seen if bytes_used]
        axes.plot([end for end, _ in used], [bytes_used for _, bytes_used in used], ":", color=line.get_color())
    axes.set_title("capacity of the stack (line) and its peak in use so far (dots)")
    axes.set_xlabel("bytes read")


def _draw_sweep(axes: Any, sweep: Sequence[Overflow]) -> None:
    depths = [1, *(step.depth for step in sweep), 2 * sweep[-1].depth]
    sizes = [*(step.left for step in sweep), 2 * sweep[-1].left]
    axes.step(depths, [*sizes, sizes[-1]], where="post", label="capacity")
    axes.plot([step.depth for step in sweep], [step.used for step in sweep], "o", markersize=4, label="overflow")
    axes.set_xscale("log", base=2)
    axes.set_title("capacity of the stack for [[[...]]]")
    axes.set_xlabel("depth")
    axes.xaxis.set_major_formatter(_tick_depth)


def _tick_size(size: float, _: object) -> str:
    return _size(size)


def _tick_depth(depth: float, _: object) -> str:
    return f"{depth:,.0f}"


def _size(size: float) -> str:
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if size >= unit:
            return f"{size / unit:g} {name}"
    return f"{size:g} B"
