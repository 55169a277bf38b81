"""Boosted trees as XGBoost and LightGBM save them: read without either, and without unpickling anything."""
