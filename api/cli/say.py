"""What a command tells while it works: plain lines, on a terminal and in a pipe alike."""

import sys


def say(line: str) -> None:
    print(f"hearth: {line}", file=sys.stderr, flush=True)


class Progress:
    """How far long work is: a line that counts on a terminal, one for each tenth in a pipe."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._tenth = 0

    def __call__(self, done: int, of: int) -> None:
        line = f"{done:,} of {of:,} {self._what}"
        if sys.stderr.isatty():
            end = "\n" if done >= of else ""
            print(f"\rhearth: {line}", file=sys.stderr, end=end, flush=True)
        elif done * 10 // of > self._tenth:
            self._tenth = done * 10 // of
            say(line)
