"""`postgresql+aiopg`: SQLAlchemy's psycopg2 dialect, on aiopg's connections."""

# mypy: allow-untyped-calls
# The psycopg2 dialect and psycopg2.extras are not annotated.

from collections.abc import Callable
from typing import Any

from psycopg2 import extras
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg2 import (
    EXECUTEMANY_VALUES_PLUS_BATCH,
    PGDialect_psycopg2,
    PGExecutionContext_psycopg2,
)
from sqlalchemy.dialects.postgresql.ranges import AbstractMultiRange
from sqlalchemy.engine import URL

from store.aiopg_dbapi import AdaptedConnection, AiopgDbapi
from store.aiopg_multirange import AiopgMultiRange, register_multiranges

_HSTORE = "SELECT oid, typarray FROM pg_type WHERE oid = to_regtype('hstore')"


class AiopgExecutionContext(PGExecutionContext_psycopg2):
    def create_server_side_cursor(self) -> Any:
        return self._dbapi_connection.cursor(server_side=True)


class AiopgDialect(PGDialect_psycopg2):
    driver = "aiopg"
    is_async = True
    has_terminate = True
    supports_statement_cache = True
    execution_ctx_cls = AiopgExecutionContext
    colspecs = {**PGDialect_psycopg2.colspecs, AbstractMultiRange: AiopgMultiRange}  # noqa: RUF012  as in SQLAlchemy

    def __init__(self, executemany_mode: str = "values_plus_batch", **options: Any) -> None:
        super().__init__(executemany_mode=executemany_mode, **options)
        self._hstore_types: tuple[int, int] | None = None
        self._hstore_is_known = False

    @classmethod
    def import_dbapi(cls) -> Any:
        return AiopgDbapi()

    @classmethod
    def load_provisioning(cls) -> None:
        # SQLAlchemy's test suite looks for this beside the dialect's module; PostgreSQL's will do.
        PGDialect_psycopg2.load_provisioning()

    def create_connect_args(self, url: URL) -> Any:
        arguments, parameters = super().create_connect_args(url)
        if self.client_encoding is not None:
            # An asynchronous connection can only be told while it is made.
            parameters["client_encoding"] = self.client_encoding
        return arguments, parameters

    def on_connect(self) -> Callable[[Any], None]:
        def prepare(connection: AdaptedConnection) -> None:
            raw = connection.driver_connection.raw
            extras.register_uuid(conn_or_curs=raw)
            register_multiranges(raw)
            if self._json_deserializer:
                extras.register_default_json(raw, loads=self._json_deserializer)
                extras.register_default_jsonb(raw, loads=self._json_deserializer)
            if self.use_native_hstore and (types := self._hstore_oids(connection)):
                extras.register_hstore(raw, oid=types[0], array_oid=types[1])

        return prepare

    def _hstore_oids(self, connection: AdaptedConnection) -> tuple[int, int] | None:
        """The numbers of hstore and its array in this database, asked for once an engine."""
        if not self._hstore_is_known:
            cursor = connection.cursor()
            cursor.execute(_HSTORE)
            self._hstore_types = cursor.fetchone()
            cursor.close()
            connection.rollback()
            self._hstore_is_known = True
        return self._hstore_types

    def get_isolation_level(self, dbapi_connection: Any) -> Any:
        was_in_transaction = dbapi_connection.in_transaction
        level = super().get_isolation_level(dbapi_connection)
        if not was_in_transaction:
            dbapi_connection.rollback()
        return level

    def set_isolation_level(self, dbapi_connection: Any, level: str) -> None:
        dbapi_connection.set_isolation_level(level)

    def do_executemany(
        self, cursor: Any, statement: str, parameters: Any, context: Any = None
    ) -> None:
        batched = self.executemany_mode is EXECUTEMANY_VALUES_PLUS_BATCH
        cursor.executemany(
            statement, parameters, self.executemany_batch_page_size if batched else 1
        )

    def do_begin_twophase(self, connection: Any, xid: str) -> None:
        """BEGIN comes with the first statement, as ever."""

    def do_prepare_twophase(self, connection: Any, xid: str) -> None:
        connection.exec_driver_sql("PREPARE TRANSACTION %s", (xid,))

    def do_rollback_twophase(
        self, connection: Any, xid: str, is_prepared: bool = True, recover: bool = False
    ) -> None:
        if is_prepared:
            connection.connection.dbapi_connection.finish_prepared("ROLLBACK", xid)
        else:
            self.do_rollback(connection.connection)

    def do_commit_twophase(
        self, connection: Any, xid: str, is_prepared: bool = True, recover: bool = False
    ) -> None:
        if is_prepared:
            connection.connection.dbapi_connection.finish_prepared("COMMIT", xid)
        else:
            self.do_commit(connection.connection)

    def do_recover_twophase(self, connection: Any) -> Any:
        return connection.exec_driver_sql("SELECT gid FROM pg_prepared_xacts").scalars().all()

    def do_terminate(self, dbapi_connection: Any) -> None:
        dbapi_connection.terminate()

    def get_driver_connection(self, connection: Any) -> Any:
        return connection.driver_connection


registry.register("postgresql.aiopg", __name__, AiopgDialect.__name__)
