import FileLocking
import Glibc
import LockPolicy
import Posix
import SystemPackage
import Testing

@testable import Mailbox

/// A journal as a delivery leaves it that is killed, or as somebody makes one up.
struct LeftJournal {
  static let name = ".Mailbox.journal"
  static let record = Array("\nFrom x Mon Jan 02 03:04:05 2006\n\nnew\n\n".utf8)

  var before: OldEnd
  var padding = 1
  var recordLength = Int64(record.count)
  var state = JournalHeader.State.hot
  var mode: UInt32 = 0o600

  /// The journal of a delivery to the mailbox as it is.
  init(for place: borrowing Workplace) throws {
    let file = try Directory(place.directory).open("Mailbox", [.readOnly, .noAccessTime])
    before = try OldEnd(of: file, file.status())
  }

  init(before: OldEnd) { self.before = before }

  var bytes: [UInt8] {
    var bytes = JournalHeader(before: before, padding: padding, recordLength: recordLength, listLength: 0).bytes
    bytes[Int(JournalHeader.statePosition)] = state.rawValue
    return bytes + [UInt8](repeating: 0x0A, count: SpoolStorage.newlines - padding) + Self.record
  }

  func write(in place: borrowing Workplace, as name: String = LeftJournal.name, _ bytes: [UInt8]? = nil) throws {
    let file = try Directory(place.directory).open(FilePath(name), [.writeOnly, .create, .exclusive], mode: 0o600)
    try file.writeAll(bytes ?? self.bytes)
    try file.setMode(mode)
  }
}

extension Workplace {
  func lock(_ policy: Policy = Policy(), isLocal: Bool = true) throws -> HeldLock {
    var policy = policy
    policy.wait.timeout = .zero
    // There are many of these, and no power cut.
    policy.mailbox.sync = false
    return try HeldLock.acquire(
      on: FileLocation(of: mailbox), policy: policy, holder: .writer, inherited: [], isLocal: isLocal,
      canQueue: false, attend: { _ in })
  }

  func recover(_ policy: Policy = Policy(), isLocal: Bool = true) throws -> Recovery {
    var lock = try lock(policy, isLocal: isLocal)
    let recovery = try lock.recover()
    try lock.release()
    return recovery
  }

  /// Looks at what is left, and makes sure that nothing is touched by that.
  func inspect(isLocal: Bool = true) throws -> MailboxInspection {
    let isThere = names.contains("Mailbox")
    let before = try (names, isThere ? fingerprint() : nil)
    let inspection = try MailboxInspection(
      FileLocation(of: mailbox), in: LockDirectory(directory, isLocal: isLocal))
    #expect(names == before.0)
    if isThere { #expect(try fingerprint() == before.1) }
    return inspection
  }

  /// Delivers an ordinary message, and takes it away again.
  func expectDelivery(_ policy: Policy = Policy(), isLocal: Bool = true) throws {
    let before = try bytes()
    var lock = try lock(policy, isLocal: isLocal)
    try lock.append(Spool("Subject: next\n\nnext\n"))
    try lock.release()
    let after = try bytes()
    #expect(after.starts(with: before) && String(decoding: after, as: UTF8.self).hasSuffix("\nnext\n\n"))
    try Directory(directory).open("Mailbox", .writeOnly).truncate(to: Int64(before.count))
  }
}
