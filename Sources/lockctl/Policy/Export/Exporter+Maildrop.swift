internal import LockPolicy

extension Exporter {
  static let maildrop = Exporter(
    name: "maildrop", title: "maildrop", place: "lines for a mailfilter or maildroprc",
    builtWith: [.dotlock, .fcntl], canNameLock: true
  ) { wanted, built in
    let refresh = wanted.refreshInterval.map {
      [ForeignLocking.Lines("lease.refresh, or a third of steal.after", "LOCKREFRESH=\($0)")]
    }
    return ForeignLocking(
      configuration: [
        .init("dotlock.suffix", "LOCKEXT=\"\(wanted.suffixIfPlain)\""),
        .init("wait.longest \(wanted.policy.wait.longest.policyText), in whole seconds", "LOCKSLEEP=\(wanted.pause)"),
        .init(
          wanted.staleReason + "; 0 would be at once, and never is ten years",
          "LOCKTIMEOUT=\(wanted.staleAfter ?? ExportedPolicy.tenYears)"),
      ] + (refresh ?? []),
      methods: [.dotlock, .fcntl, .flock].filter(built.contains),
      limits: [
        "takes the methods that it was built with, whatever it is told",
        "waits until its watchdog ends it, after five minutes as Debian builds it, not \(wanted.waitingText)",
        "makes its lock files by the umask, not with dotlock.mode",
        "compares their times with this host's clock, which must agree with the file server's",
      ])
  }
}
