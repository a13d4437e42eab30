"""Which database this server uses, and starting the embedded one where there is no other."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import OperationalError, ProgrammingError

from api.configuration import Configuration, read_configuration
from api.ending import End
from api.failure import Failed, UsedWrongly, WrongConfiguration
from store.clock import SystemClock
from store.database import DatabaseAway
from store.embedded import Cluster, ClusterError
from store.key_service import KeyServiceAway
from store.master_key import WrongMasterKey
from store.migrate import UnknownRevision


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
    configuration: Configuration,
    say: Callable[[str], None],
    *,
    share: bool = False,
    end: End | None = None,
) -> Iterator[DatabaseUrls]:
    """The configured database, or the embedded one, which runs for as long as the block lasts.

    With `share` a server that runs already may go on: a command uses its database beside it. `end`
    tells how long it may take to stop.
    """
    end = end or End(SystemClock())
    with _failures(), _opened(configuration, say, share=share, end=end) as urls:
        yield urls


@contextmanager
def _opened(
    configuration: Configuration, say: Callable[[str], None], *, share: bool, end: End
) -> Iterator[DatabaseUrls]:
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
        cluster.stop(end.seconds_left())


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except ClusterError as error:
        raise Failed(str(error)) from None
    except UnknownRevision as error:
        raise UsedWrongly(f"{error}; `alembic history` lists the revisions there are") from None
    except WrongMasterKey:
        raise WrongConfiguration(
            "the keys in this database were wrapped by another master key; give that one, as"
            " HEARTH_MASTER_KEY, HEARTH_MASTER_KEY_FILE or master.key in the data folder"
        ) from None
    except KeyServiceAway as error:
        raise Failed(f"HEARTH_KEY_PROVIDER: {error}; see to it and try again") from None
    except (OperationalError, ProgrammingError, DatabaseAway) as error:
        raise Failed(
            f"DATABASE_URL: the database can't be used ({_reason(error)}); `hearth doctor` looks"
            " closer"
        ) from None


def _reason(error: Exception) -> str:
    """The first line of what the driver said, without the statement."""
    cause = error.__cause__ or error if isinstance(error, DatabaseAway) else error
    said = str(getattr(cause, "orig", None) or cause).strip()
    return said.splitlines()[0] if said else type(cause).__name__


@contextmanager
def owner_database() -> Iterator[URL]:
    """For Alembic's own commands (`alembic.ini` names this)."""
    with database(read_configuration(), say=lambda line: None, share=True) as urls:
        yield urls.owner
