"""The pictures and the page that a sweep ends with, and those of `tuner show` and `tuner compare`."""
