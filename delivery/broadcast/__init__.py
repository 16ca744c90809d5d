"""Radio and television: ingest, conform, ladder | schedule, timeline | playout, as-run."""
