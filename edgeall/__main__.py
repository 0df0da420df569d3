"""The command line's outermost frame: every failure leaves it as one sentence."""

from __future__ import annotations

import errno
import os
import sys

from edgeall.errors import EdgeallError

UNKNOWN_FAILURE = 70
"""Exit code where edgeall itself is wrong (EX_SOFTWARE of sysexits.h)."""

_DISK_SENTENCES = {
    errno.ENOSPC: "the disk is full; free some space and run the command again.",
    errno.EDQUOT: "your disk quota is used up; free some space and run the command again.",
    errno.EROFS: "the disk is read-only; mount it for writing, or name another folder.",
    errno.EACCES: "you may not write or read there; name another folder or ask for access.",
    errno.EPERM: "you may not write or read there; name another folder or ask for access.",
}


def main() -> None:
    """Run the command line and exit."""
    try:
        from edgeall.cli.app import app

        app(prog_name="edgeall")
    except KeyboardInterrupt:
        sys.exit(_say("stopped; what was stored before is kept.", 130))
    except EdgeallError as error:
        sys.exit(_say(str(error), error.exit_code))
    except BrokenPipeError:
        # The reader of our output (head, less) has gone; Python must not complain on exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        sys.exit(_say(_disk_sentence(error), 5))
    except MemoryError:
        sys.exit(_say("there is not enough memory; close other programs and try again.", 1))
    except Exception as error:  # a defect of ours: keep the details, show a sentence
        sys.exit(_say(_defect_sentence(error), UNKNOWN_FAILURE))


def _say(sentence: str, exit_code: int) -> int:
    print(f"edgeall: {sentence}", file=sys.stderr)
    return exit_code


def _disk_sentence(error: OSError) -> str:
    what = _DISK_SENTENCES.get(error.errno or 0, f"{error.strerror or error}; check the path.")
    return f"{error.filename}: {what}" if error.filename else what[0].upper() + what[1:]


def _defect_sentence(error: Exception) -> str:
    import tempfile
    import traceback

    kind = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no details'}"
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="edgeall-defect-", suffix=".txt", delete=False
        ) as report:
            traceback.print_exception(error, file=report)
    except OSError:
        return f"edgeall has a defect ({kind}); nothing stored is lost, please report it."
    return (
        f"edgeall has a defect ({kind}); nothing stored is lost, "
        f"please report it with {report.name}."
    )


if __name__ == "__main__":
    main()
