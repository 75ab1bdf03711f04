"""Candidates that take turns, and the tables of what was measured."""

import json
import shlex
import statistics
import subprocess
import tempfile


def whole(command, runs):
    """Milliseconds of whole runs of a command, measured by hyperfine."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        run = subprocess.run(
            ["hyperfine", "--style=none", "--shell=none", "--warmup=1", f"--runs={runs}",
             f"--export-json={file.name}", shlex.join(command)],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if run.returncode != 0:
            raise RuntimeError(f"{shlex.join(command)}: {run.stderr}")
        return [1e3 * time for time in json.load(file)["results"][0]["times"]]


def reported(command, runs):
    """What that many runs of a program printed: nanoseconds a call."""
    return [
        float(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
        for _ in range(runs)]


class Comparison:
    """Candidates that take turns; each is compared with those before it.

    A candidate is what `measure` is called with, and how often. A target is the most that a candidate may
    take of another one, or, of None, at all."""

    def __init__(self, title, unit, measure, runs, candidates, targets=None):
        self.title, self.unit, self.measure, self.runs = title, unit, measure, runs
        self.candidates, self.targets = candidates, targets or {}
        self.figures = {name: [] for name in candidates}

    def round(self):
        for name, candidate in self.candidates.items():
            self.figures[name].append(statistics.median(self.measure(candidate, self.runs)))

    def ratios(self, name, other):
        """The ratios of two candidates, one for each round."""
        return [mine / theirs for mine, theirs in zip(self.figures[name], self.figures[other])]

    def median(self, name):
        return statistics.median(self.figures[name])

    def verdict(self, name):
        """The target of a candidate, and whether it is met."""
        if name not in self.targets:
            return "", ""
        other, most = self.targets[name]
        if other is None:
            target, is_met = f"at most {most:.4g}", self.median(name) <= most
        else:
            target = f"at most {most:.4g} of {other}"
            is_met = statistics.median(self.ratios(name, other)) <= most
        return target, "met" if is_met else "**not met**"

    def table(self):
        yield f"### {self.title}\n"
        names = list(self.candidates)
        # Only what somebody may want to know the ratio to: what stands first, and what targets name.
        bases = [names[0]] + [
            name for name in names[1:-1]
            if name in {other for other, _ in self.targets.values()} or len(names) < 5]
        heads = [f"median, {self.unit}", "best"]
        heads += [f"ratio to {name} (quartiles)" for name in bases]
        yield "| | " + " | ".join(heads) + " | target | |"
        yield "|---" * (len(heads) + 3) + "|"
        for index, name in enumerate(names):
            cells = [f"{self.median(name):.4g}", f"{min(self.figures[name]):.4g}"]
            for base in bases:
                if names.index(base) < index:
                    cells.append(quartiles(self.ratios(name, base)))
                else:
                    cells.append("")
            yield f"| {name} | " + " | ".join([*cells, *self.verdict(name)]) + " |"
        yield ""


class Growth:
    """How the cost of a call grows with the number of idle processes in the tree.

    `command` makes a candidate's command for so many of them. The last candidate's growth is compared
    with the first's."""

    def __init__(self, title, numbers, candidates, targets):
        self.title, self.numbers, self.targets = title, numbers, targets
        self.candidates = candidates
        self.figures = {name: {number: [] for number in numbers} for name in candidates}

    def round(self):
        for number in self.numbers:
            for name, command in self.candidates.items():
                self.figures[name][number] += reported(command(number), 1)

    def growths(self, name, number):
        first = self.figures[name][self.numbers[0]]
        return [mine / one for mine, one in zip(self.figures[name][number], first)]

    def table(self):
        names = list(self.candidates)
        yield f"### {self.title}\n"
        yield ("| idle | " + " | ".join(f"{name}, ns" for name in names)
               + f" | growth of {names[-1]} to that of {names[0]} | target | |")
        yield "|---" * (len(names) + 4) + "|"
        for number in self.numbers:
            cells = [f"{statistics.median(self.figures[name][number]):.4g}" for name in names]
            ratios = [
                mine / theirs for mine, theirs in
                zip(self.growths(names[-1], number), self.growths(names[0], number))]
            target = met = ""
            if number in self.targets:
                target = f"at most {self.targets[number]}"
                is_met = statistics.median(ratios) <= self.targets[number]
                met = "met" if is_met else "**not met**"
            yield (f"| {number} | " + " | ".join(cells)
                   + f" | {quartiles(ratios)} | {target} | {met} |")
        yield ""


def quartiles(figures):
    """The median, with the quartiles where there are enough to have some."""
    if len(figures) < 2:
        return f"{figures[0]:.3f}"
    low, middle, high = statistics.quantiles(figures, n=4)
    return f"{middle:.3f} ({low:.3f} to {high:.3f})"
