"""The truth: facts, their ledger, and the learner record as a pure fold of them (design D1, D2, D4).

Pure: no database, file, socket or clock is reached from here.
"""
