import FileLocking
import Glibc
import LockPolicy
import Posix
import SystemPackage
import TestSupport
import Testing

@Suite("The file that is locked")
struct LockedFileTests {
  static let kernel = Setup.all.filter { $0.method != [.dotlock] && $0.isLocal }

  @Test(
    "is refused when it is not the caller's own plain file", arguments: ["symlink", "hard link", "fifo", "directory"])
  func unsafe(shape: String) throws {
    for setup in Self.kernel {
      let scratch = ScratchDirectory()
      let path = scratch.file("box").string
      switch shape {
      case "symlink":
        try scratch.write("", to: "target")
        #expect(symlink("target", path) == 0)
      case "hard link":
        try scratch.write("", to: "target")
        #expect(link(scratch.file("target").string, path) == 0)
      case "fifo": #expect(mkfifo(path, 0o600) == 0)
      default: #expect(mkdir(path, 0o700) == 0)
      }
      let before = scratch.names
      #expect(failure { _ = try setup.lock(scratch.file("box")) }?.kind == .refused, "\(setup.testDescription)")
      #expect(scratch.names == before)
    }
  }

  @Test("is made with the policy's mode, or not at all", arguments: kernel)
  func creation(setup: Setup) throws {
    let scratch = ScratchDirectory()
    #expect(failure { _ = try setup.lock(scratch.file("box")) { $0.mailbox.create = false } } != nil)
    #expect(scratch.names == [])
    try setup.lock(scratch.file("box")) { $0.mailbox.mode = 0o660 }.release()
    #expect(try scratch.status(of: "box").mode & 0o7777 == 0o660)
  }

  @Test("that was replaced while it was locked is noticed", arguments: kernel)
  func replaced(setup: Setup) throws {
    let scratch = ScratchDirectory()
    var lock = try setup.lock(scratch.file("box"))
    try scratch.write("new", to: "other")
    #expect(rename(scratch.file("other").string, scratch.file("box").string) == 0)
    #expect(failure { try lock.prove() }?.kind == .lost)
  }

  @Test("excludes POSIX locks and flock of other processes, and is excluded by them", arguments: ["fcntl", "flock"])
  func foreignKernelLocks(method: String) throws {
    let scratch = ScratchDirectory()
    try scratch.write("", to: "box")
    let setup = Setup(method: try MethodList(method), isLocal: true)
    let lock = try setup.lock(scratch.file("box"))
    let descriptor = open(scratch.file("box").string, O_RDWR | O_CLOEXEC)
    defer { close(descriptor) }
    func foreign() -> Bool {
      method == "flock" ? flock(descriptor, LOCK_EX | LOCK_NB) == 0 : lockf(descriptor, F_TLOCK, 0) == 0
    }
    #expect(!foreign())
    try lock.release()
    #expect(foreign())
    #expect(failure { _ = try setup.lock(scratch.file("box")) }?.kind == .busy)
  }

  @Test("is asked for by another process where there may be no answer, and the lock is ours", arguments: [false, true])
  func askedElsewhere(byFlock: Bool) throws {
    let scratch = ScratchDirectory()
    try scratch.write("", to: "box")
    let directory = try Directory(scratch.path)
    let limit = Duration.seconds(60)
    let ours = try directory.open("box", [.readWrite])
    let theirs = try directory.open("box", [.readWrite])
    let taken = try byFlock ? ours.tryFlock(within: limit) : ours.tryRecordLock(within: limit)
    let takenTwice = try byFlock ? theirs.tryFlock(within: limit) : theirs.tryRecordLock(within: limit)
    #expect(taken && !takenTwice)
    if !byFlock {
      let isSeen = try theirs.hasForeignRecordLock(within: limit)
      #expect(isSeen)
    }
    try byFlock ? ours.releaseFlock() : ours.releaseRecordLock()
    let isFree = try byFlock ? theirs.tryFlock(within: limit) : theirs.tryRecordLock(within: limit)
    #expect(isFree)
  }

  @Test("is not locked for writing through a descriptor for reading, whoever asks")
  func refusal() throws {
    let scratch = ScratchDirectory()
    try scratch.write("", to: "box")
    let file = try Directory(scratch.path).open("box", [.readOnly])
    #expect(throws: Errno.badFileDescriptor) { _ = try file.tryRecordLock(within: .seconds(60)) }
  }
}
