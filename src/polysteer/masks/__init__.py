"""Experts of a language and the values to hold them at: the mask and its file. Needs no torch."""

from polysteer.masks.chosen import ChosenSettings
from polysteer.masks.edits import Edit, NeuronEdit, SubspaceEdit
from polysteer.masks.mask import ExpertMask, Shape
from polysteer.masks.metadata import MaskMetadata
from polysteer.masks.neurons import NeuronTable
from polysteer.masks.subspace import LanguageSubspace
from polysteer.masks.subspace_metadata import SubspaceMetadata

__all__ = [
    "ChosenSettings",
    "Edit",
    "ExpertMask",
    "LanguageSubspace",
    "MaskMetadata",
    "NeuronEdit",
    "NeuronTable",
    "Shape",
    "SubspaceEdit",
    "SubspaceMetadata",
]
