"""What several tests share: pytest plugins, system programs, a PostgreSQL server."""
