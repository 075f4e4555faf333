"""Becomes a worker of Ray at once: Ray's own script imports Ray to set up an environment that is there already."""

import os
import sys

LEFT_OUT = ("--serialized-runtime-env-context", "--language")
words = [word for word in sys.argv[1:] if not word.startswith(LEFT_OUT)]
os.execv(sys.executable, [sys.executable, *words])
