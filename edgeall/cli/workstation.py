"""The workstation half: whether it is installed, asked before a command hands over to it."""

from importlib.util import find_spec

from edgeall.errors import MissingExtraError


def refuse_without_workstation() -> None:
    """Refuse where the workstation half's packages are not installed.

    Raises
    ------
    MissingExtraError
        One of them is absent; the sentence says how to install all.
    """
    for package in ("tensorflow", "h5py"):
        if find_spec(package) is None:
            raise MissingExtraError(
                f"{package} is not installed; install the workstation half with: "
                'pip install "edgeall[convert]"'
            )
