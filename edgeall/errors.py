"""Every error that a user can meet, drawn once.

::

    EdgeallError                 1  the command could not do what was asked
    ├── UsageError               2  a flag or setting is wrong or missing
    │   ├── MissingFactError     2  a fact that nothing supplies, and the flag that would
    │   └── MissingExtraError    2  an optional part is not installed
    ├── InputError               3  a file that cannot be used
    │   ├── ImageError           3  an image
    │   ├── NetworkError         3  a trained network given to the converter
    │   └── BundleError          3  a bundle or .tflite file
    │       ├── ManifestError    3  its manifest
    │       └── SelfTestError    3  its golden examples came out differently here
    ├── CameraError              4  a camera
    │   ├── CameraAbsentError    4  none found, or not the one that was named
    │   ├── CameraBusyError      4  another program holds it
    │   └── CameraLostError      4  it stopped delivering frames
    │       ├── CameraHangsError   4  it is there and delivers nothing
    │       └── CameraFrozenError  4  it repeats one picture
    ├── StoreError               5  the database or the image folder
    │   ├── DiskFullError        5  no room left
    │   └── NewerDatabaseError   5  written by a later edgeall
    └── GateError                6  quantization lost more than was allowed

The number is the exit code. A message is one sentence that names the thing
and what happened, and says what to do about it. Ctrl-C exits with 130.
"""

from typing import ClassVar


class EdgeallError(Exception):
    """The command could not do what was asked; the message says why and what to do."""

    exit_code: ClassVar[int] = 1


class UsageError(EdgeallError):
    """A flag, an argument or a setting is wrong, or two of them contradict each other."""

    exit_code = 2


class MissingFactError(UsageError):
    """A fact is needed that neither a file nor a flag gives; the message names the flag."""


class MissingExtraError(UsageError):
    """An optional part (TensorFlow, picamera2) is not installed; the message says how to."""


class InputError(EdgeallError):
    """A file or folder that was given cannot be used."""

    exit_code = 3


class ImageError(InputError):
    """An image is unreadable, or of a kind that must not be read as a smear."""


class NetworkError(InputError):
    """A file given to the converter is not a network that it can or may load."""


class BundleError(InputError):
    """A bundle is missing, damaged, foreign, or does not run on this runtime."""


class ManifestError(BundleError):
    """A bundle's manifest is absent, malformed, newer than this edgeall, or not its own."""


class SelfTestError(BundleError):
    """A bundle computes something else on this device than it did on the workstation."""


class CameraError(EdgeallError):
    """A camera could not be opened or read."""

    exit_code = 4


class CameraAbsentError(CameraError):
    """No camera was found, or not the one that was named."""


class CameraBusyError(CameraError):
    """Another program holds the camera."""


class CameraLostError(CameraError):
    """The camera stopped delivering frames; what was read before is kept."""


class CameraHangsError(CameraLostError):
    """The camera has delivered nothing for seconds, without saying that it failed."""


class CameraFrozenError(CameraLostError):
    """The camera delivers the same picture again and again, bit by bit."""


class StoreError(EdgeallError):
    """The database or the image folder could not be read or written."""

    exit_code = 5


class DiskFullError(StoreError):
    """There is no room left; nothing that was stored is lost."""


class NewerDatabaseError(StoreError):
    """The database was written by a later version of edgeall."""


class GateError(EdgeallError):
    """Quantization lost more accuracy or sensitivity than was allowed; nothing was written."""

    exit_code = 6
