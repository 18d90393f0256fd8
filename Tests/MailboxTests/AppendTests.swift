import FileLocking
import LockPolicy
import Posix
import SystemPackage
import Testing

@testable import Mailbox

@Suite struct AppendTests {
  static let old = "From bob@example.org Mon Jan 02 03:04:05 2006\nSubject: old\n\nbody\n\n"
  static let added = "From ann@example.org \(testDate)\nSubject: new\n\n>From here\n\n"
  static let message = "Subject: new\n\nFrom here\n"

  static func append(_ text: String, to place: borrowing Workplace, _ policy: Policy = Policy()) throws {
    let spool = try Spool(text)
    try withLock(on: place.mailbox, policy: policy) { lease in try lease.append(spool) }
  }

  @Test("Every method appends, and leaves nothing but the mailbox", arguments: Policy.everyMethodList)
  func methods(method: MethodList) throws {
    let place = Workplace()
    try place.write(Self.old)
    try Self.append(Self.message, to: place, .with(method))
    #expect(try place.text() == Self.old + Self.added)
    #expect(place.names == ["Mailbox"])
  }

  @Test("A mailbox that is not there is made, with the policy's permissions", arguments: Policy.everyMethodList)
  func creation(method: MethodList) throws {
    let place = Workplace()
    var policy = Policy.with(method)
    policy.mailbox.mode = 0o640
    try Self.append(Self.message, to: place, policy)
    #expect(try place.text() == Self.added)
    #expect(try place.status().mode & 0o7777 == 0o640)
    let status = try place.status()
    #expect(status.modified > status.accessed, "it must count as new mail")
  }

  @Test(
    "The mailbox is completed to a blank line first",
    arguments: [
      ("", 0), ("From a\n\n", 0), ("From a\nx\n\n\n", 0), ("From a\n", 1), ("From a\nx\n", 1), ("From a", 2),
      ("From ", 2),
      ("From a\nx", 2), ("From a\r\n\r\n", 1), ("From a\n\r", 2), ("From a\0", 2),
    ]) func padding(contents: String, missing: Int) throws
  {
    let place = Workplace()
    try place.write(contents)
    try Self.append(Self.message, to: place)
    #expect(try place.text() == contents + String(repeating: "\n", count: missing) + Self.added)
  }

  @Test("A large message is completed the same way", arguments: [("From a\n\n", 0), ("From a\nx\n", 1), ("From a", 2)])
  func largePadding(contents: String, missing: Int) throws {
    let place = Workplace()
    try place.write(contents)
    let spool = try Spool(bytes: .init(repeating: 0x61, count: 6 << 20), directories: [place.directory])
    try withLock(on: place.mailbox, policy: Policy()) { lease in try lease.append(spool) }
    let expected = Array((contents + String(repeating: "\n", count: missing)).utf8) + (try spool.contents())
    #expect(try place.bytes() == expected)
    #expect(place.names == ["Mailbox"])
  }

  @Test(
    "What is not an mbox is refused, and stays as it was",
    arguments: ["F", "\n", "\nFrom a\n", "from a\n", "Fromage", "\0"])
  func notAMailbox(contents: String) throws {
    let place = Workplace()
    try place.write(contents)
    try place.age(accessed: 1000, modified: 2000)
    let before = try place.fingerprint()
    let failure = #expect(throws: LockFailure.self) { try Self.append(Self.message, to: place) }
    #expect(failure?.kind == .refused)
    #expect(try place.fingerprint() == before)
    #expect(place.names == ["Mailbox"])
  }

  @Test("The size limit is the largest size that is allowed") func sizeLimit() throws {
    var policy = Policy()
    let size = (Self.old + Self.added).utf8.count
    for (limit, isAllowed) in [(size, true), (size - 1, false), (1, false)] {
      policy.mailbox.sizeLimit = limit
      let place = Workplace()
      try place.write(Self.old)
      try place.age(accessed: 1000, modified: 2000)
      let before = try place.fingerprint()
      let outcome = Result { try Self.append(Self.message, to: place, policy) }
      if isAllowed {
        try outcome.get()
        #expect(try place.status().size == Int64(limit))
      } else {
        #expect(throws: LockFailure.self) { try outcome.get() }
        #expect(try place.fingerprint() == before)
      }
    }
  }

  @Test("A mailbox made by a delivery that is refused goes away again", arguments: Policy.everyMethodList)
  func refusedCreation(method: MethodList) throws {
    let place = Workplace()
    var policy = Policy.with(method)
    policy.mailbox.sizeLimit = 10
    #expect(throws: LockFailure.self) { try Self.append(Self.message, to: place, policy) }
    #expect(place.names == [])
  }

  @Test("A delivery leaves the access time alone, so that the mail counts as new") func times() throws {
    let place = Workplace()
    try place.write(Self.old)
    try place.age(accessed: 1_700_000_000, modified: 1_600_000_000)
    let before = try place.status()
    try Self.append(Self.message, to: place)
    let after = try place.status()
    #expect(after.accessed == before.accessed)
    #expect(after.modified > after.accessed)
  }

  @Test("An access time in the future does not hide the mail") func futureAccess() throws {
    let place = Workplace()
    try place.write(Self.old)
    try place.age(accessed: 4_000_000_000, modified: 1_600_000_000)
    try Self.append(Self.message, to: place)
    let after = try place.status()
    #expect(after.modified > after.accessed)
  }

  @Test("Without fsync it is the same") func withoutSync() throws {
    let place = Workplace()
    var policy = Policy()
    policy.mailbox.sync = false
    try Self.append(Self.message, to: place, policy)
    try Self.append(Self.message, to: place, policy)
    #expect(try place.text() == Self.added + Self.added)
  }

  @Test("Several messages under one lock") func several() throws {
    let place = Workplace()
    let spool = try Spool(Self.message)
    try withLock(on: place.mailbox, policy: Policy()) { lease in
      for _ in 0..<3 { try lease.append(spool) }
    }
    #expect(try place.text() == Self.added + Self.added + Self.added)
  }

  @Test("The public way: a message from memory, to a path") func publicInterface() throws {
    let place = Workplace()
    let sender = Envelope(sender: "ann@example.org")
    try deliver(Array(Self.message.utf8), to: place.mailbox, from: sender, policy: Policy())
    try withLock(on: place.mailbox, policy: Policy()) { lease in
      try lease.append(Array(Self.message.utf8), from: sender)
    }
    let bodies = try place.text().split(separator: "From ann@example.org ").map { $0.dropFirst(25) }
    #expect(bodies == ["Subject: new\n\n>From here\n\n", "Subject: new\n\n>From here\n\n"])
    #expect(place.names == ["Mailbox"])
  }
}
