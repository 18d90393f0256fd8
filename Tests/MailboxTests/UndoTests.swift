import FileLocking
import Glibc
import LockPolicy
import Posix
import SystemPackage
import Testing

@testable import Mailbox

@Suite struct UndoTests {
  static let old = AppendTests.old + "From unterminated\nx"

  /// Kept in a file, so that it takes seven writes and there is something between them to go wrong.
  static let largeMessage = [UInt8](longLine, filling: (6 << 20) + 5000)

  static func largeSpool() throws -> Spool {
    try Spool(bytes: largeMessage)
  }

  static func oldMailbox() throws -> Workplace {
    let place = Workplace()
    try place.write(old)
    try place.age(accessed: 1_700_000_000, modified: 1_600_000_000)
    return place
  }

  /// Appends, and calls `trouble` before write number `write`.
  static func append(
    to place: borrowing Workplace, _ policy: Policy = Policy(), before write: Int,
    trouble: (borrowing Workplace) throws -> Void
  ) throws -> LockFailure? {
    let spool = try largeSpool()
    var lock = try HeldLock.acquire(on: FileLocation(of: place.mailbox), policy: policy)
    var writes = 0
    do throws(LockFailure) {
      try lock.append(spool) { () throws(LockFailure) in
        writes += 1
        guard writes == write else { return }
        do { try trouble(place) } catch let failure as LockFailure { throw failure } catch { fatalError("\(error)") }
      }
    } catch {
      try? lock.release()
      return error
    }
    try lock.release()
    return nil
  }

  static let signal = LockFailure(.interrupted(signal: 15), "Mailbox", "a signal")

  @Test("An interruption before any write leaves the mailbox as it was", arguments: Policy.everyMethodList, 1...7)
  func interruption(method: MethodList, write: Int) throws {
    let place = try Self.oldMailbox()
    let before = try place.fingerprint()
    let failure = try Self.append(to: place, .with(method), before: write) { _ in throw Self.signal }
    #expect(failure == Self.signal)
    #expect(try place.fingerprint() == before)
    #expect(place.names == ["Mailbox"])
  }

  @Test("A mailbox that the delivery made goes away again", arguments: Policy.everyMethodList, [1, 3])
  func created(method: MethodList, write: Int) throws {
    let place = Workplace()
    let failure = try Self.append(to: place, .with(method), before: write) { _ in throw Self.signal }
    #expect(failure == Self.signal)
    #expect(place.names == [])
  }

  @Test(
    "What another program wrote behind our part is not cut", arguments: ["From evil\n\n", "0123456789", "\0", "0"])
  func foreignBytes(foreign: String) throws {
    let place = try Self.oldMailbox()
    let failure = try Self.append(to: place, before: 4) { place in
      try place.addBehind(foreign)
      throw Self.signal
    }
    #expect(failure?.kind == .interrupted(signal: 15))
    #expect(failure?.what == "a signal; what was written so far stays: another program has written to it meanwhile")
    let bytes = try place.bytes()
    #expect(bytes.starts(with: Self.old.utf8))
    #expect(bytes.count == Self.old.utf8.count + 3 << 20 + foreign.utf8.count)
    #expect(bytes.suffix(foreign.utf8.count).elementsEqual(foreign.utf8))
  }

  @Test("A mailbox that another program has cut is left alone") func cutByAnother() throws {
    let place = try Self.oldMailbox()
    let failure = try Self.append(to: place, before: 4) { place in
      try Directory(place.directory).open("Mailbox", .writeOnly).truncate(to: 10)
      throw Self.signal
    }
    #expect(failure?.what == "a signal; what was written so far stays: another program has written to it meanwhile")
    #expect(try place.bytes() == Array(Self.old.utf8.prefix(10)))
  }

  @Test("Bytes of another program between ours are found, and the delivery fails") func tornMessage() throws {
    let place = try Self.oldMailbox()
    let failure = try Self.append(to: place, before: 4) { try $0.addBehind("From evil\n\n") }
    #expect(failure?.kind == .lost)
    #expect(failure?.what.contains("by a program that does not take the lock") == true)
  }

  @Test("A mailbox that was replaced is left alone, and so is the orphan") func replaced() throws {
    for method: MethodList in [[.dotlock], [.fcntl], [.flock], [.dotlock, .fcntl]] {
      let place = try Self.oldMailbox()
      try place.write("From new\n\n", to: "New")
      let failure = try Self.append(to: place, .with(method), before: 4) { place in
        try Directory(place.directory).link("Mailbox", to: "Old")
        try Directory(place.directory).rename("New", to: "Mailbox")
      }
      #expect(failure?.kind == .lost)
      #expect(try place.text() == "From new\n\n")
      #expect(try place.status(of: "Old").size >= Int64(Self.old.utf8.count + 3 << 20))
    }
  }

  @Test("A mailbox replaced by a larger one during a single write is noticed: the message is in the orphan")
  func replacedByLarger() throws {
    let place = try Self.oldMailbox()
    try place.write("From new\n\n" + longLine, to: "New")
    let spool = try Spool(AppendTests.message)
    var lock = try HeldLock.acquire(on: FileLocation(of: place.mailbox), policy: .with([.dotlock]))
    var failure: LockFailure?
    do throws(LockFailure) {
      try lock.append(spool) { () throws(LockFailure) in
        try? Directory(place.directory).rename("New", to: "Mailbox")
      }
    } catch {
      failure = error
    }
    try lock.release()
    #expect(failure?.kind == .lost)
    #expect(failure?.what == "was replaced meanwhile; what was written so far stays")
    #expect(try place.text() == "From new\n\n" + longLine)
  }

  @Test(
    "A holder whose lock was stolen touches nothing any more",
    arguments: [[.dotlock], [.dotlock, .fcntl]] as [MethodList])
  func stolen(method: MethodList) throws {
    let place = try Self.oldMailbox()
    let failure = try Self.append(to: place, .with(method), before: 4) { place in
      try place.write("thief", to: "Thief")
      try Directory(place.directory).rename("Thief", to: "Mailbox.lock")
    }
    #expect(failure?.kind == .lost)
    #expect(failure?.what.contains("what was written so far stays") == true)
    #expect(try place.status().size == Int64(Self.old.utf8.count + 3 << 20))
    #expect(try place.bytes(of: "Mailbox.lock") == Array("thief".utf8))
  }

  @Test("A mailbox made by a holder whose lock was stolen stays: the thief may be waiting on it") func stolenCreation()
    throws
  {
    let place = Workplace()
    let failure = try Self.append(to: place, .with([.dotlock]), before: 1) { place in
      try place.write("thief", to: "Thief")
      try Directory(place.directory).rename("Thief", to: "Mailbox.lock")
    }
    #expect(failure?.kind == .lost)
    #expect(place.names == [".Mailbox.journal", "Mailbox", "Mailbox.lock"])
    #expect(try place.status().size == 0)
  }

  @Test("A holder whose lease is over touches nothing any more") func leaseOver() throws {
    let place = try Self.oldMailbox()
    var policy = Policy.with([.dotlock])
    policy.lease.length = .seconds(2)
    policy.lease.kill = .milliseconds(500)
    let failure = try Self.append(to: place, policy, before: 3) { _ in usleep(1_600_000) }
    #expect(failure?.kind == .lost)
    #expect(try place.status().size == Int64(Self.old.utf8.count + 2 << 20))
  }

  @Test("The second message under a lock fails: the first one stays") func secondMessage() throws {
    let place = Workplace()
    let first = try Spool(AppendTests.message)
    let second = try Self.largeSpool()
    var lock = try HeldLock.acquire(on: FileLocation(of: place.mailbox), policy: Policy())
    try lock.append(first)
    #expect(throws: LockFailure.self) {
      var writes = 0
      try lock.append(second) { () throws(LockFailure) in
        writes += 1
        if writes == 3 { throw Self.signal }
      }
    }
    try lock.release()
    #expect(try place.text() == AppendTests.added)
  }
}
