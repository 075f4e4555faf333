"""A sweep as a job of Slurm: Ray over the nodes that Slurm gives it.

`script` is the file that `sbatch` takes, `allocation` starts Ray's nodes from within the job, and `node` is the program
that runs on each of them. See `cli.slurm_job` for the job itself.
"""
