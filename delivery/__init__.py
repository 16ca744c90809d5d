"""tuxa: the delivery side of a university's distance education (broadcast, post, network, one record)."""

__version__ = "0.1.0"
