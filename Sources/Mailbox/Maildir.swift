internal import FileLocking
internal import Posix
internal import SystemPackage

/// A maildir held open: one file for each message, in new/ until a mail reader has seen it, then in cur/.
struct Maildir: ~Copyable {
  /// The part of a maildir that a message is in.
  enum Folder: String, Sendable {
    case new, cur
  }

  /// The maildir itself, where the lock on all of it is taken.
  let root: Directory
  /// Its path without symbolic links, as others can find it.
  let realPath: FilePath
  private let new: Directory
  private let cur: Directory

  /// Opens a maildir.
  ///
  /// - Throws: `LockFailure`: it is missing, or has no new/ or no cur/. A symbolic link in the place of these is not
  ///   followed: whoever runs this for somebody else must not be led to a third one's mail.
  init(_ path: FilePath) throws(LockFailure) {
    let root = try attempt(path, "cannot open the maildir") { () throws(Errno) in try Directory(path) }
    let new = try Self.part(.new, of: root)
    let cur = try Self.part(.cur, of: root)
    realPath = try FileLocation(of: path.entry("new")).directory
    self.root = root
    self.new = new
    self.cur = cur
  }

  private static func part(_ folder: Folder, of root: borrowing Directory) throws(LockFailure) -> Directory {
    let name = FilePath(folder.rawValue)
    return try attempt(root.path.entry(name), "cannot open this part of the maildir") { () throws(Errno) in
      try root.subdirectory(name)
    }
  }

  /// The directory of a part.
  subscript(folder: Folder) -> Directory {
    _read {
      switch folder {
      case .new: yield new
      case .cur: yield cur
      }
    }
  }

  /// Where a message is, for people.
  func path(of message: MaildirMessage) -> FilePath { path(message.folder, message.name) }

  func path(_ folder: Folder, _ name: FilePath) -> FilePath {
    root.path.entry(FilePath(folder.rawValue)).entry(name)
  }
}

// MARK: - What is in it

extension Maildir {
  /// The messages that are older than a moment, oldest first.
  ///
  /// What is younger may not be complete in its order: another delivery of the same second may still be on its way.
  ///
  /// - Parameter seconds: since 1970.
  func messages(before seconds: Int64) throws(LockFailure) -> [MaildirMessage] {
    // New ones first: a reader that looks at one meanwhile moves it from there to cur/, and not back.
    var messages = try self.messages(in: .new, before: seconds)
    messages += try self.messages(in: .cur, before: seconds)
    messages.sort()
    return messages
  }

  private func messages(in folder: Folder, before seconds: Int64) throws(LockFailure) -> [MaildirMessage] {
    try attempt(root.path.entry(FilePath(folder.rawValue)), "cannot read the directory") { () throws(Errno) in
      var messages: [MaildirMessage] = []
      for name in try self[folder].names() where !name.isHidden {
        guard let status = try self[folder].statusIfThere(of: name) else { continue }
        let message = MaildirMessage(folder, name, status)
        if status.modified.seconds < seconds { messages.append(message) }
      }
      return messages
    }
  }

  /// Whether a message is still there as it was seen.
  func holds(_ message: MaildirMessage) throws(Errno) -> Bool {
    try self[message.folder].statusIfThere(of: message.name)?.inode == message.inode
  }

  /// Removes from tmp/ what no delivery can still be using: files that nobody has touched for 36 hours, as maildir(5)
  /// has it.
  ///
  /// - Parameter now: seconds since 1970.
  func clean(now: Int64) {
    // What cannot be cleaned is in nobody's way.
    guard let tmp = try? root.subdirectory("tmp"), let names = try? tmp.names() else { return }
    for name in names where !name.isHidden {
      guard let status = try? tmp.status(of: name), status.isRegular else { continue }
      if max(status.accessed, status.modified).seconds + 36 * 3600 < now { try? tmp.unlink(name) }
    }
  }
}

extension FileTime {
  /// Whole seconds since 1970, rounded down.
  var seconds: Int64 { nanoseconds >= 0 ? nanoseconds / 1_000_000_000 : (nanoseconds + 1) / 1_000_000_000 - 1 }
}

extension FilePath {
  fileprivate var isHidden: Bool { withPlatformString { $0.pointee == CChar(UInt8(ascii: ".")) } }
}
