"""Searches that are replayed over recorded learning curves: the parts of search_quality.py."""
