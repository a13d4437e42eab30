"""Who may connect, and what each role may do.

The system vouches for who is at the other end of the socket (`peer`): there are no passwords to
keep, and no other way in.
"""

import os
import pwd
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2
import psycopg2.extensions

from store.embedded.account import Account

DATABASE = "hearth"
OWNER = "hearth_owner"
APPLICATION = "hearth"
SUPERUSER = "postgres"
MAINTENANCE = "postgres"

# Part of the socket's name, and told to both sides so that a PGPORT in the environment cannot
# lead a client elsewhere.
PORT = 5432

HBA = "local all all peer map=hearth\n"

ROLES = f"""
DO $$ BEGIN
    IF to_regrole('{OWNER}') IS NULL THEN CREATE ROLE {OWNER} LOGIN; END IF;
    IF to_regrole('{APPLICATION}') IS NULL THEN CREATE ROLE {APPLICATION} LOGIN; END IF;
END $$
"""

# What PostgreSQL gives to everyone (temporary tables, the owner's functions) is taken back, so
# that each right the application has is one that somebody gave it.
RIGHTS = f"""
REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC;
GRANT CONNECT ON DATABASE {DATABASE} TO {APPLICATION};
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO {APPLICATION};
ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {APPLICATION};
ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} IN SCHEMA public
    GRANT USAGE ON SEQUENCES TO {APPLICATION};
"""

AGED_EXTENSIONS = """
SELECT format('ALTER EXTENSION %I UPDATE', name) FROM pg_available_extensions
WHERE installed_version <> default_version
"""


def write_rules(account: Account, data: Path) -> None:
    """Say which system user may be which role; before each start, as the caller may be another.

    PostgreSQL's own user needs the superuser for `pg_upgrade`, and could change the data's files
    anyway. It gets no other role: under `nobody` more may run than this server.
    """
    account.write(data / "pg_hba.conf", HBA)
    ours = {"root", pwd.getpwuid(os.geteuid()).pw_name}
    may = [(user, role) for user in sorted(ours) for role in (SUPERUSER, OWNER, APPLICATION)]
    if account.name not in ours:
        may.append((account.name, SUPERUSER))
    account.write(data / "pg_ident.conf", "".join(f'hearth "{u}" {role}\n' for u, role in may))


def grant(socket_folder: Path) -> None:
    """Bring roles, database and rights to what is written here, whatever a crash left undone."""
    with _superuser(socket_folder, MAINTENANCE) as cursor:
        cursor.execute(ROLES)
        cursor.execute("SELECT FROM pg_database WHERE datname = %s", (DATABASE,))
        if not cursor.rowcount:
            cursor.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")
    with _superuser(socket_folder, DATABASE) as cursor:
        cursor.execute(RIGHTS)
        cursor.execute(AGED_EXTENSIONS)
        for (statement,) in cursor.fetchall():
            cursor.execute(statement)


@contextmanager
def _superuser(socket_folder: Path, database: str) -> Iterator[psycopg2.extensions.cursor]:
    connection = psycopg2.connect(
        host=str(socket_folder), port=PORT, user=SUPERUSER, dbname=database
    )
    with closing(connection):
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor
