"""Damages a finished experiment: every run after that must end in the same bytes, or say what to do.

python benchmarks/flip_bytes.py PROJECT [--flips 300]   PROJECT is copied, not touched
"""

import argparse
import contextlib
import io
import os
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from polysteer.cli.pipeline import run
from polysteer.errors import PolysteerError
from polysteer.store import query_database

DATABASE = "metrics.duckdb"

Damage = Callable[[Path, random.Random], None]


def flip(path: Path, rng: random.Random) -> None:
    """One bit of one byte."""
    content = bytearray(path.read_bytes())
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    replace(path, bytes(content))


def cut(path: Path, rng: random.Random) -> None:
    """The end is gone, or all of it."""
    content = path.read_bytes()
    replace(path, content[: rng.randrange(len(content))])


def remove(path: Path, _rng: random.Random) -> None:
    """The file is gone."""
    path.unlink()


def make_folder(path: Path, _rng: random.Random) -> None:
    """An empty folder has its name."""
    path.unlink()
    path.mkdir()


def replace(path: Path, content: bytes) -> None:
    """As a new file, so that nobody takes it for the one that was checked."""
    neighbour = path.with_name("neighbour")
    neighbour.write_bytes(content)
    os.replace(neighbour, path)


def photograph(artifacts: Path) -> dict[str, object]:
    """Every file's bytes; of the database its content, which DuckDB lays out as it likes."""
    files = {
        str(path.relative_to(artifacts)): path.read_bytes()
        for path in sorted(artifacts.rglob("*"))
        if path.is_file() and path.name != DATABASE
    }
    tables = ("metrics", "sources")
    answers = {
        name: query_database(artifacts / DATABASE, f"SELECT * FROM {name} ORDER BY ALL").rows
        for name in tables
    }
    return {**files, **answers}


def try_damage(
    artifacts: Path, name: str, damage: Damage, whole: dict[str, object], rng: random.Random
) -> str:
    """What came of it: healed, refused, or WRONG."""
    path = artifacts / name
    kept = path.read_bytes()
    damage(path, rng)
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            run()
    except PolysteerError as error:
        print(f"refused  {damage.__name__:<12} {name}: {error}", flush=True)
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        replace(path, kept)
        return "refused"
    outcome = "healed" if photograph(artifacts) == whole else "WRONG"
    print(f"{outcome:<8} {damage.__name__:<12} {name}", flush=True)
    return outcome


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path)
    parser.add_argument("--flips", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    rng = random.Random(given.seed)
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "project"
        shutil.copytree(given.project, project)
        os.chdir(project)
        run()
        artifacts = Path("artifacts")
        whole = photograph(artifacts)
        names = [str(path.relative_to(artifacts)) for path in sorted(artifacts.rglob("*")) if path.is_file()]
        jobs = [(name, damage) for damage in (cut, remove, make_folder) for name in names]
        jobs += [(rng.choice(names), flip) for _ in range(given.flips)]
        rng.shuffle(jobs)
        outcomes: Counter[str] = Counter()
        for name, damage in jobs:
            outcome = try_damage(artifacts, name, damage, whole, rng)
            outcomes[f"{damage.__name__}: {outcome}"] += 1
        for line, count in sorted(outcomes.items()):
            print(f"{count:5d}  {line}")
    sys.exit(any("WRONG" in line for line in outcomes))


if __name__ == "__main__":
    main()
