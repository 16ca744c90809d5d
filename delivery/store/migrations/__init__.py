"""Schema migrations (alembic), run inside the single writer's transaction."""
