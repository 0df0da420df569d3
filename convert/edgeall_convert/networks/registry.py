"""The published networks by name, with what their sources report.

Nothing here imports Keras until a network is built, so the names cost nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from edgeall.errors import UsageError

if TYPE_CHECKING:
    import keras

Weights: TypeAlias = "str | Path | None"
"""``"imagenet"``, a file, or None for a random start."""

Maker: TypeAlias = "Callable[[int, int, Weights], keras.Model]"
"""Takes the classes, the side of the input in px, and the weights to start from."""


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """A published network.

    Attributes
    ----------
    name
        How it is asked for.
    make
        Builds it; `build` is what callers use.
    size
        Published side of its input, in px; where the source is silent, ours.
    source, reported
        Where it is from, and the figure that is reported there, in words.
    batch, epochs
        As published; 0 where the source is silent.
    detector
        It finds cells, and does not classify whole inputs.
    pretrained
        It starts from weights that were trained elsewhere.
    """

    name: str
    make: Maker
    size: int
    source: str
    reported: str
    batch: int = 0
    epochs: int = 0
    detector: bool = False
    pretrained: bool = False

    def build(
        self, classes: int, size: int | None = None, weights: Weights = "imagenet"
    ) -> keras.Model:
        """Build it for ``(size, size, 3)`` pixels of 0 to 255; None is the published size.

        ``"imagenet"`` is a random start for all networks but the pretrained ones.

        Raises
        ------
        UsageError
            A file of weights was given for a network that starts at random.
        NetworkError
            The weights cannot be had, or do not fit.
        """
        if isinstance(weights, Path) and not self.pretrained:
            raise UsageError(
                f"--weights {weights}: {self.name} starts at random; only "
                f"{', '.join(spec.name for spec in _SPECS if spec.pretrained)} takes weights."
            )
        return self.make(classes, size or self.size, weights)


def _resnet50(classes: int, size: int, weights: Weights) -> keras.Model:
    from edgeall_convert.networks.resnet50 import resnet50

    return resnet50(classes, size=size, weights=weights)


def _qcresnet(classes: int, size: int, weights: Weights) -> keras.Model:
    from edgeall_convert.networks.qcresnet import qcresnet

    return qcresnet(size, classes)


def _qcresnet_small(classes: int, size: int, weights: Weights) -> keras.Model:
    from edgeall_convert.networks.qcresnet import SMALL_WIDTH, qcresnet

    return qcresnet(size, classes, width=SMALL_WIDTH)


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


def _yolov3(classes: int, size: int, weights: Weights) -> keras.Model:
    from edgeall_convert.networks.yolov3 import yolov3

    return yolov3(size, classes)


def _yolov3_tiny(classes: int, size: int, weights: Weights) -> keras.Model:
    from edgeall_convert.networks.yolov3_tiny import yolov3_tiny

    return yolov3_tiny(size, classes)


_SPECS = (
    NetworkSpec(
        name="resnet50",
        make=_resnet50,
        size=224,
        source="Marines, ResNet50 transfer on four classes of ALL smears",
        reported="97 to 99% on 651 test images",
        batch=32,
        epochs=3,
        pretrained=True,
    ),
    NetworkSpec(
        name="qcresnet",
        make=_qcresnet,
        size=224,
        source="Reddy et al., QCResNet on C-NMC",
        reported="98.9% on C-NMC, split 8:1:1",
    ),
    NetworkSpec(
        name="qcresnet-small",
        make=_qcresnet_small,
        size=96,
        source="Reddy et al., QCResNet, here at 24 maps in place of 64 and 96 pixels",
        reported="nothing at this size",
    ),
    NetworkSpec(
        name="cnn4",
        make=_cnn4,
        size=256,
        source="Unnithan, four convolutions on C-NMC",
        reported="94, 85 and 61% on C-NMC",
    ),
    NetworkSpec(
        name="sequential",
        make=_sequential,
        size=150,
        source="Pakistan Heart Journal, 2023",
        reported="93%",
    ),
    NetworkSpec(
        name="vggnet",
        make=_vggnet,
        size=224,
        source="K. Simonyan and A. Zisserman, ICLR 2015",
        reported="34.4% after 10 epochs",
        batch=128,
        epochs=10,
    ),
    NetworkSpec(
        name="lenet",
        make=_lenet,
        size=150,
        source="Y. LeCun et al., Proceedings of the IEEE, 1998",
        reported="95.75%",
        batch=32,
        epochs=40,
    ),
    NetworkSpec(
        name="yolov3",
        make=_yolov3,
        size=416,
        source="J. Redmon and A. Farhadi, arXiv:1804.02767, 2018, and the page of Darknet",
        reported="nothing for single cells",
        detector=True,
    ),
    NetworkSpec(
        name="yolov3-tiny",
        make=_yolov3_tiny,
        size=416,
        source="J. Redmon and A. Farhadi, arXiv:1804.02767, 2018, and the page of Darknet",
        reported="nothing for single cells",
        detector=True,
    ),
)

NETWORKS = {spec.name: spec for spec in _SPECS}
"""By name, the classifiers first."""
