"""The call: what the network said about one cell or one field."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Call:
    """One classification.

    Attributes
    ----------
    label
        The most probable label of the bundle, also where it is not trusted.
    confidence
        Its calibrated probability, 0 to 1.
    identified
        False where the confidence lies under the bundle's threshold: such a
        cell counts as *unidentified*, never as its label.
    is_blast
        Identified, and the label is one of the bundle's blasts.
    probabilities
        Calibrated, one a label, in the bundle's order.
    """

    label: str
    confidence: float
    identified: bool
    is_blast: bool
    probabilities: tuple[float, ...]
