"""A SLURM of one node for the tests: munged, slurmctld and slurmd of this machine, in a folder of their own."""

import getpass
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel", "scontrol")
"""What must be installed: Debian's packages slurm-wlm and munge."""

CONF = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=10
CryptoType=crypto/munge
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=2
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
SlurmdParameters=config_overrides
SlurmdTimeout=300
ReturnToService=2
KillWait=20
OverTimeLimit=0
MinJobAge=600
SchedulerParameters=sched_interval=2,sched_min_interval=100000
MpiDefault=none
GresTypes=gpu
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 RealMemory=40000 Gres=gpu:a100:2 State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=600 PriorityTier=1 GraceTime=60 State=UP
PartitionName=short Nodes={host} MaxTime=12 PriorityTier=1 State=UP
PartitionName=urgent Nodes={host} MaxTime=600 PriorityTier=10 PreemptMode=OFF State=UP
"""
# The node has more cores than this machine may have: jobs are small and wait for one another.
# A job that SLURM puts back into its queue waits there for cred_expire, 120 seconds by default.


def missing() -> list[str]:
    """The programs that are not installed."""
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    return [name for name in PROGRAMS if shutil.which(name, path=path) is None]


def free_ports(number: int) -> list[int]:
    """Ports that nobody listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Cluster:
    """Starts the daemons; `close` stops them and every job.

    Attributes:
        env: for commands that talk to this cluster.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        for name in ("state", "spool"):
            (folder / name).mkdir(parents=True)
        folder.chmod(0o755)
        key = folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        self.host = socket.gethostname().split(".")[0]
        names = {"folder": folder, "user": getpass.getuser(), "host": self.host}
        (folder / "slurm.conf").write_text(CONF.format(ports=free_ports(2), **names))
        # Two devices that every machine has stand for GPUs: they are counted and given out, not used.
        (folder / "gres.conf").write_text("Name=gpu Type=a100 File=/dev/null\nName=gpu Type=a100 File=/dev/zero\n")
        path = os.environ["PATH"] + ":/usr/sbin:/sbin"
        # Within a job Snakemake's executor clears all of SLURM's variables before it calls srun.
        (folder / "bin").mkdir()
        srun = folder / "bin" / "srun"
        srun.write_text(f'#!/bin/sh\nSLURM_CONF={folder}/slurm.conf exec {shutil.which("srun", path=path)} "$@"\n')
        srun.chmod(0o755)
        path = f"{folder}/bin:{path}"
        self.env = os.environ | {"SLURM_CONF": str(folder / "slurm.conf"), "PATH": path}
        self.daemons: dict[str, subprocess.Popen] = {}
        options = {"key-file": key, "socket": folder / "munge.socket", "pid-file": folder / "munged.pid"}
        options |= {"log-file": folder / "munged.log", "seed-file": folder / "munge.seed"}
        self._start("munged", "--foreground", "--force", *(f"--{name}={value}" for name, value in options.items()))
        self.wait_for(lambda: (folder / "munge.socket").exists(), "munged")
        self._start("slurmctld", "-D", "-c")
        self.start_node()
        self.wait_for(lambda: "idle" in self.call("sinfo", "-h", "-o", "%t", check=False), "an idle node")

    def _start(self, name: str, *arguments: str) -> None:
        log = (self.folder / f"{name}.out").open("a")
        self.daemons[name] = subprocess.Popen([name, *arguments], env=self.env, stdout=log, stderr=log)

    def start_node(self) -> None:
        """Start slurmd, after it was killed perhaps."""
        self._start("slurmd", "-D")

    def kill_node(self) -> None:
        """As if the node lost its power: slurmd and all its job steps are killed.

        SLURM is told, as by the health check of a cluster: by itself it finds out within a minute or two.
        """
        self.daemons["slurmd"].kill()
        self.daemons["slurmd"].wait()
        for step in self.processes("slurmstepd"):
            # The step first: it would report the end of its children.
            for process in [step, *self._children(step)]:
                with_suppressed_kill(process)
        self.call("scontrol", "update", f"NodeName={self.host}", "State=DOWN", "Reason=lost", check=False)

    def processes(self, name: str, variable: str = "", argument: str = "") -> list[int]:
        """Process ids of a program of this cluster, with some variable's value and some argument."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                environment = (entry / "environ").read_bytes()
            except OSError:
                continue
            said = [variable.encode() in environment, any(argument.encode() in word for word in words)]
            if name.encode() in words[0] and str(self.folder).encode() in environment and all(said):
                found.append(int(entry.name))
        return found

    def _children(self, process: int) -> list[int]:
        found, todo = [], [process]
        while todo:
            parent = todo.pop()
            try:
                lists = [path.read_text() for path in Path(f"/proc/{parent}/task").glob("*/children")]
            except OSError:
                continue
            children = [int(child) for text in lists for child in text.split()]
            found += children
            todo += children
        return found

    def call(self, *command: str, check: bool = True) -> str:
        """The output of a SLURM command."""
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=600)
        assert not check or done.returncode == 0, done.stderr
        return done.stdout

    def jobs(self, *states: str) -> dict[str, str]:
        """Name (rule) of the jobs in some states by their number; all that are known if none is given."""
        wanted = ["-t", ",".join(states or ["all"])]
        lines = self.call("squeue", "-h", "-o", "%i|%k", *wanted).splitlines()
        return dict(line.split("|", 1) for line in lines)

    def steps(self) -> list[str]:
        """The steps that jobs have started by themselves, ``12.0``."""
        lines = self.call("squeue", "--steps", "-h", "-o", "%i").split()
        return [step for step in lines if step.rsplit(".")[-1].isdigit()]

    def wait_for(self, condition, what: str, seconds: float = 600) -> None:
        """Wait until something is so.

        Raises:
            TimeoutError: with what the daemons wrote.
        """
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                logs = "\n".join(path.read_text()[-2000:] for path in sorted(self.folder.glob("*.out")))
                raise TimeoutError(f"waited {seconds} s for {what}\n{logs}")
            time.sleep(0.2)

    def close(self) -> None:
        """Stop everything."""
        self.call("scancel", "--user", getpass.getuser(), check=False)
        self.kill_node()
        for daemon in self.daemons.values():
            daemon.terminate()
        for daemon in self.daemons.values():
            try:
                daemon.wait(timeout=60)
            except subprocess.TimeoutExpired:
                daemon.kill()


def with_suppressed_kill(process: int) -> None:
    """Kill a process that may have ended."""
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        return
