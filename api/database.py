"""Which database this server uses, and starting the embedded one where there is no other."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy.engine import URL, make_url

from api.configuration import Configuration, read_configuration
from store.embedded import Cluster


@dataclass(frozen=True, slots=True)
class DatabaseUrls:
    application: URL
    owner: URL

    @property
    def rows_only(self) -> str | None:
        """The application's role, where it is another than the owner's."""
        role = self.application.username
        return role if role != self.owner.username else None


@contextmanager
def database(
    configuration: Configuration, say: Callable[[str], None], *, share: bool = False
) -> Iterator[DatabaseUrls]:
    """The configured database, or the embedded one, which runs for as long as the block lasts.

    With `share` a server that runs already may go on: a command uses its database beside it.
    """
    application = configuration.database_url
    if application is not None:
        yield DatabaseUrls(application, configuration.database_owner_url or application)
        return
    cluster = Cluster(configuration.data_dir / "postgres", say=say)
    urls = DatabaseUrls(make_url(cluster.application_url), make_url(cluster.owner_url))
    if share:
        with cluster.shared():
            yield urls
        return
    cluster.start()
    try:
        yield urls
    finally:
        cluster.stop()


@contextmanager
def owner_database() -> Iterator[URL]:
    """For Alembic's own commands (`alembic.ini` names this)."""
    with database(read_configuration(), say=lambda line: None, share=True) as urls:
        yield urls.owner
