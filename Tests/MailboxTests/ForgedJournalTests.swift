import FileLocking
import Glibc
import LockPolicy
import Posix
import SystemPackage
import Testing

@testable import Mailbox

/// What is not a journal, or nobody's to trust: it is never followed, and never in the way.
@Suite struct ForgedJournalTests {
  static func partlyWritten() throws -> Workplace {
    let place = Workplace()
    try place.write(RecoveryTests.old)
    return place
  }

  static func expectSetAside(_ place: borrowing Workplace, _ what: String) throws {
    try place.addBehind("\nFrom x")
    let text = try place.text()
    let inspection = try #require(place.inspect().journal)
    let recovery = try place.recover()
    if case .setAside(_, let reason) = recovery { #expect(inspection.plan == .setAside(reason: reason)) }
    guard case .setAside = recovery else {
      Issue.record("\(what): \(recovery)")
      return
    }
    #expect(try place.text() == text, "\(what)")
    #expect(!place.names.contains(LeftJournal.name))
    try place.expectDelivery()
  }

  @Test("A wrong bit in any byte of the header") func bits() throws {
    for index in 0..<JournalHeader.length where index != Int(JournalHeader.statePosition) {
      let bit = index % 8
      let place = try Self.partlyWritten()
      let journal = try LeftJournal(for: place)
      var bytes = journal.bytes
      bytes[index] ^= 1 << UInt8(bit)
      try journal.write(in: place, bytes)
      try Self.expectSetAside(place, "bit \(bit) of byte \(index)")
    }
  }

  @Test("Any wrong length") func lengths() throws {
    let whole = JournalHeader.length + SpoolStorage.newlines - 1 + LeftJournal.record.count
    for length in [0, 1, 16, 17, 127, 128, 129, 130, 134, 135, whole - 1, whole + 2] {
      let place = try Self.partlyWritten()
      let journal = try LeftJournal(for: place)
      try journal.write(in: place, Array((journal.bytes + [UInt8](repeating: 0x0A, count: 9)).prefix(length)))
      try Self.expectSetAside(place, "length \(length)")
    }
  }

  static let numbers: [Int64] = [.min, -1, 0, 1, 1 << 31, 1 << 62, .max - 1, .max]

  @Test("Numbers as they are never written, with the right checksum", arguments: numbers, numbers)
  func hugeNumbers(length: Int64, recordLength: Int64) throws {
    let place = try Self.partlyWritten()
    let real = try LeftJournal(for: place).before
    for tail in [[], real.tail] {
      var journal = LeftJournal(
        before: OldEnd(
          length: length, tail: tail, accessed: FileTime(nanoseconds: length),
          modified: FileTime(nanoseconds: recordLength)))
      journal.recordLength = recordLength
      try journal.write(in: place)
      let text = try place.text()
      guard case .setAside = try place.recover() else {
        Issue.record("followed")
        return
      }
      #expect(try place.text() == text)
    }
    try place.expectDelivery()
  }

  @Test("A record that is none: a power cut may leave zeros") func zeros() throws {
    let place = try Self.partlyWritten()
    let journal = try LeftJournal(for: place)
    let zeros = [UInt8](repeating: 0, count: LeftJournal.record.count)
    try journal.write(in: place, journal.bytes.dropLast(zeros.count) + zeros)
    try place.addBehind(String(decoding: zeros, as: UTF8.self))
    guard case .setAside = try place.recover() else {
      Issue.record("followed")
      return
    }
  }

  @Test(
    "What others can write, or has another name, or is no file",
    arguments: ["group", "world", "link", "symlink", "directory", "fifo", "socket"])
  func strangeFiles(kind: String) throws {
    let place = try Self.partlyWritten()
    var journal = try LeftJournal(for: place)
    if kind == "group" { journal.mode = 0o660 }
    if kind == "world" { journal.mode = 0o602 }
    let path = place.directory.appending(LeftJournal.name).string
    switch kind {
    case "link", "symlink":
      try journal.write(in: place, as: "other")
      _ = kind == "link" ? link(place.directory.appending("other").string, path) : symlink("other", path)
    case "directory": mkdir(path, 0o700)
    case "fifo": mkfifo(path, 0o600)
    case "socket": mknod(path, S_IFSOCK | 0o600, 0)
    default: try journal.write(in: place)
    }
    try Self.expectSetAside(place, kind)
    if kind.hasSuffix("link") { #expect(try place.bytes(of: "other") == journal.bytes) }
  }

  @Test("A writer that was killed before it took the first of two names away", arguments: [true, false])
  func twoNames(isLocal: Bool) throws {
    let place = try Self.partlyWritten()
    try LeftJournal(for: place).write(in: place, as: ".Mailbox.journal.host.1.2.3")
    try Directory(place.directory).link(".Mailbox.journal.host.1.2.3", to: FilePath(LeftJournal.name))
    try place.addBehind("\nFrom x")
    #expect(try place.inspect(isLocal: isLocal).journal?.plan == .cut(bytes: 7))
    #expect(try place.recover(isLocal: isLocal) == .cut(bytes: 7))
    #expect(place.names == ["Mailbox"])
  }

  @Test("Somebody else's", .enabled(if: geteuid() == 0, "only root can make one"))
  func foreignOwner() throws {
    let place = try Self.partlyWritten()
    try LeftJournal(for: place).write(in: place)
    chown(place.directory.appending(LeftJournal.name).string, 65533, 65533)
    try place.addBehind("\nFrom x")
    #expect(try place.inspect().journal?.plan == .leave(reason: "belongs to user 65533"))
    #expect(try place.recover() == .left(reason: "belongs to user 65533"))
    #expect(place.names == [LeftJournal.name, "Mailbox"])
    try place.expectDelivery()
    var policy = Policy()
    policy.mailbox.journal = .power
    let before = try place.fingerprint()
    let failure = #expect(throws: LockFailure.self) { try place.expectDelivery(policy) }
    #expect(failure?.kind == .refused)
    #expect(try place.fingerprint() == before)

    // The mailbox's owner's is root's to follow, since root delivers for him.
    chown(place.mailbox.string, 65533, 65533)
    #expect(try place.recover() == .cut(bytes: 7))
    #expect(place.names == ["Mailbox"])
  }
}
