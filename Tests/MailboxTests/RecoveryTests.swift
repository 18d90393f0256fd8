import FileLocking
import Glibc
import LockPolicy
import Posix
import SystemPackage
import Testing

@testable import Mailbox

/// What becomes of a mailbox in which a delivery was killed.
@Suite struct RecoveryTests {
  struct Case: Sendable, CustomTestStringConvertible {
    /// What follows the mailbox's old end.
    let added: String
    var state = "hot"
    /// What of it stays.
    let stays: String
    let outcome: String
    var testDescription: String { "\(state), \(added.debugDescription)" }
  }

  static let old = "From a Mon Jan 02 03:04:05 2006\n\nold\n"
  static let record = String(decoding: LeftJournal.record, as: UTF8.self)
  /// As a power cut leaves it where the length was on disk before the contents.
  static let hollow =
    String(record.prefix(5)) + String(repeating: "\0", count: record.count - 9) + String(record.suffix(4))
  static let other = "From y Mon Jan 02 03:04:05 2006\n\nother\n\n"

  static let cases: [Case] = [
    Case(added: "", stays: "", outcome: "dropped"),
    Case(added: "\n", stays: "", outcome: "cut 1"),
    Case(added: "\nFrom x", stays: "", outcome: "cut 7"),
    Case(added: String(record.dropLast()), stays: "", outcome: "cut \(record.count - 1)"),
    Case(added: record, stays: record, outcome: "completed"),
    Case(added: record + other, stays: record + other, outcome: "completed"),
    Case(added: record, state: "failed", stays: "", outcome: "cut \(record.count)"),
    Case(added: "\nFrom x", state: "failed", stays: "", outcome: "cut 7"),
    Case(added: record + other, state: "failed", stays: record + other, outcome: "completed"),
    Case(added: "", state: "void", stays: "", outcome: "dropped"),
    Case(added: record, state: "void", stays: record, outcome: "dropped"),
    Case(added: other, state: "void", stays: other, outcome: "dropped"),
    Case(added: other, stays: other, outcome: "set aside"),
    Case(added: "\n" + other, stays: "\n" + other, outcome: "set aside"),
    Case(added: "\nFrom x" + other, stays: "\nFrom x" + other, outcome: "set aside"),
    Case(added: "\0", stays: "", outcome: "cut 1"),
    Case(added: "\nFrom x\0\0\0", stays: "", outcome: "cut 10"),
    Case(added: hollow, stays: "", outcome: "cut \(record.count)"),
    Case(added: hollow + "\0", stays: hollow + "\0", outcome: "set aside"),
    Case(added: hollow + other, stays: hollow + other, outcome: "set aside"),
    Case(added: "\nFrom x\0other", stays: "\nFrom x\0other", outcome: "set aside"),
    Case(added: "\nFrom x", state: "of another kind", stays: "\nFrom x", outcome: "set aside"),
  ]

  static let rules: [(MethodList, Bool)] = Policy.everyMethodList.flatMap { method in
    [true, false].map { (method, $0) }
  }

  @Test("Only what is proven to be of a message that is not whole is cut off", arguments: cases, rules)
  func decision(test: Case, rules: (method: MethodList, isLocal: Bool)) throws {
    let place = Workplace()
    try place.write(Self.old)
    try place.age(accessed: 1_700_000_000, modified: 1_600_000_000)
    let before = try place.fingerprint()
    var journal = try LeftJournal(for: place)
    journal.state = test.state == "void" ? .void : test.state == "failed" ? .failed : .hot
    var bytes = journal.bytes
    if test.state == "of another kind" { bytes[17] = UInt8(ascii: "?") }
    try journal.write(in: place, bytes)
    try place.addBehind(test.added)

    let inspection = try place.inspect(isLocal: rules.isLocal)
    let recovery = try place.recover(.with(rules.method), isLocal: rules.isLocal)
    #expect(Self.describe(recovery) == test.outcome)
    #expect(try Self.describe(#require(inspection.journal).plan) == test.outcome)
    #expect(try place.text() == Self.old + test.stays)
    let aside = place.names.filter { $0.hasPrefix(".Mailbox.aside.") }
    #expect(place.names == aside + ["Mailbox"] && aside.count == (test.outcome == "set aside" ? 1 : 0))
    if test.outcome.hasPrefix("cut") {
      let after = try place.fingerprint()
      #expect(after.accessed == before.accessed && after.modified == before.modified && after.mode == before.mode)
    }
    for name in aside { #expect(try place.bytes(of: name) == bytes) }
    try place.expectDelivery(.with(rules.method), isLocal: rules.isLocal)
    #expect(place.names == aside + ["Mailbox"])
  }

  private static func describe(_ recovery: Recovery) -> String {
    switch recovery {
    case .nothing: "nothing"
    case .dropped: "dropped"
    case .cut(let bytes): "cut \(bytes)"
    case .completed: "completed"
    case .setAside: "set aside"
    case .listKept: "list kept"
    case .left: "left"
    }
  }

  private static func describe(_ plan: RecoveryPlan) -> String {
    switch plan {
    case .drop: "dropped"
    case .cut(let bytes): "cut \(bytes)"
    case .complete: "completed"
    case .setAside: "set aside"
    case .leave: "left"
    }
  }

  @Test("A delivery recovers first, and reports it", arguments: Policy.everyMethodList)
  func delivery(method: MethodList) throws {
    let place = Workplace()
    try place.write(Self.old)
    try LeftJournal(for: place).write(in: place)
    try place.addBehind("\nFrom x")
    var lock = try place.lock(.with(method))
    var told: [Recovery] = []
    try lock.append(Spool(AppendTests.message), report: { told.append($0) })
    try lock.release()
    #expect(told == [.cut(bytes: 7)])
    #expect(try place.text() == Self.old + "\n" + AppendTests.added)
    #expect(place.names == ["Mailbox"])
  }

  @Test("A mailbox that was changed before its old end, or cut, is left alone", arguments: ["tail", "length", "gone"])
  func changed(what: String) throws {
    let place = Workplace()
    try place.write(Self.old)
    try LeftJournal(for: place).write(in: place)
    let now = what == "tail" ? Self.old.dropLast(2) + "x\n\n" : what == "length" ? Self.old.dropLast() : ""
    try place.write(String(now))
    #expect(try Self.describe(place.recover()) == "set aside")
    #expect(try place.text() == now)
  }

  @Test("A copy of the mailbox is the mailbox, whatever its inode is") func replaced() throws {
    let place = Workplace()
    try place.write(Self.old)
    try LeftJournal(for: place).write(in: place)
    try place.write(Self.old + "\nFrom", to: "Copy")
    try Directory(place.directory).rename("Copy", to: "Mailbox")
    #expect(try place.recover() == .cut(bytes: 5))
    #expect(try place.text() == Self.old)
  }

  @Test("A mailbox that a killed delivery has made, and one that is gone by now")
  func newMailbox() throws {
    let place = Workplace()
    let then = FileTime(nanoseconds: 0)
    let journal = LeftJournal(before: OldEnd(length: 0, tail: [], accessed: then, modified: then))
    try journal.write(in: place)
    #expect(try place.inspect().journal?.plan == .drop)
    #expect(try place.recover() == .dropped)
    #expect(place.names == [])
    try journal.write(in: place)
    try place.write("\nFr")
    // What does not begin as a mailbox does is recovered before it is refused.
    try AppendTests.append(AppendTests.message, to: place)
    #expect(try place.text() == AppendTests.added)
  }
}
