import Glibc
import LockPolicy
import SystemPackage
import TestSupport
import Testing

@testable import PolicyFile

struct LoadTests {
  @Test func `a policy that must be there is missed`() throws {
    let scratch = ScratchDirectory()
    let path = scratch.path.appending("none.yaml")
    #expect(complaint(loading: path) == "\(path): cannot open: No such file or directory")
  }

  @Test func `without a path a missing file means the built-in defaults`() throws {
    // Whether this machine has a policy is not for the tests to say.
    guard access(PolicyFile.defaultPath.string, F_OK) != 0 else { return }
    #expect(try PolicyFile.load().source == nil)
  }

  @Test(.timeLimit(.minutes(1))) func `only regular files are read, and a fifo is not waited for`() throws {
    let scratch = ScratchDirectory()
    let fifo = scratch.path.appending("fifo")
    try #require(mkfifo(fifo.string, 0o600) == 0)
    #expect(complaint(loading: fifo) == "\(fifo): is a fifo, expected a regular file")
    #expect(complaint(loading: scratch.path) == "\(scratch.path): is a directory, expected a regular file")
    #expect(complaint(loading: "/dev/zero") == "/dev/zero: is a device, expected a regular file")
  }

  @Test(arguments: [0o664, 0o646, 0o620, 0o602] as [UInt32])
  func `a file that strangers can write is refused`(mode: UInt32) throws {
    let scratch = ScratchDirectory()
    let path = try policy(in: scratch, "policy.yaml", "version: 1\n", mode: mode)
    let expected = "\(path): others than its owner can write it; a policy that strangers can write is not followed"
    #expect(complaint(loading: path) == expected)
  }

  @Test(.enabled(if: geteuid() == 0)) func `a stranger's file is refused`() throws {
    let scratch = ScratchDirectory()
    let path = try policy(in: scratch, "policy.yaml", "version: 1\n")
    try #require(chown(path.string, 4242, 0) == 0)
    #expect(
      complaint(loading: path) == "\(path): belongs to user 4242; a policy must belong to root or to who uses it")
  }

  @Test func `a symbolic link is followed to a file that is judged itself`() throws {
    let scratch = ScratchDirectory()
    let good = try policy(in: scratch, "good.yaml", "defaults: {method: flock}\n")
    let bad = try policy(in: scratch, "bad.yaml", "version: 1\n", mode: 0o666)
    symlink(good.string, scratch.path.appending("to-good").string)
    symlink(bad.string, scratch.path.appending("to-bad").string)
    #expect(try PolicyFile.load(scratch.path.appending("to-good")).defaults.count == 1)
    #expect(complaint(loading: scratch.path.appending("to-bad"))?.contains("others than its owner") == true)
  }

  @Test func `a file of more than 1 MiB is refused by its size`() throws {
    let scratch = ScratchDirectory()
    let path = try policy(in: scratch, "policy.yaml", "")
    try #require(truncate(path.string, (1 << 20) + 1) == 0)
    #expect(complaint(loading: path) == "\(path): is larger than 1 MiB; no policy needs that")
  }

  private func policy(
    in scratch: borrowing ScratchDirectory, _ name: String, _ text: String, mode: UInt32 = 0o644
  ) throws -> FilePath {
    try scratch.write(text, to: name)
    try #require(chmod(scratch.file(name).string, mode) == 0)
    return scratch.file(name)
  }

  private func complaint(loading path: FilePath) -> String? {
    do throws(PolicyError) {
      _ = try PolicyFile.load(path)
      return nil
    } catch { return error.description }
  }
}
