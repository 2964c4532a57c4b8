"""Experiments files that nobody meant to write: `python benchmarks/fuzz_config.py --inputs 10000`.

Each is a file of examples/ with one to four things broken in it, as text or as values. Every one has to be
read, or refused with a ConfigError that has a line for each mistake; whatever else is raised is a crash, and
is printed.
"""

import argparse
import datetime
import random
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from polysteer.config import load_experiments
from polysteer.errors import ConfigError

ROOT = Path(__file__).parents[1]
FILES = (ROOT / "experiments.yaml", *sorted((ROOT / "examples").glob("*.yaml")))

VALUES: tuple[Any, ...] = (
    *(None, True, False, "no", "5", "", "all", "final", "../..", "日本", "1e5"),
    *("x" * 3000, "\x1b[31m", "\x00", datetime.date(2024, 2, 29), b"\xff\x00", {"x", "y"}),
    *(0, -1, 5.0, 10**30, 10**400, -(10**30), 1e308, float("inf"), float("nan")),
    *([], {}, [[]], [None], [True, 1], ["a", "a"], {"a": 1}, {1: 2}, {None: []}, list(range(500))),
)
SNIPPETS = (
    *("no", ".inf", ".nan", "~", "1" * 5000, "0x_", "1:30", "2024-13-45"),
    *("&a [*a]", "&a {<<: *a}", "*a", "<<: 3", "? [a]\n", "\n---\n", "%YAML 9.9\n"),
    *("!!python/object:os.system x", "!!binary x", "!!int x", "!x y"),
    *("\0", "\x07", "\x7f", "\ufeff", "\u2028", "\t", '"\\ud800"', '"\\e[2J"'),
    *("[" * 3000, "{a: " * 3000, "- " * 500),
)
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


class Outcome(NamedTuple):
    """How one input ended: `told` is the refusal, or the crash."""

    number: int
    kind: str
    told: str
    seconds: float


def make_inputs(n: int, seed: int) -> Iterator[bytes]:
    """Broken files, the same for the same seed."""
    rng = random.Random(seed)
    texts = [file.read_text() for file in FILES]
    for _ in range(n):
        text = rng.choice(texts)
        if rng.random() < 0.5:
            data = yaml.safe_load(text)
            for _ in range(rng.randint(1, 3)):
                break_value(data, rng)
            text = yaml.safe_dump(data, allow_unicode=True, sort_keys=False)
        for _ in range(rng.choice((0, 0, 1, 2))):
            text = break_text(text, rng)
        yield text.encode(rng.choice(("utf-8",) * 12 + ("utf-8-sig", "utf-16", "utf-32")), "surrogatepass")


def break_value(node: Any, rng: random.Random) -> None:
    """Walk some way into the file; there a value is replaced or left out, or a key misspelt."""
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = rng.choice(keys)
        deeper = node[key]
        if not isinstance(deeper, dict | list) or not deeper or rng.random() < 0.15:
            break
        node = deeper
    action = rng.choice(("replace", "replace", "replace", "drop", "misspell"))
    if action == "misspell" and isinstance(node, dict):
        name = str(key)
        place = rng.randrange(len(name) + 1)
        node[name[:place] + rng.choice("aex_ \u00e9") + name[place:]] = node.pop(key)
    elif action == "drop" and len(node) > 1:
        del node[key]
    else:
        node[key] = rng.choice(VALUES)


def break_text(text: str, rng: random.Random) -> str:
    """One stretch of the text is lost, doubled, moved, or overwritten by what YAML minds."""
    if rng.random() < 0.05:
        return BOMB + text
    start = rng.randrange(len(text))
    stop = min(len(text), start + rng.choice((0, 1, 1, 5, 40, 400)))
    kept, cut = (text[:start], text[stop:]), text[start:stop]
    filler = rng.choice((*SNIPPETS, "", "", cut * 2, cut[::-1], rng.choice("[]{}:,#&*!|>'\"%@`\n -")))
    return filler.join(kept)


def read_inputs(inputs: Iterator[bytes], folder: Path) -> Iterator[Outcome]:
    """What comes of each file."""
    path = folder / "experiments.yaml"
    for number, content in enumerate(inputs):
        path.write_bytes(content)
        started = time.perf_counter()
        try:
            load_experiments(path)
            kind, told = "accepted", ""
        except ConfigError as error:
            kind, told = ("refused" if is_placed(str(error), path) else "without a line"), str(error)
        except Exception as error:  # noqa: BLE001 - it is what is looked for
            kind, told = "crashed", repr(error)
        yield Outcome(number, kind, told, time.perf_counter() - started)


def is_placed(message: str, path: Path) -> bool:
    """Whether every line of it starts with file and line, and is in our words."""
    pattern = rf"{re.escape(str(path))}:(\d+: \S.+| \d+ more mistakes)"
    return "nput should" not in message and all(re.fullmatch(pattern, line) for line in message.splitlines())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        outcomes = list(read_inputs(make_inputs(chosen.inputs, chosen.seed), Path(folder)))
    for kind in ("accepted", "refused", "without a line", "crashed"):
        print(f"{kind:<15} {sum(outcome.kind == kind for outcome in outcomes):>6}")
    slowest = max(outcomes, key=lambda outcome: outcome.seconds)
    print(f"slowest: number {slowest.number}, {slowest.seconds:.2f} s, {slowest.kind}")
    print(f"together: {sum(outcome.seconds for outcome in outcomes):.0f} s")
    bad = [outcome for outcome in outcomes if outcome.kind in ("crashed", "without a line")]
    for outcome in bad[:20]:
        print(f"number {outcome.number} {outcome.kind}: {outcome.told[:500]}")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
