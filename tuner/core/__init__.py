"""Words and tools of all rooms."""
