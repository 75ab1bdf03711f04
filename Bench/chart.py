"""A chart of what was measured, for docs/performance.md."""

import statistics

from comparison import Comparison

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "supervise"
matplotlib.rcParams["svg.fonttype"] = "none"

import matplotlib.pyplot as plot  # noqa: E402 (the lines before it decide what it is)

# Each tool has its colour in every part; told apart by people who see no red or green, too.
COLORS = {
    "native": "#999999", "bare filter": "#999999", "trace and go on": "#56b4e9",
    "two stops": "#9ad0f0", "notify and go on": "#0072b2", "strace": "#e69f00", "bubblewrap": "#cc79a7",
    "firejail": "#d55e00", "proot": "#f0e442", "supervise": "#009e73",
    "supervise, by the socket": "#006d50",
}


def draw(comparisons, path):
    """Draws whole commands and events as ratios, and calls as times; what is not drawn stays in the table."""
    comparisons = [one for one in comparisons if isinstance(one, Comparison)]
    whole = [one for one in comparisons if one.unit in ("ms", "us a request")]
    events = [one for one in comparisons if one.unit == "ns"]
    calls = [one for one in comparisons if one.unit == "ns a call" and "pinned" in one.title]
    parts = [
        ("Whole commands: times as long as natively", whole, True),
        ("Events in the tree: times as long as natively", events, True),
        ("An allowed call, all on one core: microseconds", calls, False),
    ]
    parts = [part for part in parts if part[1]]
    heights = [sum(len(rows(one)) + 1 for one in part[1]) for part in parts]
    figure, axes = plot.subplots(
        len(parts), 1, figsize=(9, 0.19 * sum(heights) + 1.2 * len(parts)), squeeze=False,
        gridspec_kw={"height_ratios": heights})
    for axis, (title, chosen, is_ratio) in zip(axes[:, 0], parts):
        bars(axis, chosen, is_ratio)
        axis.set_title(title, loc="left", fontsize=10, fontweight="bold")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def rows(comparison):
    return [name for name in comparison.candidates if name in COLORS]


def bars(axis, comparisons, is_ratio):
    place, ticks = 0, []
    for comparison in comparisons:
        first = next(iter(comparison.candidates))
        names = [name for name in rows(comparison) if not is_ratio or name != first]
        for name in names:
            value = (
                statistics.median(comparison.ratios(name, first)) if is_ratio
                else comparison.median(name) / 1000)
            axis.barh(place, value, color=COLORS[name])
            axis.annotate(
                f" {name}  {value:.3g}", (value, place), va="center", fontsize=6.5)
            place += 1
        ticks.append((place - (len(names) + 1) / 2, short(comparison.title)))
        place += 1
    axis.set_yticks([where for where, _ in ticks], [text for _, text in ticks], fontsize=7)
    axis.tick_params(axis="y", length=0)
    axis.tick_params(axis="x", labelsize=7)
    axis.set_xscale("log")
    axis.xaxis.set_major_formatter("{x:g}")
    axis.xaxis.set_minor_formatter("")
    axis.invert_yaxis()
    axis.margins(x=0.25, y=0.02)
    if is_ratio:
        axis.axvline(1, color="#444444", linewidth=0.8)
        axis.set_xlim(left=0.7)
    for side in ("top", "right", "left"):
        axis.spines[side].set_visible(False)


def short(title):
    title = title.replace("`", "").removeprefix("A judged and allowed call, ")
    return title.split(", pinned")[0].split(": the server")[0].replace(", from a shell", "")
