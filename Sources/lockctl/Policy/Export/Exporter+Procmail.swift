internal import LockPolicy

extension Exporter {
  static let procmail = Exporter(
    name: "procmail", title: "procmail", place: "lines for a procmailrc", builtWith: [.dotlock, .fcntl],
    canNameLock: true
  ) { wanted, built in
    ForeignLocking(
      configuration: [
        .init("dotlock.suffix", "LOCKEXT=\(wanted.suffixIfPlain)"),
        .init("wait.longest \(wanted.policy.wait.longest.policyText), in whole seconds", "LOCKSLEEP=\(wanted.pause)"),
        .init(wanted.staleReason + "; 0 is never", "LOCKTIMEOUT=\(wanted.staleAfter ?? 0)"),
      ],
      methods: [.dotlock] + [.fcntl, .flock].filter(built.contains),
      limits: [
        "takes the kernel's locks that it was built with, whatever it is told ('procmail -v' lists them)",
        "makes a lock file for $DEFAULT and $ORGMAIL, and for other mailboxes only where the recipe says so (':0:')",
        "makes its lock files with mode 0444, not with dotlock.mode",
      ] + (wanted.timeout == nil ? [] : ["waits for ever, in the kernel too, not \(wanted.waitingText)"]))
  }
}
