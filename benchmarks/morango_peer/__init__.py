"""A site of Morango's, for ``bench_morango``: it runs under a Python of its own, with Django, and knows nothing of tuxa."""
