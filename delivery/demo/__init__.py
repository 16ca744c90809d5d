"""The sample term and the whole cycle that tuxa up --demo carries out."""
