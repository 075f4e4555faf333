#!/bin/bash
# A sweep as a job of Slurm, by hand. `tuner sweep ... --slurm "--gpus=4 --time=8:00:00"` writes such a file and submits it.
#
#   sbatch --gpus=4 --time=8:00:00 docker/slurm.sh sweep cifar10 resnet --name NAME
#
# The nodes share your home folder, the Python environment and TUNER_HOME in it: activate the environment before. Submit the
# same again to go on with a sweep that was paused. docs/cluster.md tells more.
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --no-kill
#SBATCH --signal=B:USR1@120
exec python -P -m tuner.cli.slurm_job "$@"
