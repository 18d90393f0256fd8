import Glibc
import LockPolicy
import Posix
import SystemPackage
import TestSupport
import Testing

@testable import FileLocking

@Suite("A script's lock")
struct AdoptedLockTests {
  private let policy: Policy = {
    var policy = Policy()
    (policy.method, policy.wait.timeout) = ([.dotlock], .zero)
    return policy
  }()

  /// Takes the lock as `lockctl lock` does.
  private func lock(_ scratch: borrowing ScratchDirectory, isLocal: Bool) throws -> LockHandover {
    let lock = try HeldLock.acquire(
      on: FileLocation(of: scratch.file("box")), policy: policy, holder: .script, inherited: [], isLocal: isLocal,
      canQueue: false, attend: { (occasion) in passTime(occasion) })
    let token = lock.handover?.appended(to: nil)
    lock.leaveBehind()
    return try #require(LockHandover.entry(for: FileLocation(of: scratch.file("box")), policy: policy, in: token))
  }

  private func adopt(
    _ token: LockHandover, _ scratch: borrowing ScratchDirectory, isLocal: Bool
  ) throws -> HeldLock {
    try HeldLock.adopt(token, on: FileLocation(of: scratch.file("box")), policy: policy, isLocal: isLocal)
  }

  @Test("is kept until it is released by its token, however often it is touched", arguments: [true, false])
  func kept(isLocal: Bool) throws {
    let scratch = ScratchDirectory()
    let token = try lock(scratch, isLocal: isLocal)
    for _ in 0..<3 {
      sleepThrough(.milliseconds(5))
      var adopted = try adopt(token, scratch, isLocal: isLocal)
      let before = try scratch.status(of: "box.lock").modified
      try adopted.renew()
      #expect(try scratch.status(of: "box.lock").modified > before)
    }
    #expect(failure { _ = try Setup(method: [.dotlock], isLocal: isLocal).lock(scratch.file("box")) }?.kind == .busy)
    #expect(scratch.names == ["box.lock"])
    try adopt(token, scratch, isLocal: isLocal).release()
    #expect(scratch.names == [])
    #expect(failure { _ = try adopt(token, scratch, isLocal: isLocal) }?.kind == .lost)
  }

  @Test("is not taken for the next one of the same process id, inode and limit", arguments: [true, false])
  func mark(isLocal: Bool) throws {
    let scratch = ScratchDirectory()
    let token = try lock(scratch, isLocal: isLocal)
    let content = try scratch.text(of: "box.lock")
    // Written into the same inode, and so later.
    var other = content
    while other == content {
      let record = LockRecord.ofScript(isLocal ? .script : .remoteScript, limit: policy.steal.after)
      other = String(decoding: record.bytes, as: UTF8.self)
    }
    try scratch.write(other, to: "box.lock")
    #expect(failure { _ = try adopt(token, scratch, isLocal: isLocal) }?.kind == .lost)
    #expect(scratch.names == ["box.lock"])
  }

  @Test("of another kind is left to its holder", arguments: [true, false])
  func otherKind(isLocal: Bool) throws {
    let scratch = ScratchDirectory()
    let held = try Setup(method: [.dotlock], isLocal: isLocal).lock(scratch.file("box"))
    let token = held.handover
    #expect(failure { _ = try adopt(#require(token), scratch, isLocal: isLocal) }?.kind == .refused)
    try held.release()
  }

  @Test("that is touched late cannot be moved by a thief who decided before", arguments: [true, false])
  func lateTouch(isLocal: Bool) throws {
    let scratch = ScratchDirectory()
    let token = try lock(scratch, isLocal: isLocal)
    let target = try LockTarget(
      FileLocation(of: scratch.file("box")), policy: policy, holder: .writer, isShared: false, isLocal: isLocal)
    let permit = try Permit.obtain(target)
    var adopted = try adopt(token, scratch, isLocal: isLocal)
    try adopted.renew()
    #expect(try permit.move(target, Permit.Fate.stolen) == nil)
    #expect(scratch.names == ["box.lock"])
  }

  @Test("that was stolen is not touched, and what the thief left stays for the next holder", arguments: [true, false])
  func stolenMeanwhile(isLocal: Bool) throws {
    let scratch = ScratchDirectory()
    let token = try lock(scratch, isLocal: isLocal)
    let target = try LockTarget(
      FileLocation(of: scratch.file("box")), policy: policy, holder: .writer, isShared: false, isLocal: isLocal)
    var adopted = try adopt(token, scratch, isLocal: isLocal)
    let permit = try Permit.obtain(target)
    _ = try permit.move(target, Permit.Fate.stolen)
    #expect(failure { try adopted.renew() }?.kind == .lost)
    #expect(scratch.names == ["box.lock.steal"])
    #expect(try Directory(scratch.file("box.lock.steal")).names().count == 1)
  }

  @Test("is evicted by an administrator, it and no other", arguments: [true, false])
  func evicted(isLocal: Bool) throws {
    let scratch = ScratchDirectory()
    func evict(_ identity: LockIdentity) throws {
      try HeldLock.acquire(
        on: FileLocation(of: scratch.file("box")), policy: policy, holder: .writer, inherited: [], evicting: identity,
        isLocal: isLocal, canQueue: false, attend: { (occasion) in passTime(occasion) }
      ).release()
    }
    let token = try lock(scratch, isLocal: isLocal)
    let shown = try LockIdentity(of: "box.lock", in: Directory(scratch.path))
    sleepThrough(.milliseconds(5))
    var adopted = try adopt(token, scratch, isLocal: isLocal)
    try adopted.renew()
    #expect(failure { try evict(shown) }?.kind == .busy, "it was touched since")
    try evict(LockIdentity(of: "box.lock", in: Directory(scratch.path)))
    #expect(scratch.names == [])
  }
}
