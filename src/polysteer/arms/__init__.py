"""Everything that is compared, in the order of tables: a new arm is its file and a line here."""

from polysteer.arms.arm import Arm
from polysteer.arms.baseline import Baseline
from polysteer.arms.centred import Centred
from polysteer.arms.checkpoints import Checkpoints
from polysteer.arms.contrastive import Contrastive
from polysteer.arms.erase import ERASE
from polysteer.arms.erased import Erased, ErasedAtRandom
from polysteer.arms.fewer_sentences import FewerSentences
from polysteer.arms.held_values import Permuted, RandomAtExpertValues
from polysteer.arms.masks import MASKS
from polysteer.arms.mean_difference import MeanDifference
from polysteer.arms.other_masks import OtherMasks
from polysteer.arms.procrustes import Procrustes
from polysteer.arms.random_neurons import RANDOM_NEURONS
from polysteer.arms.random_subspace import RANDOM_SUBSPACE
from polysteer.arms.standardised import Standardised
from polysteer.arms.surface import Surface
from polysteer.arms.treated_masks import MaskAndCentred, MaskAndErased

ARMS: tuple[Arm, ...] = (
    Baseline(),
    Checkpoints(),
    MASKS,
    RANDOM_NEURONS,
    RandomAtExpertValues(),
    Permuted(),
    OtherMasks(),
    FewerSentences(),
    MaskAndCentred(),
    MaskAndErased(),
    MeanDifference(),
    Centred(),
    Standardised(),
    Erased(),
    ErasedAtRandom(),
    ERASE,
    RANDOM_SUBSPACE,
    Procrustes(),
    Contrastive(),
    Surface(),
)
