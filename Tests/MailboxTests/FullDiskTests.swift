import FileLocking
import Glibc
import LockPolicy
import Posix
import SystemPackage
import Testing

@testable import Mailbox

/// A file system in memory that is really full after some MiB.
private struct SmallDisk: ~Copyable {
  let path: FilePath

  init(mebibytes: Int) throws(Errno) {
    var template = Array("/tmp/mailbox-disk.XXXXXX".utf8CString)
    precondition(mkdtemp(&template) != nil)
    path = FilePath(platformString: template)
    let options = Array("size=\(mebibytes)m".utf8CString)
    guard mount("tmpfs", path.string, "tmpfs", 0, options) == 0 else {
      let failure = Errno(rawValue: errno)
      rmdir(path.string)
      throw failure
    }
  }

  deinit {
    umount2(path.string, CInt(MNT_DETACH))
    rmdir(path.string)
  }

  static let isPossible = (try? SmallDisk(mebibytes: 1)) != nil
}

@Suite(.enabled(if: SmallDisk.isPossible, "needs the permission to mount a tmpfs"))
struct FullDiskTests {
  private func mailbox(on disk: borrowing SmallDisk) throws -> Fingerprint {
    try Directory(disk.path).open("Mailbox", [.writeOnly, .create], mode: 0o600).writeAll(Array(UndoTests.old.utf8))
    return try fingerprint(on: disk)
  }

  private func fingerprint(on disk: borrowing SmallDisk) throws -> Fingerprint {
    let file = try Directory(disk.path).open("Mailbox", [.readOnly, .noAccessTime])
    let status = try file.status()
    return Fingerprint(
      bytes: try file.bytes(atMost: Int(status.size), from: 0), inode: status.inode, mode: status.mode,
      accessed: status.accessed, modified: status.modified)
  }

  @Test("A full disk in the middle of the write leaves the mailbox as it was", arguments: [3 << 20, 7 << 20])
  func fullDisk(length: Int) throws {
    let disk = try SmallDisk(mebibytes: 2)
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
    let disk = try SmallDisk(mebibytes: 1)
    let spool = try Spool(bytes: .init(repeating: 0x61, count: 3 << 20))
    #expect(throws: LockFailure.self) {
      try withLock(on: disk.path.appending("Mailbox"), policy: Policy()) { lease in try lease.append(spool) }
    }
    #expect(try Directory(disk.path).names().isEmpty)
  }

  @Test("A disk too small for the kept message fails before any lock is taken") func fullSpool() throws {
    let disk = try SmallDisk(mebibytes: 2)
    let failure = #expect(throws: LockFailure.self) {
      _ = try Spool(bytes: .init(repeating: 0x61, count: 7 << 20), directories: [disk.path, "/tmp"])
    }
    #expect(failure?.kind == .system(.noSpace))
    #expect(try Directory(disk.path).names().isEmpty)
  }
}
