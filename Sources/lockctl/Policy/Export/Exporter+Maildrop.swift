internal import LockPolicy

extension Exporter {
  /// The seconds that Debian's maildrop lives.
  private static let watchdog = 300

  static let maildrop = Exporter(
    name: "maildrop", title: "maildrop", place: "lines for a mailfilter or maildroprc",
    builtWith: [.dotlock, .fcntl], canNameLock: true
  ) { wanted, built in
    let refresh = wanted.refreshInterval.map {
      [
        ForeignLocking.Lines(
          "lease.refresh, or a third of steal.after; below 10 it would not refresh at all", "LOCKREFRESH=\(max($0, 10))"
        )
      ]
    }
    let stale = wanted.staleAfter ?? ExportedPolicy.tenYears
    return ForeignLocking(
      configuration: [
        .init("dotlock.suffix", "LOCKEXT=\"\(wanted.suffixIfPlain)\""),
        .init("wait.longest \(wanted.policy.wait.longest.policyText), in whole seconds", "LOCKSLEEP=\(wanted.pause)"),
        .init(
          wanted.staleReason + "; 0 would be at once, and never is ten years",
          "LOCKTIMEOUT=\(stale)"),
      ] + (refresh ?? []),
      methods: [.dotlock, .fcntl, .flock].filter(built.contains),
      limits: [
        "takes the methods that it was built with, whatever it is told",
        "waits until its watchdog ends it, after five minutes as Debian builds it, not \(wanted.waitingText)",
        "makes its lock files by the umask, not with dotlock.mode",
      ] + (stale < watchdog ? [] : ["never takes away what was left behind: its watchdog ends it before"]),
      judgment: "takes a lock file away that it has watched for LOCKTIMEOUT seconds unchanged, by its own clock",
      hold: "until its watchdog ends it")
  }
}
