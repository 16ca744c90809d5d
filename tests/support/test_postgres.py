"""The throw-away PostgreSQL server of the tests."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy

pytestmark = pytest.mark.needs("postgres")


def test_each_database_is_fresh(create_database: Callable[[], str]) -> None:
    for url in (create_database(), create_database()):
        engine = sqlalchemy.create_engine(url)
        with engine.begin() as connection:
            connection.execute(sqlalchemy.text("CREATE TABLE t (a text)"))
            connection.execute(sqlalchemy.text("INSERT INTO t VALUES ('Nguyễn Thị Ánh')"))
            assert connection.execute(sqlalchemy.text("SELECT a FROM t")).scalar_one() == "Nguyễn Thị Ánh"
        engine.dispose()


def test_the_server_is_not_on_the_network(postgres_url: str) -> None:
    engine = sqlalchemy.create_engine(postgres_url)
    with engine.connect() as connection:
        assert connection.execute(sqlalchemy.text("SHOW listen_addresses")).scalar_one() == ""
    engine.dispose()
