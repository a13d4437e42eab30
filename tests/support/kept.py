"""All that a database holds, to be searched for what it must not hold."""

from sqlalchemy import text

from store.database import Reading


async def everything_kept(db: Reading) -> str:
    """Every row of every table as text; bytes are in hexadecimal."""
    tables = await db.scalars(
        text("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'")
    )
    rows: list[str] = []
    for table in tables.all():
        # The name comes from the catalogue, which has quoted it.
        rows += await db.scalars(text(f"SELECT t::text FROM {table} AS t"))
    return "\n".join(rows)
