import FileLocking
import Glibc
import LockPolicy
import Posix
import SystemPackage
import Testing

@testable import Mailbox

/// A holder whose lock was taken from it between two writes, and that goes on when somebody else has delivered.
@Suite struct LateHolderTests {
  static let rules: [(MethodList, Bool)] = [([.dotlock], true), ([.dotlock], false)]

  /// Before its n-th write another process steals the lock and delivers.
  private func overtaken(
    _ place: borrowing Workplace, _ rules: (method: MethodList, isLocal: Bool), before write: Int,
    by successor: (borrowing Workplace) throws -> Void
  ) throws -> LockFailure? {
    let policy = Policy.with(rules.method)
    var lock = try place.lock(policy, isLocal: rules.isLocal)
    let spool = try UndoTests.largeSpool()
    var writes = 0
    var failure: LockFailure?
    do throws(LockFailure) {
      try lock.append(spool) { () throws(LockFailure) in
        writes += 1
        guard writes == write else { return }
        do {
          // As a thief does who looks away from the fence.
          try Directory(place.directory).unlink("Mailbox.lock")
          try successor(place)
        } catch { Issue.record(error) }
      }
    } catch {
      failure = error
    }
    do throws(LockFailure) {
      try lock.release()
      Issue.record("released")
    } catch {
      #expect(error.kind == .lost)
    }
    return failure
  }

  @Test("Its successor takes back what it has written, and keeps it from writing more", arguments: rules, [1, 4])
  func successor(rules: (MethodList, Bool), write: Int) throws {
    let place = try UndoTests.oldMailbox()
    var told: [Recovery] = []
    let failure = try overtaken(place, rules, before: write) { place in
      var lock = try place.lock(.with(rules.0), isLocal: rules.1)
      try lock.append(Spool(AppendTests.message), report: { told.append($0) })
      try lock.release()
    }
    #expect(failure?.kind == .lost)
    #expect(told == [write == 1 ? .dropped : .cut(bytes: 3 << 20)])
    #expect(try place.text() == UndoTests.old + "\n\n" + AppendTests.added)
    #expect(place.names == ["Mailbox"])
  }

  @Test("Without a successor the next one does", arguments: rules, [1, 4])
  func next(rules: (MethodList, Bool), write: Int) throws {
    let place = try UndoTests.oldMailbox()
    let before = try place.fingerprint()
    let failure = try overtaken(place, rules, before: write) { _ in }
    #expect(failure?.kind == .lost)
    #expect(place.names == [LeftJournal.name, "Mailbox"])
    #expect(try place.recover(.with(rules.0), isLocal: rules.1) == (write == 1 ? .dropped : .cut(bytes: 3 << 20)))
    let after = try place.fingerprint()
    #expect(after.bytes == before.bytes && after.modified == before.modified)
    #expect(place.names == ["Mailbox"])
  }

  @Test("What it has written whole, but reported as failed, is taken back, too") func wholeButLate() throws {
    let place = try UndoTests.oldMailbox()
    let before = try place.fingerprint()
    // The proof after the last write fails.
    let failure = try overtaken(place, ([.dotlock], true), before: 7) { place in
      let rest = try UndoTests.largeSpool().contents().suffix(from: 6 << 20 - 2)
      try Directory(place.directory).open("Mailbox", [.writeOnly, .append]).writeAll(Array(rest))
    }
    #expect(failure?.kind == .lost)
    #expect(try place.recover(.with([.dotlock])) == .cut(bytes: UndoTests.largeSpool().length + 2))
    #expect(try place.fingerprint().bytes == before.bytes)
  }
}
