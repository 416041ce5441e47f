"""The machine: jobs, devices, locks, what a job asks for, and SLURM."""
