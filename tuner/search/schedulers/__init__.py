"""When a trial continues, waits or stops."""
