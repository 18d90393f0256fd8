internal import FileLocking
internal import Posix
internal import SystemPackage

/// How a mailbox was before something was appended to it: what tells the added bytes from all others, and what is given
/// back to it when they are cut off.
struct OldEnd: Equatable {
  let length: Int64
  /// The last bytes, up to ``tailLimit``. The mailbox may be another file by now, which a fence or a mail reader has put in
  /// its place: that it is the same up to here tells more than the number of an inode.
  let tail: [UInt8]
  let accessed: FileTime
  let modified: FileTime

  static let tailLimit = 56

  /// How many newlines are missing for it to end in a blank line. Without them a message is glued to what a crashed or
  /// careless writer left, and readers do not see it. A line of `\r\n` is not blank to them.
  var missingNewlines: Int { length == 0 ? 0 : 2 - tail.suffix(2).reversed().prefix { $0 == .newline }.count }

  /// Whether the file, which has at least that length, is still the same there.
  func isIn(_ file: borrowing Descriptor) throws(Errno) -> Bool {
    tail.isEmpty ? true : try file.bytes(atMost: tail.count, from: length - Int64(tail.count)) == tail
  }
}

extension OldEnd {
  /// Examines a file that something is to be appended to.
  init(of file: borrowing Descriptor, _ status: FileStatus) throws(Errno) {
    let count = Int(min(status.size, Int64(Self.tailLimit)))
    self.init(
      length: status.size, tail: count == 0 ? [] : try file.bytes(atMost: count, from: status.size - Int64(count)),
      accessed: status.accessed, modified: status.modified)
  }
}
