"""Post: packet, layout, draw, mailing | scan, intake."""
