"""Servers: a model over HTTP, the page of all sweeps, tools for programs. Each calls what the command line calls."""
