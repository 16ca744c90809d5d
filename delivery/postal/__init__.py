"""Post: outgoing packets and incoming work; what both share lies here (codes' symbols, fonts, page records)."""
