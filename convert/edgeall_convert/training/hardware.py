"""The hardware: all GPUs there are, in half precision, or the processor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf


@dataclass(frozen=True, slots=True)
class Hardware:
    """What a training runs on; networks are built and compiled within ``strategy.scope()``."""

    devices: tuple[str, ...]
    precision: str
    strategy: Any


def prepare_hardware() -> Hardware:
    """Find the GPUs and set the precision that they are fastest in.

    On processors half precision gained nothing in our measurements, so they
    keep float32.
    """
    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)
    precision = "mixed_float16" if gpus else "float32"
    keras.mixed_precision.set_global_policy(precision)
    names = tuple(device.name for device in gpus or tf.config.list_physical_devices("CPU"))
    return Hardware(names, precision, strategy_of(len(gpus)))


def strategy_of(gpus: int, devices: list[str] | None = None) -> Any:
    """Return what spreads each batch over several devices, or nothing special for one."""
    return tf.distribute.MirroredStrategy(devices) if gpus > 1 else tf.distribute.get_strategy()
