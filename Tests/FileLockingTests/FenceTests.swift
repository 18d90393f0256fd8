import CPosix
import Glibc
import LockPolicy
import Posix
import SystemPackage
import TestSupport
import Testing

@testable import FileLocking

/// A mailbox that somebody has open who may still write into it, and who has lost the lock.
@Suite("A late writer")
struct FenceTests {
  static let old = "From a Mon Nov 23 20:00:00 2026\n\nold\n\n"
  static let minute = "R"  // 64 s

  private func late(_ scratch: borrowing ScratchDirectory) throws -> Descriptor {
    try Directory(scratch.path).open("box", [.writeOnly, .append])
  }

  private func leave(_ content: String, _ scratch: borrowing ScratchDirectory) throws {
    try scratch.write(content, to: "box.lock")
    try setAge(scratch)
  }

  private func setAge(_ scratch: borrowing ScratchDirectory) throws {
    let then = FileTime(nanoseconds: (RealTime.seconds - 1000) * 1_000_000_000)
    try Directory(scratch.path).open("box.lock", .writeOnly).setTimes(accessed: then, modified: then)
  }

  private func leaveStolen(_ content: String, _ scratch: borrowing ScratchDirectory) throws {
    #expect(mkdir(scratch.file("box.lock.steal").string, 0o700) == 0)
    try scratch.write(content, to: "box.lock.steal/stolen.1")
  }

  private func isOwed(_ scratch: borrowing ScratchDirectory) throws -> Bool? {
    LockRecord(Array(try scratch.text(of: "box.lock").utf8))?.owesFence
  }

  /// Whoever opened the file before `lock` was taken writes into an orphan; the lock is good, and nothing else is left.
  private func expectFenced(
    _ late: borrowing Descriptor, _ lock: consuming HeldLock, _ scratch: borrowing ScratchDirectory,
    _ content: String = old
  ) throws {
    try late.writeAll(Array("late".utf8))
    #expect(try scratch.text(of: "box") == content)
    #expect(try isOwed(scratch) == false)
    #expect(scratch.names == ["box", "box.lock"])
    try lock.prove()
    try lock.openFile()
    #expect(try lock.pathLeadsToFile())
    try lock.release()
    #expect(scratch.names == ["box"])
  }

  private func expectSameFile(
    _ late: borrowing Descriptor, _ lock: consuming HeldLock, _ scratch: borrowing ScratchDirectory
  ) throws {
    let (open, now) = (try late.status(), try scratch.status(of: "box"))
    #expect(now.isSameFile(as: open))
    #expect(try isOwed(scratch) == false)
    try lock.release()
    #expect(scratch.names == ["box"])
  }

  @Test("whose lock was stolen writes into an orphan", arguments: Setup.withDotlock, [true, false])
  func stolen(setup: Setup, victimIsLocal: Bool) throws {
    for content in [Self.old, ""] {
      let scratch = ScratchDirectory()
      try scratch.write(content, to: "box")
      var victim = try Setup(method: [.dotlock], isLocal: victimIsLocal).lock(scratch.file("box"))
      try victim.openFile()
      try victim.prove()
      let late = try late(scratch)
      try setAge(scratch)
      try expectFenced(late, steal(setup, scratch), scratch, content)
      #expect(failure { try victim.prove() }?.kind == .lost)
      #expect(releaseFailure(victim)?.kind == .lost)
    }
  }

  @Test("is kept out by the next holder when the thief was killed", arguments: Setup.withDotlock)
  func unpaid(setup: Setup) throws {
    for (name, record) in [("stolen", "12345~n"), ("stolen", "12345~W"), ("held", "12345~W"), ("held", "12345~Q")] {
      let scratch = ScratchDirectory()
      try scratch.write(Self.old, to: "box")
      let late = try late(scratch)
      if name == "held" {
        try leave("\(record)\(Self.minute)\n", scratch)
      } else {
        try leaveStolen("\(record)\(Self.minute)\n", scratch)
      }
      try expectFenced(late, steal(setup, scratch), scratch)
    }
  }

  @Test("is kept out after a fence that failed; until then the debt is in the directory")
  func failed() throws {
    let setup = Setup(method: [.dotlock], isLocal: true)
    let scratch = ScratchDirectory()
    try scratch.write(Self.old, to: "box")
    let late = try late(scratch)
    try leave("12345~p\(Self.minute)\n", scratch)
    let other = try Setup(method: [.flock], isLocal: true).lock(scratch.file("box"))
    let busy = failure { _ = try steal(setup, scratch) }
    #expect(busy?.kind == .busy && busy?.what.contains("flock") == true)
    let mailbox = try scratch.status(of: "box")
    #expect(try mailbox.isSameFile(as: late.status()))
    #expect(scratch.names == ["box", "box.lock.steal"])
    let left = try Directory(scratch.file("box.lock.steal")).names().map(\.string)
    #expect(left.count == 1 && left.first?.hasPrefix("stolen.") == true)
    try other.release()
    try expectFenced(late, steal(setup, scratch), scratch)
  }

  @Test("that is dead, or another program, or not to be fenced leaves the file alone", arguments: Setup.withDotlock)
  func notFenced(setup: Setup) throws {
    for (record, fence) in [
      ("12345~w\(Self.minute)\n", Policy.Fence.replace), ("123\n", .replace), ("", .replace),
      ("12345~p\(Self.minute)\n", .none), ("12345~W\(Self.minute)\n", .none),
    ] where setup.isLocal || !record.contains("w") {
      let scratch = ScratchDirectory()
      try scratch.write(Self.old, to: "box")
      let late = try late(scratch)
      try leave(record, scratch)
      try expectSameFile(late, steal(setup, scratch) { $0.steal.fence = fence }, scratch)
    }
  }

  @Test("that is on no other host and has nothing open leaves the file alone", arguments: ["p", "s", "q", "n"])
  func unused(kind: String) throws {
    let scratch = ScratchDirectory()
    try scratch.write(Self.old, to: "box")
    let before = try scratch.status(of: "box")
    try leave("12345~\(kind)\(Self.minute)\n", scratch)
    try steal(Setup(method: [.dotlock, .fcntl], isLocal: true), scratch).release()
    let now = try scratch.status(of: "box")
    #expect(now.isSameFile(as: before) == "ps".contains(kind))
    #expect(try scratch.text(of: "box") == Self.old)
  }

  @Test("is looked for without keeping anybody from opening the file")
  func question() throws {
    let scratch = ScratchDirectory()
    try scratch.write(Self.old, to: "box")
    let first = try late(scratch)
    let before = first.isOpenNowhereElse()
    let second = try Directory(scratch.path).open("box", [.readWrite, .unsuspecting])
    let after = (first.isOpenNowhereElse(), second.isOpenNowhereElse())
    #expect(before && after == (false, false))
  }

  @Test("makes no file", arguments: [true, false])
  func noFile(isLocal: Bool) throws {
    let scratch = ScratchDirectory()
    try leave("12345~P\(Self.minute)\n", scratch)
    let lock = try steal(Setup(method: [.dotlock], isLocal: isLocal), scratch)
    #expect(scratch.names == ["box.lock"])
    #expect(try isOwed(scratch) == false)
    try lock.release()
  }

  @Test(
    "that could not be kept out keeps its lock, and the reason is told", arguments: Setup.withDotlock,
    ["size", "link", "directory", "symlink"])
  func refused(setup: Setup, obstacle: String) throws {
    // Where a kernel method comes first, it refuses the other ones before anybody looks at the lock.
    if obstacle != "size", setup.method.methods.first != .dotlock { return }
    let scratch = ScratchDirectory()
    try scratch.write("", to: "other")
    let reason: String
    switch obstacle {
    case "size":
      reason = "has 38 bytes, more than the 37 of steal.fence-max"
      try scratch.write(Self.old, to: "box")
    case "link":
      reason = "has 2 names"
      #expect(link(scratch.file("other").string, scratch.file("box").string) == 0)
    case "directory":
      reason = "is a directory"
      #expect(mkdir(scratch.file("box").string, 0o700) == 0)
    default:
      reason = "is reached through a symbolic link"
      #expect(rename(scratch.file("other").string, scratch.file("box").string) == 0)
      #expect(symlink("box", scratch.file("other").string) == 0)
    }
    try leave("12345~q\(Self.minute)\n", scratch)
    let (lock, names) = (try scratch.status(of: "box.lock"), scratch.names)
    let busy = failure {
      _ = try setup.lock(scratch.file(obstacle == "symlink" ? "other" : "box")) {
        ($0.steal.observe, $0.steal.fenceMax) = (.zero, 37)
      }
    }
    #expect(busy?.kind == .busy && busy?.what.contains(reason) == true, "\(busy?.what ?? "")")
    let now = try scratch.status(of: "box.lock")
    #expect(now.isSameFile(as: lock) && now.modified == lock.modified)
    #expect(scratch.names == names)
  }

  @Test("of a large file counts only if he has it open, where the kernel knows", arguments: Setup.withDotlock)
  func largeFile(setup: Setup) throws {
    let scratch = ScratchDirectory()
    try scratch.write(Self.old, to: "box")
    try leave("12345~p\(Self.minute)\n", scratch)
    let reader = try Directory(scratch.path).open("box", .readOnly)
    #expect(failure { _ = try steal(setup, scratch) { $0.steal.fenceMax = 37 } }?.kind == .busy)
    try reader.close()
    let second = failure { try steal(setup, scratch) { $0.steal.fenceMax = 37 }.release() }
    #expect(second?.kind == (setup.isLocal ? nil : .busy))
  }

  @Test("is kept out by a file that is the same in everything else", arguments: [true, false])
  func metadata(isLocal: Bool) throws {
    let scratch = ScratchDirectory()
    try scratch.write(Self.old, to: "box")
    let late = try late(scratch)
    let acl: [UInt8] =
      [2, 0, 0, 0] + [(1, 6, -1), (2, 4, 77), (4, 4, -1), (0x10, 6, -1), (0x20, 0, -1)].flatMap(entry)
    #expect(setxattr(scratch.file("box").string, "user.note", "kept", 4, 0) == 0)
    #expect(setxattr(scratch.file("box").string, "system.posix_acl_access", acl, acl.count, 0) == 0)
    if geteuid() == 0 { #expect(fchown(late.raw, 1234, 5678) == 0) }
    let then = FileTime(nanoseconds: 1_234_567_890_123_456_789)
    try late.setTimes(accessed: FileTime(nanoseconds: 1_000_000_000_000_000_001), modified: then)
    let before = try late.status()
    try leave("12345~q\(Self.minute)\n", scratch)
    let lock = try steal(Setup(method: [.dotlock], isLocal: isLocal), scratch)
    let now = try scratch.status(of: "box")
    #expect(!now.isSameFile(as: before))
    #expect(now.mode == before.mode && now.mode & 0o777 == 0o660 && now.size == before.size && now.links == 1)
    #expect(now.owner == before.owner && now.group == before.group)
    #expect(now.modified == then && now.accessed == before.accessed)
    for (name, value) in [("user.note", Array("kept".utf8)), ("system.posix_acl_access", acl)] {
      var bytes = [UInt8](repeating: 0, count: 100)
      let count = getxattr(scratch.file("box").string, name, &bytes, bytes.count)
      #expect(count >= 0 && Array(bytes[..<max(0, count)]) == value, "\(name)")
    }
    try expectFenced(late, lock, scratch)
  }

  /// An entry of an access list as the kernel has it: what kind of user, the permissions, which user.
  private func entry(_ kind: UInt8, _ permissions: UInt8, _ user: Int) -> [UInt8] {
    [kind, 0, permissions, 0] + (0..<4).map { UInt8(truncatingIfNeeded: user >> ($0 * 8)) }
  }

  @Test(
    "is kept out although the copy outlasts the lease, and with only the good part of the file",
    arguments: [true, false])
  func outlastsLease(isLocal: Bool) throws {
    let scratch = ScratchDirectory()
    // More than is copied at once.
    let text = String(repeating: "0123456789abcdef", count: 1_100_000)
    try scratch.write(text, to: "box")
    let late = try late(scratch)
    var lock = try steal(Setup(method: [.dotlock], isLocal: isLocal), scratch) {
      ($0.lease.length, $0.lease.warning, $0.lease.kill) = (.milliseconds(500), .milliseconds(10), .milliseconds(10))
    }
    if let remaining = lock.remaining { sleepThrough(remaining) }
    #expect(failure { try lock.prove() }?.kind == .lost)
    try lock.fence(keeping: 17_000_001, isLocal: true)
    try late.writeAll([0])
    #expect(try scratch.text(of: "box") == String(text.utf8.prefix(17_000_001)))
    #expect(scratch.names == ["box", "box.lock"])
  }

  @Test("does not keep the next one out: kernel locks are on the new file", arguments: ["fcntl", "flock"])
  func kernelLocks(method: String) throws {
    for list in ["\(method)+dotlock", "dotlock+\(method)"] {
      let scratch = ScratchDirectory()
      try scratch.write(Self.old, to: "box")
      let late = try late(scratch)
      try leave("12345~q\(Self.minute)\n", scratch)
      let lock = try steal(Setup(method: MethodList(list), isLocal: true), scratch)
      let kernel = Setup(method: try MethodList(method), isLocal: true)
      #expect(failure { _ = try kernel.lock(scratch.file("box")) }?.kind == .busy)
      try expectFenced(late, lock, scratch)
      try kernel.lock(scratch.file("box")).release()
    }
  }

  @Test(
    "is kept out of a user's mailbox in a sticky spool by root", .enabled(if: geteuid() == 0), arguments: [true, false])
  func stickySpool(isLocal: Bool) throws {
    let scratch = ScratchDirectory()
    #expect(chmod(scratch.path.string, 0o1777) == 0)
    try scratch.write(Self.old, to: "box")
    let late = try late(scratch)
    #expect(fchown(late.raw, 1234, 5678) == 0)
    try leave("12345~q\(Self.minute)\n", scratch)
    #expect(chown(scratch.file("box.lock").string, 1234, 5678) == 0)
    let lock = try steal(Setup(method: [.dotlock], isLocal: isLocal), scratch)
    let now = try scratch.status(of: "box")
    #expect(now.owner == 1234 && now.group == 5678 && now.mode & 0o777 == 0o600)
    try expectFenced(late, lock, scratch)
  }
}

/// A thief that wakes up in the middle of a fence, after the next holder has taken the lock.
@Suite("A late fence")
struct LateFenceTests {
  private func target(_ setup: Setup, _ scratch: borrowing ScratchDirectory) throws -> LockTarget {
    try LockTarget(
      FileLocation(of: scratch.file("box")), policy: Policy(), holder: .writer, isShared: false, isLocal: setup.isLocal)
  }

  static let setups = [true, false].map { Setup(method: [.dotlock], isLocal: $0) }

  private func leave(_ files: [(String, String)], _ scratch: borrowing ScratchDirectory) throws {
    #expect(mkdir(scratch.file("box.lock.steal").string, 0o700) == 0)
    for (name, text) in files { try scratch.write(text, to: name) }
  }

  @Test("replaces nothing", arguments: setups, setups)
  func late(thief: Setup, successor: Setup) throws {
    let scratch = ScratchDirectory()
    try scratch.write("old", to: "box")
    let target = try target(thief, scratch)
    let copy = try FileCopy.make(target)
    let source = try Directory(scratch.path).open("box", .readOnly)
    try copy.fill(from: source, source.status(), length: 3, "box") { () throws(LockFailure) in }
    var lock = try successor.lock(scratch.file("box"))
    try scratch.write("delivered", to: "box")
    #expect(late(copy, target)?.kind == .lost)
    #expect(try scratch.text(of: "box") == "delivered")
    try lock.prove()
    try lock.release()
    #expect(scratch.names == ["box"])
  }

  private func late(_ copy: consuming FileCopy, _ target: borrowing LockTarget) -> LockFailure? {
    do throws(LockFailure) {
      try copy.replaceFile(target)
      return nil
    } catch { return error }
  }

  @Test("that has moved the file away finds it back in its place", arguments: setups)
  func halfway(successor: Setup) throws {
    let scratch = ScratchDirectory()
    try scratch.write("old", to: "box")
    let before = try scratch.status(of: "box")
    let target = try target(Setup(method: [.dotlock], isLocal: false), scratch)
    let permit = try Permit.obtain(target)
    try scratch.write("old", to: "box.lock.steal/fence.1")
    #expect(try permit.move("box", to: "displaced.1", target) == "displaced.1")
    #expect(scratch.names == ["box.lock.steal"])
    let lock = try successor.lock(scratch.file("box"))
    let now = try scratch.status(of: "box")
    #expect(now.isSameFile(as: before) && now.links == 1)
    #expect((try? permit.directory.link("fence.1", to: "box", in: target.directory)) == nil)
    #expect(try scratch.status(of: "box").isSameFile(as: before))
    try permit.putBackFile("displaced.1", target)
    try lock.release()
    #expect(scratch.names == ["box"])
  }

  @Test("that was killed after the copy was in its place is tidied up", arguments: setups)
  func done(successor: Setup) throws {
    let scratch = ScratchDirectory()
    try leave([("box.lock.steal/displaced.1", "old"), ("box.lock.steal/fence.1", "new")], scratch)
    #expect(link(scratch.file("box.lock.steal/fence.1").string, scratch.file("box").string) == 0)
    try successor.lock(scratch.file("box")).release()
    #expect(try scratch.text(of: "box") == "new")
    #expect(scratch.names == ["box"])
  }

  @Test("loses nothing when another program has made a new file meanwhile", arguments: setups)
  func stranger(successor: Setup) throws {
    let scratch = ScratchDirectory()
    try leave([("box.lock.steal/displaced.1", "old"), ("box.lock.steal/fence.1", "old"), ("box", "new")], scratch)
    try successor.lock(scratch.file("box")).release()
    #expect(try scratch.text(of: "box") == "new")
    let names = scratch.names
    #expect(names.count == 2 && names[0] == "box" && names[1].hasPrefix("box."))
    #expect(try scratch.text(of: try #require(names.last)) == "old")
  }

  @Test("is not tried where somebody else could exchange the copy", .enabled(if: geteuid() == 0), arguments: setups)
  func unsafe(setup: Setup) throws {
    for (owner, mode) in [(UInt32(5555), UInt32(0o700)), (0, 0o777), (0, 0o720)] {
      let scratch = ScratchDirectory()
      #expect(chmod(scratch.path.string, 0o1777) == 0)
      try scratch.write("old", to: "box")
      try leave([], scratch)
      let permit = scratch.file("box.lock.steal").string
      #expect(chown(permit, owner, 5555) == 0 && chmod(permit, mode) == 0)
      let target = try target(setup, scratch)
      #expect(refusal(target)?.kind == .refused)
    }
  }

  private func refusal(_ target: borrowing LockTarget) -> LockFailure? {
    do throws(LockFailure) {
      try FileCopy.make(target).discard(target)
      return nil
    } catch { return error }
  }
}
