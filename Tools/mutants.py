"""Makes a copy of the package with every mutant of Tools/mutants.txt, each chosen by the environment.

    mutants.py --check   only looks whether each mutant's text is in its file
    mutants.py COPY      prints a line for each: NUMBER FILE: OLD => NEW; COPY/sum is of all that is copied

A mutant whose text is not in its file, or there twice, is an error. Only the tests of what is mutated are copied:
the others take long to build.

An expression E with mutants 3 and 4 becomes `(isMutant(3) ? (A) : isMutant(4) ? (B) : (E))`, where
isMutant(3) is whether SUPERVISE_MUTANT is 3. So one build has them all.
"""

import hashlib
import pathlib
import sys

from mirror import files_of, mirror

CHOICE = b"""import Glibc

/// The mutant that is at work; 0 is none.
let activeMutant: Int = unsafe getenv("SUPERVISE_MUTANT").flatMap { unsafe Int(String(cString: $0)) } ?? 0

func isMutant(_ number: Int) -> Bool { activeMutant == number }
"""

COPIED = [
    "Package.swift", "Sources", "Fixtures", "Tests/SuperviseTestSupport",
    "Tests/SupervisePolicyTests", "Tests/SuperviseFilterTests", "Tests/SuperviseTracerTests",
]


def read(path):
    """The mutants: [(file, old, [new])], in order."""
    mutants, file = [], None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        mark, _, text = line.partition(" ")
        if not line or mark == "#":
            continue
        if mark == "@":
            file = text
        elif mark == "-":
            mutants.append((file, text, []))
        elif mark == "+" and mutants:
            mutants[-1][2].append(text)
        else:
            sys.exit(f"{path}:{number}: expected @, - or +: {line}")
    return mutants


def main():
    tools = pathlib.Path(__file__).parent
    files = files_of(tools.parent, COPIED)
    number = 0
    checks = sys.argv[1] == "--check"
    for file, old, news in read(tools / "mutants.txt"):
        text = files[file].decode()
        if text.count(old) != 1:
            sys.exit(f"{file}: found {text.count(old)} times, expected once: {old}")
        expression = ""
        for new in news:
            number += 1
            expression += f"isMutant({number}) ? ({new}) : "
            if not checks:
                print(f"{number}\t{file.removeprefix('Sources/')}: {old} => {new}")
        files[file] = text.replace(old, f"({expression}({old}))").encode()
        files["/".join(file.split("/")[:2]) + "/Mutant.swift"] = CHOICE
    if checks:
        return
    sums = [f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items())]
    files["sum"] = "".join(sums).encode()
    mirror(tools.parent, pathlib.Path(sys.argv[1]), files)


main()
