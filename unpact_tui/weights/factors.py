"""The two factors of a low-rank addition, held whole: rank times the sides of its matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unpact_tui.errors import NotFiniteWeights
from unpact_tui.safetensors_header import short
from unpact_tui.weights.decoding import decode_doubles
from unpact_tui.weights.pairing import LowRank
from unpact_tui.weights.reading import opened_place
from unpact_tui.weights.sides import Place

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]


def factors(job: LowRank) -> tuple[Matrix, Matrix]:
    """Return L and R of the addition scaling L R, as it is added.

    Raises `NotFiniteWeights`, since a product with such a factor would say nothing.
    """
    left, right = _matrix(job.left), _matrix(job.right)
    return (right.T, left.T) if job.transposed else (left, right)


def _matrix(place: Place) -> Matrix:
    import numpy as np

    tensor = place.tensor
    with opened_place(place) as file:
        numbers = decode_doubles(file.read(0, tensor.elements), tensor.dtype)
    if not np.isfinite(numbers).all():
        raise NotFiniteWeights(place.path, short(tensor.name))
    return numbers.reshape(tensor.shape)
