internal import LockPolicy

extension Exporter {
  static let postfix = Exporter(name: "postfix", title: "Postfix", place: "lines for main.cf") { wanted, _ in
    let methods = wanted.policy.method.methods
    let list = methods.map(\.rawValue).joined(separator: ", ")
    return ForeignLocking(
      configuration: [
        .init("method \(wanted.policy.method)", "mailbox_delivery_lock = \(list)", "virtual_mailbox_lock = \(list)"),
        .init(
          wanted.waitingReason, "deliver_lock_attempts = \(wanted.tries(shortenedBy: 25))",
          "deliver_lock_delay = \(wanted.pause)s"),
        .init(wanted.staleReason, "stale_lock_time = \(wanted.staleAfter ?? ExportedPolicy.tenYears)s"),
      ],
      // Whatever the order of the list is.
      methods: [.dotlock, .flock, .fcntl].filter(methods.contains),
      limits: [
        "does all this itself only where no mailbox_command and no mailbox_transport is set",
        "varies its pauses by a quarter, and counts its tries for each method anew, and so may wait for longer",
        "has these settings once for all mailboxes, also for those that other rules are about",
      ] + (wanted.takes(.dotlock) ? dotlockLimits(wanted) : []))
  }

  private static func dotlockLimits(_ wanted: ExportedPolicy) -> [String] {
    [
      "makes its lock files with O_EXCL and mode 0, not with link(2) and dotlock.mode",
      "compares their times with this host's clock, which must agree with the file server's",
    ]
      + (wanted.policy.steal.after == nil || wanted.policy.steal.foreignAfter == nil
        ? ["knows no never for stale_lock_time, which is ten years here"] : [])
      + (wanted.canDoWithoutDotlock
        ? ["bounces mail where it cannot make a lock file (dotlock.unwritable-directory kernel-only)"] : [])
  }
}
