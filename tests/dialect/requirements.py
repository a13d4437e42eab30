"""What SQLAlchemy's suite may ask of PostgreSQL through this dialect.

By SQLAlchemy's default a database can do little until its dialect says otherwise. Here it is the
other way round: everything is asked for except what stands in `LACKING`, so that what a newer
SQLAlchemy tests is tested here too.
"""

# mypy: allow-untyped-calls
# Nothing in sqlalchemy.testing is annotated.

from typing import Any

from sqlalchemy.testing import exclusions
from sqlalchemy.testing.requirements import SuiteRequirements

LACKING = {
    "computed_columns_default_persisted": "PostgreSQL 18 computes a column when it is read",
    "dbapi_lastrowid": "PostgreSQL has no row numbers to report: keys come by RETURNING",
    "fetch_percent": "PostgreSQL has no FETCH ... PERCENT",
    "foreign_keys_reflect_as_index": "PostgreSQL makes no index for a foreign key",
    "json_deserializer_binary": "psycopg2 hands JSON to the deserializer as text, not as bytes",
    "materialized_views_reflect_pk": "a materialized view in PostgreSQL has no primary key",
    "nvarchar_types": "PostgreSQL has no NVARCHAR",
    "reflect_indexes_with_ascdesc_as_expression": "PostgreSQL keeps an index's direction apart",
    "repeated_remote_col_foreign_keys": "PostgreSQL refuses to refer to one column twice",
    "unique_index_reflect_as_unique_constraints": "in PostgreSQL these are two different things",
}


class Requirements(SuiteRequirements):
    def get_order_by_collation(self, config: Any) -> str:
        return "C"


def _is_closed(requirement: object) -> bool:
    return isinstance(requirement, exclusions.compound) and any(
        isinstance(condition, exclusions.BooleanPredicate) and condition.value
        for condition in requirement.skips
    )


def _open_what_is_closed_by_default() -> None:
    defaults = SuiteRequirements()
    for name, requirement in vars(SuiteRequirements).items():
        if name in LACKING or not isinstance(requirement, property):
            continue
        if _is_closed(getattr(defaults, name)):
            setattr(Requirements, name, property(lambda self: exclusions.open()))


_open_what_is_closed_by_default()
