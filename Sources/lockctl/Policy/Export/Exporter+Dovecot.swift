internal import LockPolicy

extension Exporter {
  static let dovecot = Exporter(
    name: "dovecot", title: "Dovecot", place: "lines for dovecot.conf (!include them there)"
  ) { wanted, _ in
    let stale = ForeignLocking.Lines(
      wanted.staleReason + "; 0 is never", "mbox_dotlock_change_timeout = \(wanted.staleAfter ?? 0) secs")
    let excl = ForeignLocking.Lines("a network file system: lock files by link(2)", "dotlock_use_excl = no")
    return ForeignLocking(
      configuration: [
        methodLines(wanted),
        .init(
          wanted.timeout == nil ? "\(wanted.waitingText): ten years" : wanted.waitingText,
          "mbox_lock_timeout = \(wanted.timeout ?? ExportedPolicy.tenYears) secs"),
      ] + (wanted.takes(.dotlock) ? [stale] : []) + (wanted.takes(.dotlock) && wanted.isLocal == false ? [excl] : []),
      methods: wanted.policy.method.methods,
      limits: [
        "waits that long for the lock file and for the kernel's locks anew, and tries with pauses of its own",
        "has these settings once for all mailboxes, also for those that other rules are about",
      ] + (wanted.takes(.dotlock) ? dotlockLimits : [])
        + (wanted.takes(.dotlock) && !wanted.kernelMethods.isEmpty
          ? ["reads without a lock file: what dotlock(8) runs, with a lock file alone, is kept apart from writers only"]
          : []),
      judgment: "takes a lock file away when that and the mailbox have not changed for so long")
  }

  /// Readers need no more than what every writer takes; and Dovecot wants both lists in one order.
  private static func methodLines(_ wanted: ExportedPolicy) -> ForeignLocking.Lines {
    let dotlock = wanted.canDoWithoutDotlock ? "dotlock_try" : "dotlock"
    func names(_ methods: [Method]) -> String {
      methods.map { $0 == .dotlock ? dotlock : $0.rawValue }.joined(separator: " ")
    }
    let reading = wanted.kernelMethods.isEmpty ? [.dotlock] : wanted.kernelMethods
    let note = wanted.canDoWithoutDotlock ? ", dotlock.unwritable-directory kernel-only" : ""
    return .init(
      "method \(wanted.policy.method)\(note)", "mbox_write_locks = \(names(wanted.policy.method.methods))",
      "mbox_read_locks = \(names(reading))")
  }

  private static let dotlockLimits = [
    "makes its lock files by the umask, not with dotlock.mode; where only the group mail may, with mail_privileged_group",
    "compares times with this host's clock, which must agree with the file server's",
    "takes a lock file with PID:HOST in it away at once when this host has no such process; ours have no HOST",
  ]
}
