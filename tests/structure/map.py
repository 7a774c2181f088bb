#!/usr/bin/env python3
"""Prints docs/map.md: every file of the product with the first sentence of its first comment.

    map.py [ROOT]

A header and its .c file are one line; the header's sentence counts. A file without a sentence is
named on standard error, and the exit status is 1.
"""
import os
import re
import subprocess
import sys

FOLDERS = ["fsm", "ledger", "transports", "cli"]
HEAD = """# The map

<!-- made by tests/structure/map.py: edit the first comment of a file, not this page -->

What each file is for, in the words that it begins with. A header and its .c file are one line. How the
rooms hang together is told by [design.md](design.md).
"""


def sentence(path):
    """The first sentence of the first comment; None if the file does not begin with one."""
    with open(path, encoding="utf-8") as file:
        text = file.read(4000)
    if path.endswith((".sh", ".sql")):
        mark = "#" if path.endswith(".sh") else "--"
        lines = []
        for line in text.splitlines():
            if line.startswith(("#!", "# shellcheck")):
                continue
            if not line.startswith(mark):
                break
            if not line[len(mark):].strip() and lines:
                break
            lines.append(line[len(mark):].strip())
        comment = " ".join(lines)
    else:
        found = re.match(r"\s*/\*(.*?)\*/", text, re.S)
        if not found:
            return None
        comment = re.sub(r"\n\s*\*", "\n", found.group(1)).strip().split("\n\n")[0]
    comment = " ".join(comment.split())
    if not comment:
        return None
    found = re.match(r"(.*?[.:!?])(\s|$)", comment)
    said = found.group(1) if found else comment
    return said if said[-1] in ".!?" else said.rstrip(":") + "."


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else "."
    listed = subprocess.run(["git", "-C", root, "ls-files", *FOLDERS], check=True,
                            capture_output=True, text=True).stdout.split("\n")
    units, silent = {}, []
    for path in listed:
        if path.endswith((".c", ".h", ".sh", ".sql")):
            units.setdefault(os.path.splitext(path)[0], []).append(path)
    print(HEAD)
    folder = None
    for unit, paths in sorted(units.items(), key=lambda u: (os.path.dirname(u[0]), u[0])):
        said = [s for s in (sentence(os.path.join(root, p)) for p in sorted(paths, reverse=True)) if s]
        if not said:
            silent.append(unit)
            continue
        if os.path.dirname(unit) != folder:
            print("%s## %s\n\n| file | |\n|---|---|" % ("" if folder is None else "\n",
                                                       os.path.dirname(unit)))
            folder = os.path.dirname(unit)
        name = os.path.basename(unit)
        if not paths[0].endswith((".c", ".h")):
            name = os.path.basename(paths[0])
        print("| `%s` | %s |" % (name, said[0].replace("|", "\\|")))
    for unit in silent:
        print("map.py: %s does not begin with a sentence" % unit, file=sys.stderr)
    return 1 if silent else 0


if __name__ == "__main__":
    sys.exit(main())
