internal import FileLocking
internal import Posix
internal import SystemPackage

/// Where a mailbox's journal is, and by which rules it is made.
struct JournalName {
  let name: FilePath
  /// By local rules it has no other name before, and is locked while its writer lives.
  let isLocal: Bool

  /// A name beside it that nobody uses.
  var unique: FilePath { UniqueName.beside(name) }
}

/// A file on its way to become a journal.
struct JournalFile: ~Copyable {
  private(set) var descriptor: Descriptor
  /// The name that it has until then; none where there are files without one.
  private let name: FilePath?

  static func make(in directory: borrowing Directory, _ journal: JournalName) throws(Errno) -> JournalFile {
    if journal.isLocal, let file = try directory.openNamelessIfPossible(mode: 0o600) { return JournalFile(file) }
    let name = journal.unique
    return JournalFile(
      try directory.open(name, [.readWrite, .create, .exclusive, .noFollow], mode: 0o600), name: name)
  }

  init(_ descriptor: consuming Descriptor, name: FilePath? = nil) {
    self.descriptor = descriptor
    self.name = name
  }

  /// Becomes the journal, if there is none.
  ///
  /// - Returns: `nil` when somebody else's has the name.
  consuming func link(
    _ journal: JournalName, in directory: borrowing Directory
  ) throws(Errno) -> OwnJournal? {
    guard let name else { return try Self.link(descriptor, journal, directory) }
    // Whatever has failed: a name that stays would be a second one of the journal, or of nothing.
    defer { Self.discard(name, directory) }
    return try Self.link(name, descriptor, journal, directory)
  }

  /// Takes the file's own name away; one without a name vanishes by itself.
  consuming func discard(_ directory: borrowing Directory) {
    if let name { Self.discard(name, directory) }
  }

  private static func discard(_ name: FilePath, _ directory: borrowing Directory) {
    try? insist(
      on: { () throws(Errno) in try directory.unlink(name) }, unless: { $0 == .noSuchFileOrDirectory })
  }

  private static func link(
    _ file: consuming Descriptor, _ journal: JournalName, _ directory: borrowing Directory
  ) throws(Errno) -> OwnJournal? {
    do throws(Errno) {
      try directory.link(file, as: journal.name)
    } catch {
      if error == .fileExists { return nil }
      throw error
    }
    return OwnJournal(file)
  }

  /// Over a network the reply may be lost and the request sent again, so the files are asked, not the call.
  private static func link(
    _ name: FilePath, _ file: consuming Descriptor, _ journal: JournalName, _ directory: borrowing Directory
  ) throws(Errno) -> OwnJournal? {
    var refusal: Errno?
    do throws(Errno) { try directory.link(name, to: journal.name) } catch { refusal = error }
    do throws(Errno) {
      // A journal that is there and not believed in would stay.
      let own = try insist { () throws(Errno) in try file.status() }
      let now = try insist(
        on: { () throws(Errno) in try directory.status(of: journal.name) }, unless: { $0 == .noSuchFileOrDirectory })
      guard now.isSameFile(as: own) else { return nil }
      // The lock lives with the descriptor.
      if journal.isLocal { return OwnJournal(file) }
      // Kept open by its last name: an NFS client would not let go of the other one. Closed before it is opened again,
      // for which there may be no other descriptor.
      try? file.close()
      let linked = try insist { () throws(Errno) in
        try directory.open(journal.name, [.readWrite, .noFollow, .unsuspecting])
      }
      let opened = try insist { () throws(Errno) in try linked.status() }
      guard opened.isSameFile(as: own) else { return nil }
      return OwnJournal(linked)
    } catch {
      throw refusal ?? error
    }
  }
}

/// The journal of a delivery that goes on; or of one that goes without.
struct OwnJournal: ~Copyable {
  let isThere: Bool
  private var descriptor: Descriptor?

  init(_ descriptor: consuming Descriptor) {
    self.descriptor = .some(descriptor)
    isThere = true
  }

  init() {
    descriptor = nil
    isThere = false
  }

  /// Tells whoever finds it, through our own descriptor: the name may be somebody else's journal by now.
  func mark(_ state: JournalHeader.State) {
    switch descriptor {
    case .none: return
    case .some(let file): try? file.write(state.rawValue, at: JournalHeader.statePosition)
    }
  }

  func synchronize() throws(Errno) {
    switch descriptor {
    case .none: return
    case .some(let file): try file.synchronize()
    }
  }

  /// Ends the writing; the file may be the spool's, too, and would keep the lock.
  mutating func close() {
    if let file = descriptor.take() { try? file.releaseRecordLock() }
  }
}
