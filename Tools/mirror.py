"""Makes a copy of parts of the package in which what is the same keeps its time, so that it is not compiled again.

    mirror.py COPY PATH...      from the folder above this file's; other files of COPY are removed, and the
                                test targets without a folder from its Package.swift
"""

import pathlib
import sys


def without_missing_tests(text, copy):
    """The manifest without the test targets that have no folder."""
    start = text.find("        .testTarget(")
    while start != -1:
        end, depth = text.index("(", start) + 1, 1
        while depth:
            depth += (text[end] == "(") - (text[end] == ")")
            end += 1
        name = text[start:end].split('"')[1]
        if any(path.startswith(f"Tests/{name}/") for path in copy):
            start = end
        else:
            text = text[:start] + text[end:].lstrip(",\n")
        start = text.find("        .testTarget(", start)
    return text


def mirror(root, copy, files):
    """Makes `copy` have these files, {path: bytes}, and no others but those of builds."""
    for path in [path for path in copy.rglob("*") if path.is_file()]:
        name = str(path.relative_to(copy))
        if name not in files and not name.startswith(".build") and name != "Package.resolved":
            path.unlink()
    for name, content in files.items():
        path = copy / name
        if not path.exists() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def files_of(root, names):
    """The files below these names of a folder: {path: bytes}."""
    files = {}
    for name in names:
        for path in [root / name, *(root / name).rglob("*")]:
            if path.is_file():
                files[str(path.relative_to(root))] = path.read_bytes()
    manifest = files["Package.swift"].decode()
    files["Package.swift"] = without_missing_tests(manifest, files).encode()
    return files


if __name__ == "__main__":
    root = pathlib.Path(__file__).parent.parent
    mirror(root, pathlib.Path(sys.argv[1]), files_of(root, sys.argv[2:]))
