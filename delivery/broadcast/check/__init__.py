"""The project's own judge of transport streams: ETSI TR 101 290, and the times of picture and sound."""
