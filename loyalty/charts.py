"""Charts drawn by the server as SVG: positions in percent, heights in pixels, so that text never scales (UI.md §8).

At most three series: c1 upwards, c2 and c3 downwards. Colours come from the style sheet's classes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from loyalty.figures import compact

LEFT = 9.5  # percent kept for the numbers of the axis, at least
TOP, BOTTOM = 12.0, 36.0  # pixels above the highest bar and for the labels below


@dataclass(frozen=True)
class Bar:
    """One step of time: a label, what went in, and what went out in up to two ways (all ≥ 0)."""

    label: str
    up: int
    down: tuple[int, ...] = ()

    @property
    def out(self) -> int:
        """The height of the part below zero."""
        return sum(self.down)


def step_for(highest: float, lines: int = 4) -> int:
    """A round distance between grid lines (1, 2 or 5 times a power of ten), so that about `lines` are drawn."""
    if highest <= 0:
        return 1
    rough = max(highest / lines, 1)
    power = 10 ** math.floor(math.log10(rough))
    return next(int(power * factor) for factor in (1, 2, 5, 10) if power * factor >= rough)


def _gutter(values: Iterable[int]) -> float:
    """Percent that the widest number of an axis needs where the chart is narrowest, 340 px."""
    widest = max((sum(2.0 if mark > "\u2e80" else 1.0 for mark in _axis(value)) for value in values), default=0)
    return max(LEFT, 1.9 * widest + 1)


def bars(data: Sequence[Bar], *, titled_by: str, height: int = 250) -> SafeString:
    """Bars over a zero line, in is up and out is down; `titled_by` is the id of the heading that names the chart."""
    highest = max((bar.up for bar in data), default=0)
    lowest = max((bar.out for bar in data), default=0)
    step = step_for(highest + lowest)
    high = max(step, math.ceil(highest / step) * step)
    low = math.ceil(lowest / step) * step
    scale = (height - TOP - BOTTOM) / (high + low)
    left = _gutter(range(-low, high + 1, step))
    zero = TOP + high * scale
    grid = format_html_join(
        "\n",
        '<line class="axis" x1="{}%" x2="100%" y1="{}" y2="{}"/><text x="{}%" y="{}" text-anchor="end">{}</text>',
        [
            (
                left,
                _px(zero - value * scale),
                _px(zero - value * scale),
                left - 1,
                _px(zero - value * scale + 4),
                _axis(value),
            )
            for value in range(-low, high + 1, step)
            if value
        ],
    )
    width = (100 - left) / max(len(data), 1)
    every = max(1, math.ceil(len(data) / 7))
    drawn = [
        _bar(
            bar,
            left + place * width,
            width,
            zero,
            scale,
            labelled=(len(data) - 1 - place) % every == 0,
            foot=height - 24,
        )
        for place, bar in enumerate(data)
    ]
    return format_html(
        '<svg class="plot" height="{}" role="img" aria-labelledby="{}">\n{}\n{}\n'
        '<line class="zero" x1="{}%" x2="100%" y1="{}" y2="{}"/>'
        '<text x="{}%" y="{}" text-anchor="end">0</text>\n</svg>',
        height,
        titled_by,
        grid,
        mark_safe("\n".join(drawn)),  # noqa: S308  (each part went through format_html)
        left,
        _px(zero),
        _px(zero),
        left - 1,
        _px(zero + 4),
    )


def _bar(bar: Bar, left: float, width: float, zero: float, scale: float, *, labelled: bool, foot: float) -> SafeString:
    x, wide = f"{left + width * 0.2:.2f}%", f"{width * 0.6:.2f}%"
    parts = [
        format_html(
            '<rect class="c1" x="{}" width="{}" y="{}" height="{}"/>',
            x,
            wide,
            _px(zero - bar.up * scale),
            _px(bar.up * scale),
        )
    ]
    y = zero + 1
    for number, value in enumerate(bar.down):
        if value:
            kind = f"c{number + 2}"
            parts.append(
                format_html(
                    '<rect class="{}" x="{}" width="{}" y="{}" height="{}"/>', kind, x, wide, _px(y), _px(value * scale)
                )
            )
            y += value * scale
    said = " ".join([f"+{_n(bar.up)}", *[f"\u2212{_n(value)}" for value in bar.down]])
    group = format_html("<g><title>{}: {}</title>{}</g>", bar.label, said, mark_safe("".join(parts)))  # noqa: S308
    if not labelled:
        return group
    return format_html(
        '{}<text x="{}%" y="{}" text-anchor="middle">{}</text>', group, f"{left + width / 2:.2f}", _px(foot), bar.label
    )


def spark(now: Sequence[float], before: Sequence[float] = (), *, height: int = 32) -> SafeString:
    """A line without axes, with the period before as a faint dotted one; for the eye only, the number stands beside."""
    everything = [*now, *before]
    if len(now) < 2:
        return SafeString("")
    low, high = min(everything), max(everything)
    span = (high - low) or 1.0

    def line(values: Sequence[float]) -> str:
        last = max(len(values) - 1, 1)
        return " ".join(
            f"{100 * place / last:.2f},{93.1 - 86.2 * (value - low) / span:.1f}" for place, value in enumerate(values)
        )

    was = format_html('<polyline class="line was" points="{}"/>', line(before)) if len(before) > 1 else ""
    end = (93.1 - 86.2 * (now[-1] - low) / span) * height / 100
    return format_html(
        '<svg class="spark" height="{h}" aria-hidden="true"><svg viewBox="0 0 100 100" width="100%" height="{h}" '
        'preserveAspectRatio="none" overflow="visible">{}<polyline class="line" points="{}"/></svg>'
        '<circle class="dot" cx="100%" cy="{}" r="2.5"/></svg>',
        was,
        line(now),
        _px(end),
        h=height,
    )


def area(values: Sequence[tuple[str, int]], *, titled_by: str, height: int = 190) -> SafeString:
    """A line over time with its own scale that starts at zero; labels at the first, the middle and the last point."""
    highest = max((value for _label, value in values), default=0)
    step = step_for(highest, 3)
    high = max(step, math.ceil(highest / step) * step)
    inner = height - TOP - BOTTOM
    left = _gutter(range(0, high + 1, step))
    grid = format_html_join(
        "\n",
        '<line class="{}" x1="{}%" x2="100%" y1="{}" y2="{}"/><text x="{}%" y="{}" text-anchor="end">{}</text>',
        [
            (
                "axis" if value else "zero",
                left,
                _px(TOP + inner * (1 - value / high)),
                _px(TOP + inner * (1 - value / high)),
                left - 1,
                _px(TOP + inner * (1 - value / high) + 4),
                _axis(value),
            )
            for value in range(0, high + 1, step)
        ],
    )
    last = max(len(values) - 1, 1)
    points = " ".join(
        f"{100 * at / last:.2f},{100 * (1 - value / high):.1f}" for at, (_label, value) in enumerate(values)
    )
    shown = sorted({0, len(values) // 2, len(values) - 1}) if values else []
    anchors = {0: "start", len(values) - 1: "end"}
    labels = format_html_join(
        "\n",
        '<text x="{}%" y="{}" text-anchor="{}">{}</text>',
        [
            (f"{left + (100 - left) * at / last:.2f}", _px(height - 14), anchors.get(at, "middle"), values[at][0])
            for at in shown
        ],
    )
    return format_html(
        '<svg class="plot" height="{}" role="img" aria-labelledby="{}">\n{}\n'
        '<svg x="{}%" y="{}" width="{}%" height="{}" '
        'viewBox="0 0 100 100" preserveAspectRatio="none" overflow="visible">'
        '<polyline class="line" points="{}"/></svg>\n{}\n</svg>',
        height,
        titled_by,
        grid,
        left,
        _px(TOP),
        100 - left,
        _px(inner),
        points,
        labels,
    )


@dataclass(frozen=True)
class Mark:
    """A step on a ruler: where it stands (0 to 1), its name, and whether it is the present one."""

    at: float
    name: str
    now: bool = False


def ruler(share: float, marks: Sequence[Mark], *, say: str) -> SafeString:
    """Progress as a measure: ticks 6 px apart, filled up to `share` (0 to 1); `say` is the sentence for the ear."""
    reached = f"{100 * min(max(share, 0.0), 1.0):.1f}%"
    drawn = []
    for mark in marks:
        x = f"{100 * mark.at:.1f}%"
        end = mark.at > 0.97
        anchor = "end" if end else "start" if mark.at < 0.03 else "middle"
        drawn.append(
            format_html(
                '<svg x="{}" width="1" height="20" overflow="visible"><path class="mark" d="{}"/></svg>'
                '<text class="{}" x="{}" y="36" text-anchor="{}">{}</text>',
                x,
                "M-2 0h2v20h-2z" if end else "M0 0h2v20H0z",
                "now" if mark.now else "",
                x,
                anchor,
                mark.name,
            )
        )
    return format_html(
        '<svg class="ruler" height="42" role="img" aria-label="{}"><rect class="off" width="100%" height="14"/>'
        '<rect class="p4" width="{x}" height="14"/><rect class="on" width="{x}" height="14"/>'
        '<svg x="{x}" width="1" height="20" overflow="visible"><path class="here" d="M-1.5 0h3v20h-3z"/></svg>{}</svg>',
        say,
        mark_safe("".join(drawn)),  # noqa: S308
        x=reached,
    )


def _px(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")


def _n(value: int) -> str:
    return number_format(value, force_grouping=True, use_l10n=True).replace("-", "\u2212")


def _axis(value: int) -> str:
    return compact(value, start=10_000)


def columns(data: Sequence[Bar], *, titled_by: str, height: int = 150) -> SafeString:
    """A few columns with their numbers above and their labels below: a distribution read without an axis."""
    highest = max((bar.up for bar in data), default=0) or 1
    inner = height - 2 * 20
    width = 100 / max(len(data), 1)
    drawn = []
    for place, bar in enumerate(data):
        tall = bar.up / highest * inner
        middle, y = f"{(place + 0.5) * width:.2f}%", height - 20 - tall
        drawn.append(
            format_html(
                '<g><title>{}: {}</title><rect class="c1" x="{}%" width="{}%" y="{}" height="{}"/>'
                '<text x="{}" y="{}" text-anchor="middle">{}</text>'
                '<text x="{}" y="{}" text-anchor="middle">{}</text></g>',
                bar.label,
                _n(bar.up),
                f"{(place + 0.08) * width:.2f}",
                f"{0.84 * width:.2f}",
                _px(y),
                _px(tall),
                middle,
                _px(y - 5),
                _axis(bar.up),
                middle,
                height - 4,
                bar.label,
            )
        )
    return format_html(
        '<svg class="plot" height="{}" role="img" aria-labelledby="{}">\n{}\n'
        '<line class="zero" x1="0" x2="100%" y1="{y}" y2="{y}"/>\n</svg>',
        height,
        titled_by,
        mark_safe("\n".join(drawn)),  # noqa: S308
        y=height - 20,
    )
