"""What a command was asked for: that goes to standard output, and nothing else does."""

import os
import sys

from api.failure import Failed


def show(output: bytes) -> None:
    try:
        sys.stdout.buffer.write(output)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        _let_go()  # whoever reads has seen enough
    except OSError as error:
        _let_go()
        raise Failed(f"standard output can't be written: {error.strerror}") from None


def _let_go() -> None:
    """What is left in the buffer would fail once more when the process ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
