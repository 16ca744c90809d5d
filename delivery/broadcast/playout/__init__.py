"""What is sent, and the proof of it: playlists, feeds, as-run, attendance."""
