"""The published networks by name, with what their sources report.

Nothing here imports Keras until a network is built.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import keras

Weights: TypeAlias = "str | Path | None"
Builder: TypeAlias = "Callable[[int, int, Weights], keras.Model]"
"""Takes the classes, the side of the input, and weights to start from."""


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """A published network.

    Attributes
    ----------
    name, build
        How it is asked for, and made.
    size
        Side of its input, in px.
    source, reported
        Where it is from, and the accuracy that is reported there, in words.
    epochs
        As published; 0 where the source is silent.
    detector
        It finds cells, and does not classify whole inputs.
    """

    name: str
    build: Builder
    size: int
    source: str
    reported: str
    epochs: int = 0
    detector: bool = False


def _resnet50(classes: int, size: int, weights: Weights) -> keras.Model:
    from edgeall_convert.networks.resnet50 import resnet50

    return resnet50(classes, size=size, weights=weights)


def _qcresnet(classes: int, size: int, weights: Weights) -> keras.Model:
    from edgeall_convert.networks.qcresnet import qcresnet

    return qcresnet(size, classes)


def _cnn4(classes: int, size: int, weights: Weights) -> keras.Model:
    from edgeall_convert.networks.cnn4 import cnn4

    return cnn4(size, classes)


def _sequential(classes: int, size: int, weights: Weights) -> keras.Model:
    from edgeall_convert.networks.sequential import sequential

    return sequential(size, classes)


def _vggnet(classes: int, size: int, weights: Weights) -> keras.Model:
    from edgeall_convert.networks.vggnet import vggnet

    return vggnet(size, classes)


def _lenet(classes: int, size: int, weights: Weights) -> keras.Model:
    from edgeall_convert.networks.lenet import lenet

    return lenet(size, classes)


_SPECS = (
    NetworkSpec(
        "resnet50",
        _resnet50,
        224,
        "Marines, ResNet50 transfer on four classes of ALL smears",
        "97 to 99% on 651 test images",
        3,
    ),
    NetworkSpec("qcresnet", _qcresnet, 224, "Reddy et al., QCResNet on C-NMC", "98.9% on C-NMC"),
    NetworkSpec(
        "cnn4", _cnn4, 256, "Unnithan, four convolutions on C-NMC", "94, 85 and 61% on C-NMC"
    ),
    NetworkSpec("sequential", _sequential, 150, "Pakistan Heart Journal, 2023", "93%"),
    NetworkSpec(
        "vggnet",
        _vggnet,
        224,
        "K. Simonyan and A. Zisserman, ICLR 2015",
        "34.4% after 10 epochs",
        10,
    ),
    NetworkSpec(
        "lenet", _lenet, 150, "Y. LeCun et al., Proceedings of the IEEE, 1998", "95.75%", 40
    ),
)

NETWORKS = {spec.name: spec for spec in _SPECS}
