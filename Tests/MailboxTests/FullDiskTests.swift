import FileLocking
import LockPolicy
import Posix
import SystemPackage
import TestSupport
import Testing

@testable import Mailbox

/// A file system in memory that is really full after some MiB.
@Suite(.enabled(if: ScratchDirectory.canMount, "needs the permission to mount a tmpfs"))
struct FullDiskTests {
  private func mailbox(on disk: borrowing ScratchDirectory) throws -> Fingerprint {
    try Directory(disk.path).open("Mailbox", [.writeOnly, .create], mode: 0o600).writeAll(Array(UndoTests.old.utf8))
    return try fingerprint(on: disk)
  }

  private func fingerprint(on disk: borrowing ScratchDirectory) throws -> Fingerprint {
    let file = try Directory(disk.path).open("Mailbox", [.readOnly, .noAccessTime])
    let status = try file.status()
    return Fingerprint(
      bytes: try file.bytes(atMost: Int(status.size), from: 0), inode: status.inode, mode: status.mode,
      accessed: status.accessed, modified: status.modified)
  }

  @Test("A full disk in the middle of the write leaves the mailbox as it was", arguments: [3 << 20, 7 << 20])
  func fullDisk(length: Int) throws {
    let disk = try ScratchDirectory(mounting: "tmpfs", options: "size=2m")
    let before = try mailbox(on: disk)
    let spool = try Spool(bytes: .init(repeating: 0x61, count: length), directories: ["/tmp"])
    let failure = #expect(throws: LockFailure.self) {
      try withLock(on: disk.path.appending("Mailbox"), policy: Policy()) { lease in try lease.append(spool) }
    }
    #expect(failure?.kind == .system(.noSpace))
    #expect(try fingerprint(on: disk) == before)
    #expect(try Directory(disk.path).names() == ["Mailbox"])
  }

  @Test("A full disk under a new mailbox leaves nothing") func newMailbox() throws {
    let disk = try ScratchDirectory(mounting: "tmpfs", options: "size=1m")
    let spool = try Spool(bytes: .init(repeating: 0x61, count: 3 << 20))
    #expect(throws: LockFailure.self) {
      try withLock(on: disk.path.appending("Mailbox"), policy: Policy()) { lease in try lease.append(spool) }
    }
    #expect(try Directory(disk.path).names().isEmpty)
  }

  @Test("A disk too small for the kept message fails before any lock is taken") func fullSpool() throws {
    let disk = try ScratchDirectory(mounting: "tmpfs", options: "size=2m")
    let failure = #expect(throws: LockFailure.self) {
      _ = try Spool(bytes: .init(repeating: 0x61, count: 7 << 20), directories: [disk.path, "/tmp"])
    }
    #expect(failure?.kind == .system(.noSpace))
    #expect(try Directory(disk.path).names().isEmpty)
  }
}
