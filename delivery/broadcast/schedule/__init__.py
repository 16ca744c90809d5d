"""What airs when: slots, findings, and the timeline on the grid."""
