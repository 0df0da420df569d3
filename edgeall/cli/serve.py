"""``edgeall serve``."""

from pathlib import Path
from typing import Annotated

import typer


def serve(
    settings: Annotated[
        Path | None, typer.Option(help="Settings file. [default: the usual places]", metavar="FILE")
    ] = None,
) -> None:
    """Read slides unattended: fields are taken as the stage comes to rest.

    Slides are begun, paused and ended with `edgeall slide`, by a barcode
    scanner, or on the device's page. SIGHUP reads the settings again; SIGTERM
    ends it within two seconds, and an open slide goes on at the next start.
    """
    from edgeall.service.serve import serve as serve_until_stopped
    from edgeall.settings.load import load_settings

    serve_until_stopped(lambda: load_settings(settings))
