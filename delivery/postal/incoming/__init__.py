"""Work on its way back: scanned files, codes, whose sheet it is, intake."""
