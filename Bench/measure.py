"""Measures, and writes the table. Called by Bench/run.sh."""

import json
import os
import pathlib
import platform
import shlex
import statistics
import subprocess
import sys
import tempfile

supervise, out, rounds, results = (
    sys.argv[1], pathlib.Path(sys.argv[2]).resolve(), int(sys.argv[3]), sys.argv[4])


def whole(command, runs):
    """Milliseconds of whole runs of a command, measured by hyperfine."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        subprocess.run(
            ["hyperfine", "--style=none", "--shell=none", "--warmup=1", f"--runs={runs}",
             f"--export-json={file.name}", shlex.join(command)],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return [1e3 * time for time in json.load(file)["results"][0]["times"]]


def reported(command, _):
    """What a program printed: nanoseconds a call."""
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return [float(run.stdout)]


def repeated(command, runs):
    """What that many runs of a program printed."""
    return [reported(command, 1)[0] for _ in range(runs)]


def later(command, runs):
    """What a program printed that ran several times one after the other, but for the first time."""
    again = " && ".join([shlex.join(command[-LOOP:])] * (runs + 1))
    run = subprocess.run(
        [*command[:-LOOP], "sh", "-c", again], check=True, stdout=subprocess.PIPE, text=True)
    return [float(line) for line in run.stdout.split()[1:]]


# Words of a command that end with `loop first 10`.
LOOP = 3


class Comparison:
    """Candidates that take turns; the first is what the others are compared with.

    A target is the most that a candidate may take of another one, or, of None, at all."""

    def __init__(self, title, unit, measure, runs, candidates, targets=None):
        self.title, self.unit, self.measure, self.runs = title, unit, measure, runs
        self.candidates, self.targets = candidates, targets or {}
        self.figures = {name: [] for name in candidates}

    def round(self):
        for name, command in self.candidates.items():
            self.figures[name].append(statistics.median(self.measure(command, self.runs)))

    def ratios(self, name, other):
        """The ratios of two candidates, one for each round."""
        return [mine / theirs for mine, theirs in zip(self.figures[name], self.figures[other])]

    def table(self):
        yield f"### {self.title}\n"
        names = list(self.candidates)
        heads = [f"median, {self.unit}", "best"]
        heads += [f"ratio to {name} (quartiles)" for name in names[:-1]]
        yield "| | " + " | ".join(heads) + " | target | |"
        yield "|---" * (len(heads) + 3) + "|"
        for index, name in enumerate(names):
            figures = self.figures[name]
            cells = [f"{statistics.median(figures):.4g}", f"{min(figures):.4g}"]
            for other in names[:-1]:
                if names.index(other) < index:
                    low, middle, high = statistics.quantiles(self.ratios(name, other), n=4)
                    cells.append(f"{middle:.3f} ({low:.3f} to {high:.3f})")
                else:
                    cells.append("")
            target, met = "", ""
            if name in self.targets and self.targets[name][0] is None:
                most = self.targets[name][1]
                target = f"at most {most:.4g}"
                met = "met" if statistics.median(figures) <= most else "**not met**"
            elif name in self.targets:
                other, most = self.targets[name]
                target = f"at most {most} of {other}"
                is_met = statistics.median(self.ratios(name, other)) <= most
                met = "met" if is_met else "**not met**"
            yield f"| {name} | " + " | ".join(cells) + f" | {target} | {met} |"
        yield ""


def program(name, *arguments):
    return [str(out / name), *arguments]


def pinned(*command):
    """Everything on one core: how long it takes until another one wakes up is not what is compared."""
    return ["taskset", "--cpu-list", str(max(os.sched_getaffinity(0))), *command]


loop = "i=0; while [ $i -lt 1000 ]; do /bin/true; i=$((i+1)); done"
comparisons = [
    Comparison(
        "Start and end: `true`", "ms", whole, 5, {
            "native": ["true"],
            "strace": ["strace", "-f", "--seccomp-bpf", "-e", "trace=connect", "true"],
            "supervise": [supervise, "--", "true"],
        }, {"supervise": ("strace", 1.25)}),
    Comparison(
        "1,000 times fork and exec of `/bin/true`, from a shell", "ms", whole, 1, {
            "native": ["sh", "-c", loop],
            "trace and go on": program("traced", "sh", "-c", loop),
            "strace": ["strace", "-f", "--seccomp-bpf", "-e", "trace=connect", "sh", "-c", loop],
            "supervise": [supervise, "--", "sh", "-c", loop],
        }, {"supervise": ("native", 1.15)}),
    Comparison(
        "The same from a C program", "ms", whole, 1, {
            "native": program("spawn", "1000", "/bin/true"),
            "supervise": [supervise, "--", *program("spawn", "1000", "/bin/true")],
        }),
    Comparison(
        "A call that is not judged: getppid", "ns a call", reported, 1, {
            "native": program("loop", "getppid", "400000"),
            "bare filter": program("filtered", "allow", *program("loop", "getppid", "400000")),
            "supervise": [supervise, "--", *program("loop", "getppid", "400000")],
        }, {"supervise": ("bare filter", 1.02)}),
    Comparison(
        "A refused call: socket, with `--quiet`", "ns a call", reported, 1, {
            "bare filter": program("filtered", "errno", *program("loop", "socket", "300000")),
            "supervise": [supervise, "--quiet", "--", *program("loop", "socket", "300000")],
        }, {"supervise": ("bare filter", 1.2)}),
    Comparison(
        "A judged and allowed call, its arguments sealed: connect to a path", "ns a call", reported, 1, {
            "native": pinned(*program("loop", "connect", "2000")),
            "trace and go on": pinned(*program("traced", *program("loop", "connect", "2000"))),
            "supervise": pinned(supervise, "--", *program("loop", "connect", "2000")),
        }, {"supervise": ("trace and go on", 2.6)}),
    Comparison(
        "The same, tracer and traced on any core", "ns a call", reported, 1, {
            "native": program("loop", "connect", "2000"),
            "trace and go on": program("traced", *program("loop", "connect", "2000")),
            "supervise": [supervise, "--", *program("loop", "connect", "2000")],
        }),
    Comparison(
        "What a program's first sealed call takes longer, for the page to be mapped", "ns", repeated, 9, {
            "native": pinned(*program("loop", "first", "10")),
            "trace and go on": pinned(*program("traced", *program("loop", "first", "10"))),
            "cheapest mapping": pinned(*program("mapped", *program("loop", "first", "10"))),
            "supervise": pinned(supervise, "--", *program("loop", "first", "10")),
        }, {"supervise": (None, 200000)}),
    Comparison(
        "The same in programs that are executed later in the same run", "ns", later, 9, {
            "cheapest mapping": pinned(*program("mapped", *program("loop", "first", "10"))),
            "supervise": pinned(supervise, "--", *program("loop", "first", "10")),
        }, {"supervise": (None, 200000)}),
    Comparison(
        "A refused and logged call from a stack of 20 frames, without and with `--backtrace`; the "
        "difference is to be less than 300,000", "ns a call", reported, 1, {
            "supervise": [supervise, "--log", "/dev/null", "--", *program("deep", "1000")],
            "supervise -k": [
                supervise, "-k", "--log", "/dev/null", "--", *program("deep", "1000")],
        }),
]


def first(path, prefix):
    for line in pathlib.Path(path).read_text().splitlines():
        if line.startswith(prefix):
            return line.split(":", 1)[1].strip()
    return "?"


load = os.getloadavg()[0]
for number in range(rounds):
    print(f"\rround {number + 1} of {rounds}", end="", file=sys.stderr, flush=True)
    for comparison in comparisons:
        comparison.round()
print(file=sys.stderr)

version = subprocess.run(["strace", "--version"], stdout=subprocess.PIPE, text=True).stdout
lines = [
    "# Measured",
    "",
    f"`Bench/run.sh`: {rounds} rounds, in each of which every candidate has its turn. A ratio is the "
    "median of the rounds'",
    "ratios, so that it compares what ran side by side. Calls that are not stopped are measured in "
    "processor time,",
    "everything else by the clock. Of the connects, a round's figure is the median of its calls.",
    "",
    f"Machine: {first('/proc/cpuinfo', 'model name')}, {len(os.sched_getaffinity(0))} cores, "
    f"Linux {platform.release()}; {version.splitlines()[0]}. Load average before: {load:.1f}; much more than 0 "
    "is other work,",
    "which what takes several processes, as a start does, suffers from most.",
    "",
]
for comparison in comparisons:
    lines += comparison.table()
text = "\n".join(lines).rstrip() + "\n"
pathlib.Path(results).write_text(text)
print(text, end="")
