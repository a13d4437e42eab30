"""The one thing that callers of every store may have to answer: it is away."""


class Outage(Exception):
    """A store can't be reached, or takes too long. Asking again later may help."""
