"""How a command fails: in one line that says what to do."""


class Failed(Exception):
    """The command could not do its work."""
