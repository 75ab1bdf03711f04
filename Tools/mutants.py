"""Puts every mutant of Tools/mutants.txt into a copy of the sources, each chosen by the environment.

    mutants.py FOLDER      FOLDER holds the copy; prints a line for each: NUMBER FILE: OLD => NEW

A mutant whose text is not in its file, or there twice, is an error. Test targets without a folder are
left out of Package.swift.

An expression E with mutants 3 and 4 becomes `(isMutant(3) ? (A) : isMutant(4) ? (B) : (E))`, where
isMutant(3) is whether SUPERVISE_MUTANT is 3. So one build has them all.
"""

import pathlib
import sys

CHOICE = """import Glibc

/// The mutant that is at work; 0 is none.
let activeMutant: Int = unsafe getenv("SUPERVISE_MUTANT").flatMap { unsafe Int(String(cString: $0)) } ?? 0

func isMutant(_ number: Int) -> Bool { activeMutant == number }
"""


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


def without_missing_tests(text, copy):
    """The manifest without the test targets that have no folder."""
    start = text.find("        .testTarget(")
    while start != -1:
        end, depth = text.index("(", start) + 1, 1
        while depth:
            depth += (text[end] == "(") - (text[end] == ")")
            end += 1
        name = text[start:end].split('"')[1]
        if (copy / "Tests" / name).exists():
            start = end
        else:
            text = text[:start] + text[end:].lstrip(",\n")
        start = text.find("        .testTarget(", start)
    return text


def main():
    tools = pathlib.Path(__file__).parent
    copy = pathlib.Path(sys.argv[1])
    number = 0
    sources = {}
    for file, old, news in read(tools / "mutants.txt"):
        text = sources.get(file) or (copy / file).read_text()
        if text.count(old) != 1:
            sys.exit(f"{file}: found {text.count(old)} times, expected once: {old}")
        expression = ""
        for new in news:
            number += 1
            expression += f"isMutant({number}) ? ({new}) : "
            print(f"{number}\t{file.rsplit('/', 1)[-1]}: {old} => {new}")
        sources[file] = text.replace(old, f"({expression}({old}))")
    manifest = copy / "Package.swift"
    manifest.write_text(without_missing_tests(manifest.read_text(), copy))
    for file, text in sources.items():
        (copy / file).write_text(text)
        target = pathlib.Path(*pathlib.Path(file).parts[:2])
        (copy / target / "Mutant.swift").write_text(CHOICE)


main()
