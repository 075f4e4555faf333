"""Handing a sweep to a cluster's head."""
