from tests.api.profiles.conftest import admin, house, mara

# Fixtures, which pytest finds by their names here.
__all__ = ["admin", "house", "mara"]
