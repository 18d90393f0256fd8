internal import LockPolicy

extension Exporter {
  static let exim = Exporter(
    name: "exim", title: "Exim", place: "lines for a transport with driver = appendfile (.include them there)"
  ) { wanted, _ in
    let wait = ForeignLocking.Lines(
      wanted.waitingReason, "lock_retries = \(wanted.tries)", "lock_interval = \(wanted.pause)s",
      "lock_fcntl_timeout = 0s", "lock_flock_timeout = 0s")
    let dotlock = ForeignLocking.Lines(
      wanted.staleReason + "; 0s is never", "lockfile_timeout = \(wanted.staleAfter ?? 0)s")
    let mode = ForeignLocking.Lines("dotlock.mode", "lockfile_mode = \(octal(wanted.policy.dotlock.mode))")
    return ForeignLocking(
      configuration: [methodLines(wanted), wait] + (wanted.takes(.dotlock) ? [dotlock, mode] : []),
      methods: [.dotlock, .fcntl, .flock].filter(wanted.takes),
      limits: ["counts its tries for the lock file and for the kernel's locks anew, and so may wait for longer"]
        + (wanted.takes(.dotlock)
          ? ["compares the times of lock files with this host's clock, which must agree with the file server's"] : [])
        + (wanted.canDoWithoutDotlock
          ? ["defers where it cannot make a lock file (dotlock.unwritable-directory kernel-only)"] : []))
  }

  private static func methodLines(_ wanted: ExportedPolicy) -> ForeignLocking.Lines {
    .init(
      "method \(wanted.policy.method)", "use_lockfile = \(wanted.takes(.dotlock))",
      "use_fcntl_lock = \(wanted.takes(.fcntl))", "use_flock_lock = \(wanted.takes(.flock))")
  }

  private static func octal(_ mode: UInt32) -> String { "0" + String(mode, radix: 8) }
}
