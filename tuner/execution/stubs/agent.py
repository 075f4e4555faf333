"""Stands for an agent of Ray that nobody needs: names ports where nobody listens, and ends with its raylet."""

import os
import sys
import time

options = dict(word[2:].split("=", 1) for word in sys.argv[1:] if word.startswith("--") and "=" in word)
parent = os.getppid()
for name in sys.argv[1].split(","):
    path = os.path.join(options["session-dir"], name + "_" + options["node-id"])
    with open(path + ".new", "w") as file:
        file.write("1")
    os.rename(path + ".new", path)
while os.getppid() == parent:
    time.sleep(1)
