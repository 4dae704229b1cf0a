"""How a share is written: nothing reads "100 %" or "0 %" that is not exactly so."""

from django.utils.translation import gettext as _


def share_text(share: float) -> str:
    """Return a share of counted things, 0 to 1, in per cent; near an end it says "over" or "under"."""
    if 0 < share < 0.01:
        return _("under 1 %")
    if 0.99 < share < 1:
        return _("over 99 %")
    return _("{percent} %").format(percent=round(100 * share))


def probability_text(probability: float) -> str:
    """Return a model's probability in per cent. A model is never certain, also where a float rounds to 1."""
    return share_text(min(max(probability, 1e-9), 1 - 1e-9))
