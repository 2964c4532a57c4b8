"""Ten thousand damaged and absurd files against the readers of masks: ours, LAPE's lists, expertise tables.

Claims: each is read or refused with a MaskError, and none takes memory out of proportion.
"""

import argparse
import io
import json
import resource
import sys
import tempfile
import time
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from polysteer.errors import MaskError
from polysteer.masks import ExpertMask, MaskMetadata
from polysteer.sharing.lape import import_lape
from polysteer.sharing.selfcond import import_expertise

Random = np.random.Generator

ODD_TEXTS = (
    "",
    "nan",
    "inf",
    "-1",
    "1e999",
    "9" * 400,
    "\0",
    '"',
    "\n",
    "a,b",
    "h.0",
    "true",
    "\ud7ff",
    "[" * 99,
)
ODD_JSON = (None, True, -1, 0, 10**30, 1e308, "x", [], {}, [[]], {"mlp.out": 0}, ["mlp.out"] * 300, "\0")
MOST_GIBIBYTES = 1.0


def make_mask(path: Path) -> None:
    metadata = MaskMetadata(
        language="ja",
        sites=["mlp.out"],
        experts="own",
        intervention="set",
        n_blocks=2,
        width_by_site={"mlp.out": 9},
    )
    places = np.zeros(4, np.uint8), np.array([0, 0, 1, 1], np.int32), np.array([1, 3, 0, 8], np.int32)
    ExpertMask(metadata, *places, value=np.ones(4, np.float32)).save(path)


def damage_bytes(content: bytes, rng: Random) -> bytes:
    """Some bytes changed, and of every fourth file the end cut off."""
    damaged = bytearray(content)
    for place in rng.integers(0, len(damaged), rng.integers(1, 9)):
        damaged[place] = rng.integers(0, 256)
    return bytes(damaged if rng.integers(4) else damaged[: rng.integers(len(damaged))])


def damage_header(content: bytes, rng: Random) -> bytes:
    """A header that is JSON, with one value replaced by an odd one."""
    n_header = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + n_header])
    part = header[rng.choice(sorted(header))]
    odd = ODD_JSON[rng.integers(len(ODD_JSON))]
    part[rng.choice(sorted(part))] = odd if rng.integers(2) else json.dumps(odd)
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + content[8 + n_header :]


def damage_pickle(content: bytes, rng: Random) -> bytes:
    """Bytes of the pickle changed, in an archive whose checksums are right."""
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            kept = old.read(name)
            new.writestr(name, damage_bytes(kept, rng) if name.endswith("data.pkl") else kept)
    return changed.getvalue()


def make_lists(_content: bytes, rng: Random) -> bytes:
    """Lists of tensors that torch saves and no list of neurons should hold."""
    odd = (
        lambda: torch.tensor([1]).expand(10 ** int(rng.integers(1, 13))),
        lambda: torch.zeros(10 ** int(rng.integers(1, 13)), dtype=torch.int64, device="meta"),
        lambda: torch.tensor([1, 2]).to_sparse(),
        lambda: torch.tensor([1j]),
        lambda: torch.tensor(int(rng.integers(-(2**62), 2**62))),
        lambda: torch.tensor([int(rng.integers(-(2**62), 2**62))]),
        lambda: torch.tensor([1], dtype=torch.uint8),
        lambda: torch.zeros(0),
        lambda: torch.zeros(2, 0, dtype=torch.int64),
        lambda: torch.nn.Parameter(torch.zeros(1)),
        lambda: {"a": [1]},
        lambda: [[torch.tensor([1])]],
        lambda: None,
    )
    lists = [[torch.tensor([3, 7]), torch.tensor([0])], [torch.tensor([5]), torch.tensor([2])]]
    lists[rng.integers(2)][rng.integers(2)] = odd[rng.integers(len(odd))]()
    file = io.BytesIO()
    torch.save(lists if rng.integers(9) else lists[0], file)
    return file.getvalue()


def damage_table(content: bytes, rng: Random) -> bytes:
    """A cell replaced by an odd one, or a row doubled."""
    rows = [line.split(",") for line in content.decode().splitlines()]
    row = rows[rng.integers(len(rows))]
    row[rng.integers(len(row))] = ODD_TEXTS[rng.integers(len(ODD_TEXTS))]
    if not rng.integers(4):
        rows.append(row)
    return "\n".join(map(",".join, rows)).encode()


def read_all(reader: Callable[[Path], object], path: Path, damage, rng: Random, n: int) -> Counter[str]:
    """How many were read and refused; anything else is raised again, with the file kept."""
    whole, outcomes, made = path.read_bytes(), Counter[str](), path.with_stem("damaged")
    for _ in range(n):
        made.write_bytes(damage(whole, rng))
        try:
            reader(made)
            outcomes["read"] += 1
        except MaskError:
            outcomes["refused"] += 1
        except Exception as error:  # noqa: BLE001 - finding these is what it is for
            outcomes[f"{type(error).__name__}: {str(error)[:80]}"] += 1
    return outcomes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=10_000)
    n_inputs = parser.parse_args().inputs
    warnings.simplefilter("ignore")  # torch's on strange pickles
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_mask(folder / "mask.safetensors")
        torch.save([[torch.tensor([3, 7]), torch.tensor([0])]] * 2, folder / "lists.pth")
        rows = "".join(f"0.{unit},0.5,transformer.h.0.mlp.c_fc:0,{unit},ja\n" for unit in range(20))
        (folder / "table.csv").write_text(f"ap,on_p50,layer,unit,concept\n{rows}")
        mask, lists, table = (folder / name for name in ("mask.safetensors", "lists.pth", "table.csv"))
        jobs = (
            ("a mask, its bytes", ExpertMask.load, mask, damage_bytes),
            ("a mask, its header", ExpertMask.load, mask, damage_header),
            ("LAPE, its bytes", lambda path: import_lape(path, ["en", "zh"]), lists, damage_bytes),
            ("LAPE, its pickle", lambda path: import_lape(path, ["en", "zh"]), lists, damage_pickle),
            ("LAPE, odd tensors", lambda path: import_lape(path, ["en", "zh"]), lists, make_lists),
            ("expertise, its bytes", lambda path: import_expertise(path, "ja"), table, damage_bytes),
            ("expertise, its cells", lambda path: import_expertise(path, "ja"), table, damage_table),
        )
        failed = False
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for title, reader, path, damage in jobs:
            start = time.perf_counter()
            outcomes = read_all(reader, path, damage, rng, -(-n_inputs // len(jobs)))
            failed |= bool(set(outcomes) - {"read", "refused"})
            print(f"{title:<22} {dict(outcomes)}, {time.perf_counter() - start:.1f} s")
        added = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 2**20
        print(f"memory added at the peak: {added:.2f} GiB, at most {MOST_GIBIBYTES} are allowed")
    sys.exit(failed or added > MOST_GIBIBYTES)


if __name__ == "__main__":
    main()
