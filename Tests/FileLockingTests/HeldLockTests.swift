import FileLocking
import Glibc
import LockPolicy
import Posix
import SystemPackage
import TestSupport
import Testing

@Suite("A lock")
struct HeldLockTests {
  @Test("keeps a second holder out until it is released, and leaves nothing", arguments: Setup.all)
  func excludes(setup: Setup) throws {
    let scratch = ScratchDirectory()
    let file = scratch.file("box")
    for _ in 0..<3 {
      var lock = try setup.lock(file)
      try lock.prove()
      #expect(failure { _ = try setup.lock(file) }?.kind == .busy)
      try lock.prove()
      try lock.release()
    }
    #expect(scratch.names == (setup.method == [.dotlock] ? [] : ["box"]))
  }

  @Test("excludes across local and network rules", arguments: Setup.withDotlock)
  func mixedRules(setup: Setup) throws {
    let scratch = ScratchDirectory()
    let other = Setup(method: setup.method, isLocal: !setup.isLocal)
    let lock = try setup.lock(scratch.file("box"))
    #expect(failure { _ = try other.lock(scratch.file("box")) }?.kind == .busy)
    try lock.release()
    try other.lock(scratch.file("box")).release()
  }

  @Test("that is dropped without a release is gone all the same", arguments: Setup.all)
  func safetyNet(setup: Setup) throws {
    let scratch = ScratchDirectory()
    _ = try setup.lock(scratch.file("box"))
    try setup.lock(scratch.file("box")).release()
  }

  @Test("waits until the deadline and says who is in the way", arguments: Setup.all)
  func waits(setup: Setup) throws {
    let scratch = ScratchDirectory()
    let lock = try setup.lock(scratch.file("box"))
    let start = BootTime.now
    let busy = failure { _ = try setup.lock(scratch.file("box")) { $0.wait.timeout = .milliseconds(60) } }
    #expect(BootTime.now.since(start) >= .milliseconds(60))
    #expect(busy?.description.contains("gave up after 60ms") == true)
    try lock.release()
  }

  @Test("begins its lease when it is taken", arguments: Setup.all)
  func leaseEnds(setup: Setup) throws {
    let scratch = ScratchDirectory()
    var lock = try setup.lock(scratch.file("box")) {
      ($0.lease.length, $0.lease.warning, $0.lease.kill) = (.milliseconds(500), .milliseconds(20), .milliseconds(10))
    }
    let remaining = lock.remaining
    #expect(try #require(remaining) <= .milliseconds(490))
    sleepThrough(.milliseconds(495))
    #expect(failure { try lock.prove() }?.kind == .lost)
    let over = lock.remaining
    #expect(over == .zero)
    let late = releaseFailure(lock)
    #expect(late?.kind == (setup.method.contains(.dotlock) ? .lost : nil))
    // A lock that is past its lease is a thief's business.
    #expect(scratch.names.contains("box.lock") == setup.method.contains(.dotlock))
  }
}
