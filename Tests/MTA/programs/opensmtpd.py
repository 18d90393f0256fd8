"""OpenSMTPD with an mda action."""

from machine import Machine, wait_for
from server import Server, example


class OpenSMTPD(Server):
    name = "opensmtpd"
    packages = "opensmtpd"

    def prepare(self) -> None:
        self.machine.write("/etc/smtpd.conf", example("opensmtpd/smtpd.conf"))
        self.machine.directory("/var/spool/smtpd", 0o711)
        self.machine.directory("/var/lib/opensmtpd/empty", 0o755)
        program = self.machine.path("/usr/sbin/smtpctl").read_bytes()
        self.machine.write("/usr/sbin/smtpctl", program, 0o2755, "root", "opensmtpq")

    def start(self) -> None:
        self.machine.daemon("/usr/sbin/smtpd", "-d")
        wait_for("an SMTP server", lambda: self.machine.run("smtpctl", "show", "status").returncode == 0)

    def queue(self) -> dict[str, bool]:
        # evpid|inet4|mda|auth|sender|...|status|retry|error
        listed = self.machine.check("smtpctl", "show", "queue").splitlines()
        fields = [line.split("|") for line in listed if line.count("|") > 8]
        return {entry[0]: "Temporary failure" in entry[-1] or "pending" in entry and entry[-1] != "" for entry in fields}

    def retry(self) -> None:
        self.machine.check("smtpctl", "schedule", "all")


def complaints(machine: Machine, text: str) -> str:
    machine.write("/tmp/smtpd.conf", text)
    result = machine.run("smtpd", "-n", "-f", "/tmp/smtpd.conf")
    return "" if result.returncode == 0 else result.stdout.decode()
