"""SQLModel rows, migrations, the fact log, projections, blobs and the vault of personal data."""
