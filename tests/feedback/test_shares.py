"""Shares in words: the ends are kept for what is exactly so."""

import pytest

from feedback.shares import probability_text, share_text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0 %"),
        (0.0004, "under 1 %"),
        (0.0099, "under 1 %"),
        (0.01, "1 %"),
        (0.5, "50 %"),
        (0.99, "99 %"),
        (0.9901, "over 99 %"),
        (199 / 200, "over 99 %"),
        (0.99999, "over 99 %"),
        (1.0, "100 %"),
    ],
)
def test_only_all_and_none_read_100_and_0(share: float, text: str) -> None:
    assert share_text(share) == text


@pytest.mark.parametrize(
    ("probability", "text"), [(1.0, "over 99 %"), (0.0, "under 1 %"), (0.998, "over 99 %"), (0.83, "83 %")]
)
def test_a_model_is_never_certain(probability: float, text: str) -> None:
    assert probability_text(probability) == text
