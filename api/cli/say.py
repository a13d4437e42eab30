"""What a command tells while it works: plain lines, on a terminal and in a pipe alike."""

import sys


def say(line: str) -> None:
    print(f"hearth: {line}", file=sys.stderr, flush=True)
