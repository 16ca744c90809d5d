"""A site of Morango's, for ``bench_morango``: under a Python of its own, with Django, and without any of tuxa."""
