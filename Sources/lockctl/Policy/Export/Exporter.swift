internal import LockPolicy

/// A program of somebody else that can be told how to lock mailboxes.
struct Exporter: Sendable {
  /// What it is called after `--for`.
  let name: String
  /// As its authors write it.
  let title: String
  /// Where the lines belong.
  let place: String
  /// The methods that it was built with, in the order in which it takes them, where nothing else decides on them: by
  /// Debian, since nobody can see what is on the hosts for which the lines are made.
  var builtWith: [Method]?
  /// Whether it can be told what the name of a lock file ends in.
  var canNameLock = false
  /// What makes it follow a policy, by methods that it was built with.
  let configure: @Sendable (ExportedPolicy, [Method]) -> ForeignLocking

  /// Every program that there are lines for.
  static let table = [postfix, exim, dovecot, mutt, procmail, maildrop, mailutils]
}

/// What another program does when it has the lines.
struct ForeignLocking {
  /// Lines that belong together, and the reason for their values.
  struct Lines {
    let reason: String
    let lines: [String]

    init(_ reason: String, _ lines: String...) { (self.reason, self.lines) = (reason, lines) }
  }

  let configuration: [Lines]
  /// The methods that it takes, in its order.
  let methods: [Method]
  /// What of the policy it cannot do; each continues a sentence that begins with the program.
  let limits: [String]
  /// How it decides that a lock file was left behind.
  var judgment = "judges a lock file by its name and age alone"
  /// What ends its own lock.
  var hold = "for as long as it likes"
}
