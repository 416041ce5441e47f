"""The machine: jobs, devices, locks, what a job costs, and SLURM."""
