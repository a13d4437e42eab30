"""Which Hearth this is."""

from importlib.metadata import version

VERSION = version("hearth")
