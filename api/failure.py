"""How a command fails: in one line that says what to do, and with a code that scripts can read."""


class Failed(Exception):
    """The work could not be done."""

    exit_code = 1


class UsedWrongly(Failed):
    """What was asked for is not there to be done."""

    exit_code = 2


class WrongConfiguration(Failed):
    """The line names the variable that is wrong."""

    exit_code = 2
