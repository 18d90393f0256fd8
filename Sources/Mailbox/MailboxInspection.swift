public import FileLocking
internal import Posix
public import SystemPackage

/// Messages of a maildir that are whole in the mailbox, and still in the maildir.
public struct KeptList: Sendable, Equatable {
  /// The maildir, as its path was then.
  public let maildir: FilePath
  /// How many messages.
  public let messages: Int
}

/// What deliveries have left beside a mailbox, as somebody sees it who only looks.
public struct MailboxInspection: Sendable {
  /// The journal of the delivery that goes on, or was killed.
  public let journal: JournalInspection?
  /// The lists that wait for the next maildir2mbox, which removes their messages from the maildir, by their names; what
  /// is in one is `nil` when it is not ours to believe. All of it is `nil` when the directory cannot be read.
  public let keptLists: [(name: FilePath, list: KeptList?)]?
  /// The names of the journals that were set aside, because they were not to be followed.
  public let setAside: [FilePath]?

  /// Looks at what is beside a mailbox, which need not exist.
  ///
  /// - Throws: `LockFailure` when the directory cannot be opened, or the journal's file system is in trouble.
  public init(_ location: FileLocation) throws(LockFailure) {
    try self.init(location, in: LockDirectory(location.directory))
  }

  package init(_ location: FileLocation, in place: borrowing LockDirectory) throws(LockFailure) {
    journal = try JournalInspection(location, in: place)
    let lists = place.names?.filter { UniqueName.read($0, beside: location.listPrefix) != nil }.sorted(by: isBefore)
    setAside = place.names?.filter { UniqueName.read($0, beside: location.asidePrefix) != nil }.sorted(by: isBefore)
    var kept: [(name: FilePath, list: KeptList?)] = []
    let look = JournalLook(
      owner: (try? place.directory.status(of: location.name))?.owner, isLocal: place.isLocal, mends: false)
    for name in lists ?? [] { kept.append((name, Self.list(name, look, place))) }
    keptLists = lists == nil ? nil : kept
  }

  /// Whether there is nothing.
  public var isEmpty: Bool { journal == nil && keptLists?.isEmpty != false && setAside?.isEmpty != false }

  private static func list(_ name: FilePath, _ look: JournalLook, _ place: borrowing LockDirectory) -> KeptList? {
    guard case .hot(let journal)? = try? look.look(name, in: place.directory) else { return nil }
    return (try? journal.list())?.inspection
  }

  /// The mailbox beside which a name is one of these; `nil` for other names.
  package static func mailbox(of name: FilePath) -> FilePath? {
    let bytes = name.bytes
    guard bytes.first == UInt8(ascii: ".") else { return nil }
    if let hidden = name.without(".journal") {
      let mailbox = FilePath(bytes: Array(hidden.bytes.dropFirst()))
      return mailbox.isEmpty || mailbox == "." || mailbox == ".." ? nil : mailbox
    }
    for suffix in [".done", ".aside"] {
      for end in bytes.indices.dropFirst(suffix.utf8.count + 2)
      where bytes[..<end].suffix(suffix.utf8.count).elementsEqual(suffix.utf8) {
        guard UniqueName.read(name, beside: FilePath(bytes: Array(bytes[..<end]))) != nil else { continue }
        return FilePath(bytes: Array(bytes[1..<(end - suffix.utf8.count)]))
      }
    }
    return nil
  }
}

extension FileLocation {
  /// How the names of kept lists begin, and those of journals that were set aside.
  var listPrefix: FilePath { hiddenSibling(".done") }
  var asidePrefix: FilePath { hiddenSibling(".aside") }
}

private func isBefore(_ a: FilePath, _ b: FilePath) -> Bool { a.string < b.string }
