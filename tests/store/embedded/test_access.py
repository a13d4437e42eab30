"""Who comes in, and what each role may do."""

import pwd
import stat
from collections.abc import Iterator

import pytest
from sqlalchemy.exc import ProgrammingError

from store.embedded import Cluster
from tests.store.embedded.children import child
from tests.store.embedded.clusters import as_root, ask, generation, tell


@pytest.fixture
def tables(cluster: Cluster) -> Iterator[None]:
    tell(
        cluster.owner_url,
        "CREATE TABLE letters (id serial PRIMARY KEY, body text)",
        "CREATE FUNCTION secret() RETURNS int LANGUAGE sql AS 'SELECT 7'",
    )
    yield
    tell(cluster.owner_url, "DROP TABLE letters", "DROP FUNCTION secret")


@pytest.mark.usefixtures("tables")
def test_the_application_reads_and_writes_rows(cluster: Cluster) -> None:
    tell(
        cluster.application_url,
        "INSERT INTO letters (body) VALUES ('dear'), ('old')",
        "UPDATE letters SET body = 'dearest' WHERE body = 'dear'",
        "DELETE FROM letters WHERE body = 'old'",
    )
    assert ask(cluster.application_url, "SELECT string_agg(body, ' ') FROM letters") == "dearest"


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (id int)",
        "CREATE TEMPORARY TABLE mine (id int)",
        "CREATE SCHEMA mine",
        "CREATE DATABASE mine",
        "CREATE ROLE mine",
        "ALTER TABLE letters ADD COLUMN more text",
        "TRUNCATE letters",
        "DROP TABLE letters",
        "COPY letters TO '/tmp/letters'",
        "SELECT setval('letters_id_seq', 1)",
        "SELECT secret()",
        "SET ROLE hearth_owner",
    ],
)
def test_the_application_does_nothing_else(cluster: Cluster, statement: str) -> None:
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
        tell(cluster.application_url, statement)


def test_neither_role_has_a_power_over_the_server(cluster: Cluster) -> None:
    powers = "rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls"
    assert ask(
        cluster.superuser_url,
        f"SELECT array_agg(DISTINCT power) FROM pg_roles, unnest(ARRAY[{powers}]) AS power"
        " WHERE rolname IN ('hearth', 'hearth_owner')",
    ) == [False]


def test_the_owner_owns_the_database_and_its_schema(cluster: Cluster) -> None:
    assert ask(
        cluster.owner_url,
        "SELECT pg_get_userbyid(datdba) = 'hearth_owner' AND pg_has_role(nspowner, 'USAGE')"
        " FROM pg_database, pg_namespace"
        " WHERE datname = current_database() AND nspname = 'public'",
    )


def test_the_rights_travel_with_a_copy_of_the_database(cluster: Cluster) -> None:
    tell(cluster.superuser_url, "CREATE DATABASE a_copy TEMPLATE hearth OWNER hearth_owner")
    try:
        tell(cluster.url("hearth_owner", "a_copy"), "CREATE TABLE later (id int)")
        tell(cluster.url("hearth", "a_copy"), "INSERT INTO later VALUES (1)")
    finally:
        tell(cluster.superuser_url, "DROP DATABASE a_copy WITH (FORCE)")


def test_the_only_rule_is_that_the_system_vouches_on_the_socket(cluster: Cluster) -> None:
    assert ask(
        cluster.superuser_url,
        "SELECT array_agg(concat_ws(' ', type, database, user_name, auth_method, options))"
        " FROM pg_hba_file_rules",
    ) == ["local {all} {all} peer {map=hearth}"]


def test_socket_and_data_lie_in_private_folders(cluster: Cluster) -> None:
    for private in (cluster.home / "run", generation(cluster.home).data):
        assert stat.S_IMODE(private.stat().st_mode) == 0o700


@as_root
def test_another_user_is_refused_even_where_the_folder_is_open(cluster: Cluster) -> None:
    stranger = pwd.getpwnam("daemon").pw_uid
    (cluster.home / "run").chmod(0o755)
    try:
        for url in (cluster.application_url, cluster.owner_url, cluster.superuser_url):
            with child("knock", url, stranger) as visitor:
                assert "Peer authentication failed" in visitor.answer()
    finally:
        (cluster.home / "run").chmod(0o700)


@as_root
def test_the_user_it_runs_as_is_its_superuser_and_none_of_ours(cluster: Cluster) -> None:
    account = generation(cluster.home).data.stat().st_uid
    assert account != 0
    with child("knock", cluster.superuser_url, account) as visitor:
        assert visitor.answer() == "postgres"
    for url in (cluster.application_url, cluster.owner_url):
        with child("knock", url, account) as visitor:
            assert "Peer authentication failed" in visitor.answer()


def test_a_port_in_the_environment_leads_nobody_astray(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "6543")
    assert ask(cluster.application_url, "SELECT current_user") == "hearth"
