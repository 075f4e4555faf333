"""Lets a zygote fork a worker of Ray, `MARK JOB default_worker.py WORDS`; where none answers, becomes it."""

import os
import sys

LEFT_OUT = ("--serialized-runtime-env-context", "--language")
mark, job = sys.argv[1:3]
words = [word for word in sys.argv[3:] if not word.startswith(LEFT_OUT)]
place = os.path.abspath(__file__)
for _ in ("stubs", "execution", "tuner", "where it is installed"):
    place = os.path.dirname(place)
sys.path[0] = os.path.dirname(os.__file__)  # in place of this folder
sys.path.append(place)

forked = None
if os.environ.get("RAY_JOB_ID") == job:
    from tuner.warm.hand_over import hand_over

    forked = hand_over("worker", mark, words)
if forked is None:
    os.execv(sys.executable, [sys.executable, *words])
