internal import FileLocking
internal import Posix
internal import SystemPackage

/// A message in a maildir: where it is, and what its name and its file's status tell.
struct MaildirMessage: Sendable {
  let folder: Maildir.Folder
  let name: FilePath
  let inode: UInt64
  let size: Int64
  let isRegular: Bool
  /// When the delivery wrote it.
  let modified: FileTime
  /// The delivery's own time as the name tells it, in microseconds since 1970; 0 if it does not.
  private let stamp: Int64

  init(_ folder: Maildir.Folder, _ name: FilePath, _ status: FileStatus) {
    (self.folder, self.name) = (folder, name)
    (inode, size, modified, isRegular) = (status.inode, status.size, status.modified, status.isRegular)
    stamp = Self.stamp(name.bytes)
  }

  /// The part of the name that stays the same when a mail reader changes the flags behind it.
  var base: [UInt8] { name.bytes.maildirBase }

  /// `1793524087.M123456P42.host`: seconds, and microseconds behind an `M`.
  private static func stamp(_ name: [UInt8]) -> Int64 {
    let seconds = name.prefix { $0.isDigit }
    guard (1...12).contains(seconds.count) else { return 0 }
    let rest = name.dropFirst(seconds.count)
    let micros = rest.starts(with: ".M".utf8) ? rest.dropFirst(2).prefix { $0.isDigit }.prefix(6) : []
    return number(seconds) * 1_000_000 + number(micros)
  }

  private static func number(_ digits: ArraySlice<UInt8>) -> Int64 {
    digits.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
  }
}

/// Oldest first. qmail goes by the file's time; where that is the same, and the clock of a file system ticks only some
/// hundred times a second, the name's time tells, and then the rest of the name.
extension MaildirMessage: Comparable {
  static func < (a: MaildirMessage, b: MaildirMessage) -> Bool {
    if a.modified != b.modified { return a.modified < b.modified }
    if a.stamp != b.stamp { return a.stamp < b.stamp }
    return a.name.bytes.lexicographicallyPrecedes(b.name.bytes)
  }

  static func == (a: MaildirMessage, b: MaildirMessage) -> Bool { a.inode == b.inode && a.name == b.name }
}

// MARK: - Flags

extension MaildirMessage {
  /// The header lines with which an mbox says what a maildir says in a message's name.
  ///
  /// `P` (passed on) and the letters for a reader's own keywords have no counterpart.
  var statusLines: [UInt8] {
    let flags = self.flags
    func letters(_ pairs: [(Bool, String)]) -> String { pairs.reduce("") { $1.0 ? $0 + $1.1 : $0 } }
    func has(_ flag: Unicode.Scalar) -> Bool { flags.contains(UInt8(ascii: flag)) }
    let status = letters([(has("S"), "R"), (folder == .cur, "O")])
    let more = letters([(has("R"), "A"), (has("F"), "F"), (has("D"), "T"), (has("T"), "D")])
    return Array(((status.isEmpty ? "" : "Status: \(status)\n") + (more.isEmpty ? "" : "X-Status: \(more)\n")).utf8)
  }

  /// The letters behind `:2,`, up to what Dovecot adds behind a comma.
  private var flags: ArraySlice<UInt8> {
    let bytes = name.bytes
    guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), bytes[colon...].starts(with: ":2,".utf8) else {
      return []
    }
    return bytes[(colon + 3)...].prefix { $0 != UInt8(ascii: ",") }
  }
}
