internal import LockPolicy

extension Exporter {
  static let mailutils = Exporter(
    name: "mailutils", title: "GNU mailutils", place: "lines for mailutils.conf"
  ) { wanted, _ in
    let isDotlockCommon = wanted.takes(.dotlock) && wanted.policy.dotlock.suffix == ExportedPolicy.usualSuffix
    let method: Method = isDotlockCommon || !wanted.takes(.fcntl) && wanted.takes(.dotlock) ? .dotlock : .fcntl
    return ForeignLocking(
      configuration: [
        .init("method \(wanted.policy.method)", "locking {", "  type \(method == .dotlock ? "dotlock" : "kernel");"),
        .init(wanted.waitingReason, "  retry-count \(wanted.tries);", "  retry-sleep \(wanted.pause);"),
        wanted.staleAfter.map { .init(wanted.staleReason, "  expire-timeout \($0);") }
          ?? .init("\(wanted.staleText): no expire-timeout, which is never"),
        .init("a process id proves nothing: ours may be another host's", "  pid-check no;", "};"),
      ],
      methods: [method],
      limits: [
        "takes one method and no second one",
        "has these settings once for all mailboxes, also for those that other rules are about",
      ] + (method == .dotlock ? dotlockLimits : []))
  }

  private static let dotlockLimits = [
    "takes the kernel's fcntl lock instead, and says nothing, where it cannot make a lock file",
    "makes its lock files with mode 0644, not with dotlock.mode",
    "compares their times with this host's clock, which must agree with the file server's",
  ]
}
