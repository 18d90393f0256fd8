@testable internal import FileLocking
internal import Glibc
internal import LockPolicy
@testable internal import Mailbox
@testable internal import Posix
internal import SystemPackage

/// A mailbox and a maildir, in the directory that the environment names, which is used again and again.
struct RecoveryPlace {
  struct File {
    let number: String
    let folder: String
    let name: String
    let inode: UInt64

    func isMeant(_ item: ListItem) -> Bool { item.inode == inode && item.base == name.prefix { $0 != ":" } }
  }

  private static let path = FilePath(getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp").appending(
    "fuzz.\(getpid())")
  let files: [File]

  private var mailboxPath: FilePath { Self.path.appending("spool/Mailbox") }
  var maildir: FilePath { Self.path.appending("Maildir") }

  /// Empties it, and puts two messages into the maildir.
  init() throws {
    for name in ["", "spool", "Maildir", "Maildir/new", "Maildir/cur"] {
      mkdir(Self.path.appending(name).string, 0o700)
    }
    for name in ["spool", "Maildir/new", "Maildir/cur"] {
      for entry in try Directory(Self.path.appending(name)).names() {
        unlink(Self.path.appending(name).appending(entry.components).string)
      }
    }
    files = try [("1", "new", "a"), ("2", "cur", "b:2,S")].map { number, folder, name in
      let path = Self.path.appending("Maildir/\(folder)")
      let file = try Directory(path).open(FilePath(name), [.writeOnly, .create], mode: 0o600)
      return File(number: number, folder: folder, name: name, inode: try file.status().inode)
    }
  }

  func fill(mailbox: [UInt8], journal: [UInt8]) throws {
    let directory = try Directory(Self.path.appending("spool"))
    try directory.open("Mailbox", [.writeOnly, .create], mode: 0o600).writeAll(mailbox)
    try directory.open(".Mailbox.journal", [.writeOnly, .create], mode: 0o600).writeAll(journal)
  }

  func recover(isLocal: Bool) throws -> Recovery {
    var policy = Policy()
    policy.method = [.dotlock]
    policy.wait.timeout = .zero
    policy.mailbox.sync = false
    var lock = try HeldLock.acquire(
      on: FileLocation(of: mailboxPath), policy: policy, holder: .writer, inherited: [], isLocal: isLocal,
      canQueue: false, attend: { _ in })
    let recovery = try lock.recover()
    try lock.release()
    return recovery
  }

  func mailbox() throws -> [UInt8] {
    let file = try Directory(Self.path.appending("spool")).open("Mailbox", .readOnly)
    return try file.bytes(atMost: Int(file.status().size), from: 0)
  }

  func names() throws -> [String] { try Directory(Self.path.appending("spool")).names().map(\.string) }

  func isThere(_ file: File) throws -> Bool {
    try Directory(Self.path.appending("Maildir/\(file.folder)")).statusIfThere(of: FilePath(file.name)) != nil
  }
}
