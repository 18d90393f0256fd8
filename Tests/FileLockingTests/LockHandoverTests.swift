import LockPolicy
import Posix
import SystemPackage
import TestSupport
import Testing

@testable import FileLocking

@Suite("A lock that is handed to a program")
struct LockHandoverTests {
  private func hold(_ scratch: borrowing ScratchDirectory, _ method: MethodList = [.dotlock]) throws -> HeldLock {
    try Setup(method: method, isLocal: true).lock(scratch.file("b\u{e9} ox"))
  }

  private func use(_ scratch: borrowing ScratchDirectory, _ entries: [LockHandover]) throws -> HeldLock {
    var policy = Policy()
    policy.wait.timeout = .zero
    return try HeldLock.acquire(
      on: FileLocation(of: scratch.file("b\u{e9} ox")), policy: policy, holder: .writer, inherited: entries,
      canQueue: false, attend: { (occasion) in passTime(occasion) })
  }

  @Test("is used in place of its own, and is not released")
  func used() throws {
    let scratch = ScratchDirectory()
    let outer = try hold(scratch)
    let entry = outer.handover
    let value = try #require(entry).appended(to: "nonsense dotlock,1,2,3,x,none,/elsewhere.lock")
    #expect(failure { _ = try use(scratch, []) }?.kind == .busy)
    var inner = try use(scratch, LockHandover.entries(in: value))
    try inner.prove()
    #expect(failure { _ = try Setup(method: [.fcntl], isLocal: true).lock(scratch.file("b\u{e9} ox")) }?.kind == .busy)
    try inner.release()
    #expect(scratch.names.contains { $0.hasSuffix(".lock") })
    try outer.release()
  }

  @Test("ends with the lease of who took it")
  func leaseEnd() throws {
    let scratch = ScratchDirectory()
    let outer = try Setup(method: [.dotlock], isLocal: true).lock(scratch.file("b\u{e9} ox")) {
      $0.lease.length = .seconds(20)
    }
    let entry = outer.handover
    let inner = try use(scratch, LockHandover.entries(in: try #require(entry).appended(to: nil)))
    let ends = (inner.leaseEnd, outer.leaseEnd)
    #expect(ends.0 == ends.1)
    try inner.release()
    try outer.release()
  }

  @Test("may claim any end of its lease", arguments: [Int64.min, -1, .max - 1, .max])
  func forgedEnd(end: Int64) throws {
    let scratch = ScratchDirectory()
    let outer = try hold(scratch)
    let handover = outer.handover
    var fields = try #require(handover).appended(to: nil).split(separator: ",").map(String.init)
    fields[5] = String(end)
    let entries = LockHandover.entries(in: fields.joined(separator: ","))
    guard end > 0 else {
      #expect(failure { _ = try use(scratch, entries) }?.kind == .lost)
      return try outer.release()
    }
    let inner = try use(scratch, entries)
    let (remaining, end) = (inner.remaining, inner.leaseEnd)
    #expect(remaining.map { $0 <= .seconds(60) } == true)
    let leaseEnd = try #require(end)
    #expect(leaseEnd + .seconds(1) - .seconds(1) <= BootTime.now + .seconds(60))
    try inner.release()
    try outer.release()
  }

  @Test("ends beyond the ends of time at the ends of time")
  func saturation() {
    #expect(BootTime(nanoseconds: .max) + .seconds(1) == BootTime(nanoseconds: .max))
    #expect(BootTime(nanoseconds: .min) - .seconds(1) == BootTime(nanoseconds: .min))
    #expect(BootTime(nanoseconds: .max).since(BootTime(nanoseconds: .min)) > .seconds(Int64(18_000_000_000)))
  }

  @Test("brings methods that need not be taken again")
  func methods() throws {
    let scratch = ScratchDirectory()
    let outer = try hold(scratch, [.dotlock, .fcntl])
    let entry = outer.handover
    try use(scratch, LockHandover.entries(in: try #require(entry).appended(to: nil))).release()
    try outer.release()
  }

  @Test("is refused when it is gone, or somebody else's by now")
  func proven() throws {
    let scratch = ScratchDirectory()
    let outer = try hold(scratch)
    let entry = outer.handover
    let entries = LockHandover.entries(in: try #require(entry).appended(to: nil))
    var early = try use(scratch, entries)
    try outer.release()
    #expect(failure { try early.prove() }?.kind == .lost)
    try early.release()
    #expect(failure { _ = try use(scratch, entries) }?.kind == .lost)
    let other = try hold(scratch)
    #expect(failure { _ = try use(scratch, entries) }?.kind == .lost)
    try other.release()
  }

  @Test(
    "in an environment that makes no sense claims nothing",
    arguments: [
      "", " ", "x", "dotlock,1,2,3,4", "dotlock,a,2,3,4,5,6", "fcntl,1,2,3,4,5,/x", "dotlock,1,2,3,%,5,/x",
      "dotlock,1,2,3,%00,5,/x", "dotlock+dotlock,1,2,3,4,5,/x",
    ])
  func nonsense(value: String) { #expect(LockHandover.entries(in: value).isEmpty) }
}
