#!/usr/bin/env python3
"""Circles of files: reads edges, prints each strongly connected component with what closes it.

A unit is NAME.c together with NAME.h. Standard input has two kinds of lines, separated by tabs:

    include FILE    FILE
    defines FILE    SYMBOL
    needs   FILE    SYMBOL
"""
import collections
import sys


def read(lines):
    """unit -> unit -> what the first takes from the second"""
    home, needs = {}, []
    edges = collections.defaultdict(lambda: collections.defaultdict(set))
    for line in lines:
        kind, name, what = line.rstrip("\n").split("\t")
        unit = name.rsplit(".", 1)[0]
        if kind == "defines":
            home[what] = unit
        elif kind == "needs":
            needs.append((unit, what))
        elif unit != what.rsplit(".", 1)[0]:
            edges[unit][what.rsplit(".", 1)[0]].add("its header")
    for unit, symbol in needs:
        if home.get(symbol, unit) != unit:
            edges[unit][home[symbol]].add(symbol)
    return edges


def reachable(edges, start):
    seen, todo = set(), [start]
    while todo:
        for unit in edges.get(todo.pop(), ()):
            if unit not in seen:
                seen.add(unit)
                todo.append(unit)
    return seen


def main():
    edges = read(sys.stdin)
    reach = {unit: reachable(edges, unit) for unit in list(edges)}
    told = set()
    for unit in sorted(reach):
        circle = sorted(other for other in reach[unit] if unit in reach.get(other, ()))
        if not circle or unit in told:
            continue
        told.update(circle)
        print(f"circle of {len(circle)} files: {' '.join(circle)}")
        for one in circle:
            for other in circle:
                if other in edges[one]:
                    names = sorted(edges[one][other] - {"its header"}) or ["its header only"]
                    print(f"  {one} needs {other}: {' '.join(names)}")


main()
