"""SQL of a service stands in its `postgres` and its migrations, and nowhere else."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SERVICES = Path(__file__).parent.parent.parent / "services"
SQL = re.compile(r"\b(?:SELECT|INSERT INTO|DELETE FROM|UPDATE \S+ (?:AS \S+ )?SET)\b")


def sources() -> Iterator[Path]:
    for path in sorted(SERVICES.rglob("*.py")):
        if "postgres" not in (path.stem, path.parent.name):
            yield path


def texts(program: str) -> Iterator[str]:
    """Yield every text of a program, its docstrings too; of an f-string all of it as one."""
    for node in ast.walk(ast.parse(program)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield ast.unparse(node)


def holds_sql(program: str) -> bool:
    return any(SQL.search(text) for text in texts(program))


def test_no_sql_stands_outside_a_services_postgres() -> None:
    assert len(list(sources())) > 30
    assert [path.name for path in sources() if holds_sql(path.read_text())] == []


@pytest.mark.parametrize(
    "program",
    [
        'COLUMN = ("record", "t.position IN (SELECT position FROM queue)")',
        'await pool.execute("DELETE FROM queue WHERE position = $1", 1)',
        'statement = f"UPDATE {table} SET {column} = 1"',
    ],
)
def test_sql_is_found_wherever_it_stands(program: str) -> None:
    assert holds_sql(program)
