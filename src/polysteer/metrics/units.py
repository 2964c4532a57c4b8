"""What numbers are counted in, and between which bounds they lie."""

from typing import NamedTuple


class Unit(NamedTuple):
    """What a number is counted in, and the bounds that it keeps to; None where there is none."""

    name: str
    lowest: float | None = None
    highest: float | None = None
    in_percent: bool = False


SHARE = Unit("share", 0.0, 1.0, in_percent=True)
POINTS = Unit("points", -1.0, 1.0, in_percent=True)
INDEX = Unit("index", 0.0, 1.0)
SILHOUETTE = Unit("index", -1.0, 1.0)
PROBABILITY = Unit("probability", 0.0, 1.0)
CORRELATION = Unit("correlation", -1.0, 1.0)
COSINE = Unit("cosine", -1.0, 1.0)
COSINE_DIFFERENCE = Unit("difference of cosines", -2.0, 2.0)
DISTANCE = Unit("distance", 0.0)
RATIO = Unit("ratio", 0.0)
BITS = Unit("bits", 0.0)
COUNT = Unit("count", 0.0)
OF_100 = Unit("of 100", 0.0, 100.0)
DIFFERENCE_OF_100 = Unit("difference of 100", -100.0, 100.0)
NUMBER = Unit("number")
