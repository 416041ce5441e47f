"""The machine: jobs, devices, locks, resources that jobs ask for, and SLURM."""
