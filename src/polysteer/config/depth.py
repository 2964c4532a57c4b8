"""Layers and blocks that an experiment names and its model does not have."""

from collections.abc import Iterator

from polysteer.config.erase import list_erased_layers
from polysteer.config.schema import Experiment
from polysteer.errors import ConfigError
from polysteer.fields import MisplacedError
from polysteer.terms import Layer


def find_absent_parts(experiment: Experiment, n_blocks: int) -> Iterator[MisplacedError]:
    """Each with the place of its setting, for a model with so many blocks."""
    yield from find_absent_layers(experiment, n_blocks)
    ranked = () if experiment.rank.blocks == "all" else experiment.rank.blocks
    blocks = {("rank", "blocks"): ranked, ("steer", "erase", "from_block"): experiment.steer.erase.from_block}
    absent = [
        MisplacedError(
            (*place, number), f"there is no block {block}; there are 0 to {n_blocks - 1}, and -1 is the last"
        )
        for place, named in blocks.items()
        for number, block in enumerate(named)
        if not -n_blocks <= block < n_blocks
    ]
    yield from absent
    if experiment.erasures() and not absent:
        try:
            list_erased_layers(experiment.erasures(), experiment.embed.layers, n_blocks=n_blocks)
        except ConfigError as error:
            yield MisplacedError(("embed", "layers"), str(error))


def find_absent_layers(experiment: Experiment, n_blocks: int) -> Iterator[MisplacedError]:
    """The embedding layers alone, which a checkpoint has to have as well."""
    embed = experiment.embed
    named: list[tuple[tuple[int | str, ...], Layer]] = [(("embed", "layer"), embed.layer)]
    if embed.layers != "all":
        named += [(("embed", "layers", number), layer) for number, layer in enumerate(embed.layers)]
    for place, layer in named:
        if layer != "final" and layer > n_blocks:
            yield MisplacedError(place, f"there is no layer {layer}; there are 0 to {n_blocks} and final")
