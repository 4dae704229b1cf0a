"""Rows of numbers as text, for the formats that are tables."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def rows_of(
    leading: Sequence[NDArray],
    values: NDArray[np.float64],
    leading_formats: Sequence[str],
    decimals: int,
    separator: str,
) -> list[str]:
    """Return a line of text a row: the leading columns in their formats, then the values; NaN is left empty.

    Parameters
    ----------
    leading : sequence of ndarray, shape (F,)
    values : ndarray of float, shape (F, N)
    leading_formats : sequence of str
        A `%` format for each leading column.
    decimals : int
        Places after the point of `values`.
    separator : str
    """
    layout = separator.join([*leading_formats, *[f"%.{decimals}f"] * values.shape[1]])
    table = np.column_stack([*leading, values]) if leading else values
    # Minus zero is no other place than zero.
    lines = [layout % tuple(row) for row in (table + 0.0).tolist()]
    return [line.replace("nan", "") for line in lines] if np.isnan(values).any() else lines
