"""The life of a sweep."""
