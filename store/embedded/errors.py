"""What can stand in the way. Each message is one line that says what to do."""


class ClusterError(Exception):
    """The embedded PostgreSQL could not be made, started or brought to a new version."""


class ClusterInUse(ClusterError):
    """Another process runs this cluster; only a second server minds, commands may share it."""


class AccountMissing(ClusterError):
    """There is no user that PostgreSQL could run as."""


class FolderClosed(ClusterError):
    """Somebody who has to reach the cluster's folder may not."""


class ProgramFailed(ClusterError):
    """One of PostgreSQL's programs ended with an error."""

    def __init__(self, program: str, output: str) -> None:
        lines = output.strip().splitlines()
        super().__init__(f"{program} failed: {lines[-1] if lines else 'it said nothing'}")
        self.output = output


class UpgradeFailed(ClusterError):
    """A newer major version could not take the data over; the old data is as it was."""
