/// Every policy key, declared once.
///
/// Policy files, `-o`, long options, `--help`, `lockctl policy`, the JSON schema and the manual's list of
/// keys come from this table or are tested against it.
public enum Settings {
  /// The keys in the order in which people read them.
  public static let table: [Setting] = [
    Setting("method", { $0.method }, { $0.method = $1 }, option: "method", "locking methods, taken left to right"),

    Setting(
      "lease.length", { $0.lease.length }, { $0.lease.length = $1 }, tick...year, or: "none", option: "lease",
      "longest that one holder may hold"),
    Setting(
      "lease.warning", { $0.lease.warning }, { $0.lease.warning = $1 }, .zero...year, option: "warning",
      "SIGALRM this long before the lease ends"),
    Setting(
      "lease.kill", { $0.lease.kill }, { $0.lease.kill = $1 }, .zero...year, option: "kill",
      "SIGKILL this long before the lease ends"),
    Setting(
      "lease.refresh", { $0.lease.refresh }, { $0.lease.refresh = $1 }, tick...year, option: "refresh",
      "how often a held lock file is touched"),

    Setting(
      "wait.timeout", { $0.wait.timeout }, { $0.wait.timeout = $1 }, .zero...year, or: "forever", option: "timeout",
      "give up waiting after this long; 0 tries once"),
    Setting("wait.first", { $0.wait.first }, { $0.wait.first = $1 }, tick...day, "first pause between tries"),
    Setting("wait.longest", { $0.wait.longest }, { $0.wait.longest = $1 }, tick...day, "longest pause between tries"),
    Setting(
      "wait.growth", { $0.wait.growth }, { $0.wait.growth = $1 }, 1...100,
      "each pause is this many times the one before"),
    Setting(
      "wait.jitter", { $0.wait.jitter }, { $0.wait.jitter = $1 }, 0...1, "share of a pause that is left to chance"),
    Setting(
      "wait.notify", { $0.wait.notify }, { $0.wait.notify = $1 }, "wake at once when a holder on this host lets go"),

    Setting(
      "steal.after", { $0.steal.after }, { $0.steal.after = $1 }, tick...year, or: "never", option: "steal-after",
      "a lock untouched for this long may be stolen"),
    Setting(
      "steal.foreign-after", { $0.steal.foreignAfter }, { $0.steal.foreignAfter = $1 }, tick...year, or: "never",
      option: "foreign-after",
      "the same for other programs' lock files"),
    Setting(
      "steal.dead-owner", { $0.steal.deadOwner }, { $0.steal.deadOwner = $1 },
      "steal from a writer that is provably gone"),
    Setting(
      "steal.observe", { $0.steal.observe }, { $0.steal.observe = $1 }, .zero...day,
      "watch a lock unchanged for this long before stealing it"),
    Setting("steal.fence", { $0.steal.fence }, { $0.steal.fence = $1 }, "how a late writer is kept out of the mailbox"),
    Setting(
      "steal.fence-max", { $0.steal.fenceMax }, { $0.steal.fenceMax = $1 }, 0...Int.max,
      "largest mailbox that is replaced for a fence"),

    Setting(
      suffix: "dotlock.suffix", { $0.dotlock.suffix }, { $0.dotlock.suffix = $1 },
      "what the lock file's name adds to the file's"),
    Setting(
      "dotlock.mode", { $0.dotlock.mode }, { $0.dotlock.mode = $1 }, requiring: 0o400, "permissions of the lock file"),
    Setting(
      "dotlock.unwritable-directory", { $0.dotlock.unwritableDirectory }, { $0.dotlock.unwritableDirectory = $1 },
      "where no lock file can be made"),

    Setting("mailbox.create", { $0.mailbox.create }, { $0.mailbox.create = $1 }, "make a mailbox that does not exist"),
    Setting(
      "mailbox.mode", { $0.mailbox.mode }, { $0.mailbox.mode = $1 }, requiring: 0o600,
      "permissions of a mailbox that is made"),
    Setting("mailbox.sync", { $0.mailbox.sync }, { $0.mailbox.sync = $1 }, "report a delivery only when it is on disk"),
    Setting(
      "mailbox.journal", { $0.mailbox.journal }, { $0.mailbox.journal = $1 }, option: "journal",
      "write down first what will be appended"),
    Setting(
      "mailbox.symlinks", { $0.mailbox.symlinks }, { $0.mailbox.symlinks = $1 }, "a mailbox that is a symbolic link"),
    Setting(
      "mailbox.quoting", { $0.mailbox.quoting }, { $0.mailbox.quoting = $1 }, option: "quoting",
      "how lines that begin with From are marked"),
    Setting(
      "mailbox.size-limit", { $0.mailbox.sizeLimit }, { $0.mailbox.sizeLimit = $1 }, 1...Int.max, or: "none",
      option: "size-limit",
      "size beyond which a mailbox does not grow"),

    Setting("exit-codes", { $0.exitCodes }, { $0.exitCodes = $1 }, option: "exit-codes", "exit statuses for failures"),
  ]

  /// The setting of that key.
  public static func setting(_ key: String) -> Setting? { position(of: key).map { table[$0] } }

  /// The position of a key in ``table``.
  package static func position(of key: String) -> Int? { table.firstIndex { $0.key == key } }

  /// Whether keys of that section are in ``table``.
  package static func hasSection(_ name: String) -> Bool {
    let prefix = name + "."
    return table.contains { $0.key.hasPrefix(prefix) }
  }

  /// The position of a key in ``table``; keys that are not there are a programming error of this package.
  static func index(of key: String) -> Int {
    guard let index = position(of: key) else { preconditionFailure("no setting \(key)") }
    return index
  }

  /// The key that was meant: one that ends like `key`, or that differs from it, or ends in something that differs
  /// from it, by few typing errors.
  package static func suggestion(for key: String) -> String? {
    let name = key.lastComponent
    if let setting = theOnly(where: { $0.name == name }) { return setting.key }
    if let near = nearest(to: key, among: table.map(\.key)) { return near }
    guard let near = nearest(to: name, among: table.map(\.name)) else { return nil }
    return theOnly { $0.name == near }?.key
  }

  /// What to write in place of a key that there is not. There are too many to name them all in one line.
  static func advice(for key: String) -> String {
    if hasSection(key) {
      return "its keys are " + table.filter { $0.section == key }.map(\.key).joined(separator: ", ")
    }
    let near = suggestion(for: key)
    return near.map { "did you mean '\($0)'?" } ?? "dotlock.yaml(5) and 'lockctl policy show' list the keys"
  }

  private static func theOnly(where isMeant: (Setting) -> Bool) -> Setting? {
    let meant = table.filter(isMeant)
    return meant.count == 1 ? meant[0] : nil
  }

  /// The sections in the order of the table: `lease`, `wait`, ...
  package static var sections: [String] {
    table.compactMap(\.section).reduce(into: []) { if $0.last != $1 { $0.append($1) } }
  }
}

extension String {
  fileprivate var lastComponent: String { split(separator: ".").last.map(String.init) ?? self }
}

private let tick = Duration.milliseconds(1)
private let day = Duration.seconds(86_400)
private let year = Duration.seconds(365 * 86_400)
