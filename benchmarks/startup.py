"""What commands take that read little: `python benchmarks/startup.py`.

Claim: `corpus inspect` and a run that has nothing left to do import neither torch nor transformers; of what
`models inspect` and `plan` take, most is the import of transformers' model classes. With `--beside PYTHON`,
the interpreter of another environment, both take turns, so that a busy machine disturbs them alike.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EXPERIMENTS = """\
schema: 1
experiments:
  builtin:
    model: builtin
    corpus: {source: builtin, languages: [en, de, ja], find: 40, dev: 12, test: 16}
    targets: [ja]
    collect: {}
    rank: {k: 0.01}
    steer: {intervention: [set, erase]}
    embed: {layers: all}
    evaluate: {families: [retrieval], controls: 3}
"""
STEER = "from polysteer.cli.main import main; main()"
COMMANDS = {
    "import of torch": "import torch",
    "import of transformers' models": "import transformers.modeling_utils",
    "steer --help": f"import sys; sys.argv[1:] = ['--help']\n{STEER}",
    "steer corpus inspect": f"import sys; sys.argv[1:] = ['corpus', 'inspect', 'builtin']\n{STEER}",
    "steer models inspect": f"import sys; sys.argv[1:] = ['models', 'inspect', 'builtin']\n{STEER}",
    "steer plan": f"import sys; sys.argv[1:] = ['plan', 'builtin']\n{STEER}",
    "steer embed, nothing to do": f"import sys; sys.argv[1:] = ['embed']\n{STEER}",
    "steer run, nothing to do": f"import sys; sys.argv[1:] = ['run']\n{STEER}",
}


def measure_seconds(python: str, code: str, folder: Path) -> float:
    started = time.perf_counter()
    subprocess.run([python, "-c", code], cwd=folder, capture_output=True, check=True)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--beside", metavar="PYTHON", help="the interpreter of another environment")
    arguments = parser.parse_args()
    pythons = [sys.executable, *([arguments.beside] if arguments.beside else [])]
    with tempfile.TemporaryDirectory() as name:
        folders = [Path(name) / str(number) for number in range(len(pythons))]
        for python, folder in zip(pythons, folders, strict=True):
            folder.mkdir()
            (folder / "experiments.yaml").write_text(EXPERIMENTS)
            measure_seconds(python, COMMANDS["steer run, nothing to do"], folder)  # this once there is
        for label, code in COMMANDS.items():
            rounds = [
                [measure_seconds(*pair) for pair in zip(pythons, [code] * len(pythons), folders, strict=True)]
                for _ in range(arguments.rounds)
            ]
            here, *beside = (statistics.median(column) for column in zip(*rounds, strict=True))
            told = f"   beside {beside[0]:6.2f} s   ratio {here / beside[0]:.2f}" if beside else ""
            print(f"{label:<32}{here:6.2f} s{told}", flush=True)


if __name__ == "__main__":
    main()
