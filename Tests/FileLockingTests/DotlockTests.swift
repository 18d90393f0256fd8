import FileLocking
import Glibc
import LockPolicy
import Posix
import SystemPackage
import TestSupport
import Testing

@Suite("A lock file")
struct DotlockTests {
  @Test("has its record, its mode whatever the umask is, and one name", arguments: Setup.withDotlock)
  func shape(setup: Setup) throws {
    let scratch = ScratchDirectory()
    let lock = try setup.lock(scratch.file("box")) { $0.dotlock.mode = 0o664 }
    let status = try scratch.status(of: "box.lock")
    #expect(status.mode & 0o7777 == 0o664)
    #expect(status.links == 1)
    let record = try #require(LockRecord(Array(try scratch.text(of: "box.lock").utf8)))
    #expect(record.pid == getpid() && record.holder == (setup.isLocal ? .writer : .remoteWriter))
    #expect(scratch.names.filter { $0 != "box" } == ["box.lock"])
    try lock.release()
  }

  @Test("need not be writable", arguments: Setup.withDotlock)
  func readOnlyMode(setup: Setup) throws {
    let scratch = ScratchDirectory()
    var lock = try setup.lock(scratch.file("box")) { $0.dotlock.mode = 0o444 }
    try lock.refresh()
    try lock.prove()
    try lock.release()
    #expect(!scratch.names.contains("box.lock"))
  }

  @Test("that somebody else put in its place is proven not ours, and stays", arguments: Setup.withDotlock)
  func stranger(setup: Setup) throws {
    let scratch = ScratchDirectory()
    var lock = try setup.lock(scratch.file("box"))
    #expect(unlink(scratch.file("box.lock").string) == 0)
    #expect(failure { try lock.prove() }?.kind == .lost)
    try scratch.write("0", to: "box.lock")
    #expect(failure { try lock.prove() }?.kind == .lost)
    #expect(releaseFailure(lock)?.kind == .lost)
    #expect(try scratch.text(of: "box.lock") == "0")
  }

  @Test("that somebody wrote into is not ours any more, though the inode is", arguments: Setup.withDotlock)
  func seized(setup: Setup) throws {
    let scratch = ScratchDirectory()
    var lock = try setup.lock(scratch.file("box"))
    try scratch.write("77\n", to: "box.lock")
    #expect(failure { try lock.prove() }?.kind == .lost)
    #expect(releaseFailure(lock)?.kind == .lost)
    #expect(try scratch.text(of: "box.lock") == "77\n")
  }

  @Test("is touched by a refresh, and still ours", arguments: Setup.withDotlock)
  func refresh(setup: Setup) throws {
    let scratch = ScratchDirectory()
    var lock = try setup.lock(scratch.file("box"))
    let before = try scratch.status(of: "box.lock").modified
    sleepThrough(.milliseconds(20))
    try lock.refresh()
    #expect(try scratch.status(of: "box.lock").modified > before)
    try lock.prove()
    try lock.release()
    #expect(!scratch.names.contains("box.lock"))
  }

  @Test(
    "of any shape is respected, and named", arguments: ["directory", "fifo", "symlink", "huge", "foreign"],
    Setup.withDotlock)
  func unknownShapes(shape: String, setup: Setup) throws {
    let scratch = ScratchDirectory()
    let path = scratch.file("box.lock").string
    switch shape {
    case "directory": #expect(mkdir(path, 0o700) == 0)
    case "fifo": #expect(mkfifo(path, 0o600) == 0)
    case "symlink": #expect(symlink("nowhere", path) == 0)
    case "huge": try scratch.write(String(repeating: "x", count: 1 << 20), to: "box.lock")
    default: try scratch.write("123:host\n", to: "box.lock")
    }
    let before = try scratch.status(of: "box.lock")
    #expect(failure { _ = try setup.lock(scratch.file("box")) }?.kind == .busy)
    let after = try scratch.status(of: "box.lock")
    #expect(after.inode == before.inode && after.modified == before.modified && after.size == before.size)
    #expect(scratch.names.filter { $0 != "box" } == ["box.lock"])
  }

  @Test("is let go when a later method is busy", arguments: [true, false])
  func allOrNone(isLocal: Bool) throws {
    let scratch = ScratchDirectory()
    let kernel = try Setup(method: [.fcntl], isLocal: isLocal).lock(scratch.file("box"))
    let both = Setup(method: [.dotlock, .flock, .fcntl], isLocal: isLocal)
    #expect(failure { _ = try both.lock(scratch.file("box")) }?.kind == .busy)
    #expect(scratch.names == ["box"])
    try kernel.release()
    try both.lock(scratch.file("box")).release()
  }

  @Test(
    "whose name, or that of its permit, would be too long is refused, and nothing is left",
    arguments: Setup.withDotlock, [245, 250, 253])
  func longName(setup: Setup, length: Int) throws {
    let scratch = ScratchDirectory()
    let name = String(repeating: "n", count: length)
    #expect(failure { _ = try setup.lock(scratch.file(name)) }?.kind == .system(.fileNameTooLong))
    #expect(scratch.names.filter { $0 != name } == [])
  }

  @Test("lies beside the file that a symbolic link leads to", arguments: Setup.withDotlock)
  func behindSymlink(setup: Setup) throws {
    let scratch = ScratchDirectory()
    #expect(mkdir(scratch.file("real").string, 0o700) == 0)
    #expect(symlink("real/box", scratch.file("link").string) == 0)
    let lock = try setup.lock(scratch.file("link")) { $0.mailbox.symlinks = .follow }
    #expect(try Directory(scratch.file("real")).names().map(\.string).contains("box.lock"))
    #expect(failure { _ = try setup.lock(scratch.file("real/box")) }?.kind == .busy)
    try lock.release()
  }
}
