"""Where trials run: in this process, on a Ray of this process alone, or on a Ray cluster.

It imports search, training, data and core, and is the only room that imports Ray. Begin with `executor`, then
`ray_tune` (the driver's side) and `worker` (what runs in a worker process). `jobs/` hands a whole sweep to a cluster's
head.
"""
