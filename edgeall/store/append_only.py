"""Triggers that keep a table append-only: a correction is a new row."""

from __future__ import annotations


def guards(table: str, unique: tuple[str, ...]) -> tuple[str, ...]:
    """Return triggers that refuse to change or remove a row; ``INSERT OR REPLACE`` removes, too."""
    sentence = f"{table}: findings are append-only; write a new row that corrects this one"
    refuse = f"BEGIN SELECT RAISE(ABORT, '{sentence}'); END"
    same = " OR ".join(f"{column} = NEW.{column}" for column in unique)
    return (
        f"CREATE TRIGGER {table}_is_not_changed BEFORE UPDATE ON {table} {refuse}",
        f"CREATE TRIGGER {table}_is_not_removed BEFORE DELETE ON {table} {refuse}",
        f"CREATE TRIGGER {table}_is_not_replaced BEFORE INSERT ON {table} "
        f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) {refuse}",
    )
