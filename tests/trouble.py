"""A Postgres that takes no rows of one table for a while, as one that fails over does."""

from electoral.postgres import Pool


async def refuse_rows_of(pool: Pool, table: str) -> None:
    """Let every insert into a table fail, as on a server that has become read-only."""
    await pool.execute(f"""
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION USING ERRCODE = 'read_only_sql_transaction'; END $$;
        CREATE TRIGGER refuse BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION refuse();
    """)


async def take_rows_again(pool: Pool) -> None:
    """End it."""
    await pool.execute("DROP FUNCTION refuse CASCADE")
