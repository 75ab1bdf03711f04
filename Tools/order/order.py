"""Finds out which functions a judged call, an injection and a start need, and writes their names in that order.

    order.py SUPERVISE LOOP FILE     writes FILE

SUPERVISE is the release program, LOOP Bench/floors/loop.c. The linker puts the functions side by side, those that
are executed most often first (`make build`): strewn over the program, each is on a page and in cache lines of its own,
which the programs that are supervised have taken from the cache by the next time. Names that the program no longer has are
ignored, and functions without a name in the list follow behind, so that a list of long ago costs time and nothing else.
"""

import bisect
import collections
import pathlib
import subprocess
import sys
import tempfile

supervise, loop, result = sys.argv[1:]

names = collections.defaultdict(list)
for line in subprocess.run(["nm", "-n", supervise], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines():
    words = line.split()
    if len(words) == 3 and words[1] in "tTwW":
        names[int(words[0], 16)].append(words[2])
places = sorted(names)
length = str(places[-1])


def function(address):
    return places[bisect.bisect_right(places, address) - 1]


def parts(output):
    """The functions between two waits, in the order of their first instruction, as `steps` tells them."""
    for part in output.read_text().split("\n\n"):
        yield dict.fromkeys(function(int(address, 16)) for address in part.split())


def tracer_of(process):
    for line in pathlib.Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("TracerPid:"):
            return line.split()[1]


with tempfile.TemporaryDirectory() as folder:
    steps = f"{folder}/steps"
    source = pathlib.Path(__file__).with_name("steps.c")
    subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-o", steps, source], check=True)

    # Programs that make an allowed call with an address, for which the page is mapped first.
    script = f"read go; for program in 1 2 3 4; do {loop} first 6; done"
    command = subprocess.Popen([supervise, "--", "sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    while tracer_of(command.pid) in ("0", None):
        pass
    output = pathlib.Path(folder, "output")
    with output.open("w") as file:
        following = subprocess.Popen(
            [steps, length, tracer_of(command.pid)], stdout=file, stderr=subprocess.PIPE, text=True)
        following.stderr.readline()
        command.communicate(b"go\n")
        following.wait()
    served = list(parts(output))

    # The start, up to where the program cannot trace, since it is traced itself.
    with output.open("w") as file:
        subprocess.run([steps, length, supervise, "--", "true"], stdout=file, stderr=subprocess.DEVNULL, check=True)
    started = list(parts(output))

times = collections.Counter(place for part in served for place in part)
first = list(dict.fromkeys(place for part in reversed(served) for place in part))
order = dict.fromkeys(sorted(first, key=lambda place: -times[place]))
order.update(dict.fromkeys(place for part in started for place in part))
lines = [f".text.{name}\n" for place in order for name in names[place]]
pathlib.Path(result).write_text("".join(lines))
print(f"{len(order)} functions: {len(first)} for stops, the others for a start")
