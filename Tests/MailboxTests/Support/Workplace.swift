import FileLocking
import LockPolicy
@testable import Mailbox
import Posix
import SystemPackage
import TestSupport

/// A directory of a test's own, with a mailbox in it.
struct Workplace: ~Copyable {
  private let scratch = ScratchDirectory()
  var directory: FilePath { scratch.path }
  var mailbox: FilePath { scratch.file("Mailbox") }
  var names: [String] { scratch.names }

  func write(_ text: String, to name: String = "Mailbox") throws { try scratch.write(text, to: name) }

  func addBehind(_ text: String) throws {
    try Directory(directory).open("Mailbox", [.writeOnly, .append]).writeAll(Array(text.utf8))
  }

  /// What is in a file, read without a trace.
  func bytes(of name: String = "Mailbox") throws -> [UInt8] {
    let file = try Directory(directory).open(FilePath(name), [.readOnly, .noAccessTime])
    return try file.bytes(atMost: Int(file.status().size), from: 0)
  }

  func text() throws -> String { String(decoding: try bytes(), as: UTF8.self) }

  func status(of name: String = "Mailbox") throws -> FileStatus { try scratch.status(of: name) }

  /// Sets the mailbox's times to a moment long ago, so that any change shows.
  func age(accessed: Int64, modified: Int64) throws {
    let file = try Directory(directory).open("Mailbox", .readWrite)
    try file.setTimes(
      accessed: FileTime(nanoseconds: accessed * 1_000_000_000 + 123_456_789),
      modified: FileTime(nanoseconds: modified * 1_000_000_000 + 987_654_321))
  }

  /// Everything of the mailbox that a failed delivery must leave as it was.
  func fingerprint() throws -> Fingerprint {
    let status = try status()
    return Fingerprint(
      bytes: try bytes(), inode: status.inode, mode: status.mode, accessed: status.accessed, modified: status.modified)
  }
}

struct Fingerprint: Equatable {
  let bytes: [UInt8]
  let inode: UInt64
  let mode: UInt32
  let accessed: FileTime
  let modified: FileTime
}

/// The date that the tests' `From ` lines get.
let testTime: Int64 = 1_793_524_087
let testDate = "Sun Nov 01 09:08:07 2026"

extension Spool {
  /// A spooled message, read in portions of at most `portion` bytes.
  init(
    bytes: [UInt8], _ envelope: Envelope = Envelope(sender: "ann@example.org"), portion: Int = .max,
    quoting: Policy.Quoting = .mboxrd, directories: [FilePath] = ["/tmp"]
  ) throws(LockFailure) {
    var offset = 0
    try self.init(envelope, quoting: quoting, directories: directories, now: testTime) { buffer in
      let count = min(buffer.count, portion, bytes.count - offset)
      bytes.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset..<offset + count])) }
      offset += count
      return count
    }
  }

  init(_ text: String, _ envelope: Envelope = Envelope(sender: "ann@example.org")) throws(LockFailure) {
    try self.init(bytes: Array(text.utf8), envelope)
  }

  /// What would be appended to an empty mailbox.
  func contents() throws -> [UInt8] {
    let record = record(padding: 0)
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: scratchSize, alignment: 16)
    defer { scratch.deallocate() }
    var contents: [UInt8] = []
    while contents.count < record.length {
      contents += try piece(of: record, from: Int64(contents.count), scratch: scratch)
    }
    return contents
  }

  func text() throws -> String { String(decoding: try contents(), as: UTF8.self) }
}

extension Policy {
  static func with(_ method: MethodList) -> Policy {
    var policy = Policy()
    policy.method = method
    return policy
  }

  static let everyMethodList: [MethodList] = [
    [.dotlock], [.fcntl], [.flock], [.dotlock, .fcntl], [.fcntl, .dotlock], [.dotlock, .fcntl, .flock],
  ]
}

extension [UInt8] {
  /// The text again and again, as long as it fits; quick in a debug build, too.
  init(_ text: String, filling length: Int) {
    var bytes = Array(text.utf8)
    while bytes.count < length { bytes += bytes }
    self = Array(bytes.prefix(length / text.utf8.count * text.utf8.count))
  }
}

let longLine = String(repeating: "0123456789", count: 120) + "\n"
