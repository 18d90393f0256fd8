import Glibc
import TestSupport
import Testing

/// File systems that can give two files the same blocks: a large message is written once there, and is as whole, and as
/// much gone after a failure, as on any other.
@Suite("Blocks that two files share")
struct SharedBlocksTests {
  static let fileSystems = ["btrfs", "xfs"].filter { geteuid() == 0 && access("/sbin/mkfs.\($0)", X_OK) == 0 }

  /// `deliver CASE [OPTIONS OF STRACE]` tells the status, whose messages are in the mailbox after that and after one more
  /// delivery, and what else is in the directory.
  private func script(_ fileSystem: String, _ body: String) -> String {
    """
    truncate -s 320m image; mkfs.\(fileSystem) -q image >/dev/null 2>&1; mkdir disk; mount -o loop image disk || exit 98
    trap 'umount disk' EXIT
    { echo; seq -f '%g 0123456789 0123456789 0123456789 0123456789' 1 130000; } >message
    { cat message; echo; } >whole
    names() { grep -a -o '^From [a-z]*' disk/box | cut -c6- | tr '\\n' ' '; }
    whole() { tail -c +53 disk/box | head -c $(stat -c %s whole) | cmp -s - whole && echo whole; }
    deliver() {
      printf 'From old\\n\\nold\\n\\n' >disk/box
      strace -f -o log -e trace=ioctl,write,fsync "$@" mboxappend -f victim --lease 9s disk/box <message
      echo "$1: $?, $(names)$(whole)"
      printf '\\nnext\\n' | mboxappend -f next disk/box
      echo "$?, $(names)$(whole) $(ls -A disk)"
      rm disk/box
    }
    \(body)
    """
  }

  @Test("carry a large message, which is there byte for byte", arguments: fileSystems)
  func delivery(fileSystem: String) throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      script(fileSystem, "deliver -qq; grep -c 'FICLONERANGE.* = 0$' log; grep -c write log"), in: scratch)
    // Besides that: the lock's record, the first and the last part of a block.
    #expect(result.output == "-qq: 0, old victim whole\n0, old victim next whole box\n1\n3\n", "\(result)")
    #expect(result.errors == "")
  }

  @Test("are written when they cannot be shared", arguments: fileSystems, ["EOPNOTSUPP", "EIO", "ENOSPC", "EINVAL"])
  func refusal(fileSystem: String, error: String) throws {
    let scratch = ScratchDirectory()
    let inject = "-einject=ioctl:error=\(error)"
    let result = try Shell.run(script(fileSystem, "deliver \(inject)"), in: scratch)
    #expect(result.output == "\(inject): 0, old victim whole\n0, old victim next whole box\n", "\(result)")
  }

  @Test(
    "never come in the place of what a program without the lock has written meanwhile", arguments: fileSystems,
    ["echo From foreign >>disk/box", "truncate -s 14 disk/box"])
  func foreignWriter(fileSystem: String, work: String) throws {
    let scratch = ScratchDirectory()
    // Behind the first part of a block; and before the first block, at the end of an aligned mailbox.
    for length in [15, 4096] {
      let result = try Shell.run(
        script(
          fileSystem,
          """
          { printf 'From old\n\n'; head -c \(length - 12) /dev/zero | tr '\\0' x; printf '\n\n'; } >disk/box
          call=\(length == 15 ? "write:delay_exit=700000:when=2" : "linkat:delay_exit=700000:when=2")
          strace -f -o log -e trace=write,linkat -e inject=$call mboxappend -f victim disk/box <message &
          sleep 0.4; \(work); cp disk/box seen; wait $!; echo $?
          cmp -n $(stat -c %s seen) disk/box seen && echo kept
          """), in: scratch)
      #expect(result.output == "75\nkept\n", "\(result)")
      #expect(result.errors.filter { $0 == "\n" }.count == 1, "\(result)")
      _ = try Shell.run("rm -rf *", in: scratch)
    }
  }

  @Test(
    "fit no mailbox that is as long as a file can be", .enabled(if: ScratchDirectory.canMount),
    arguments: ["mboxappend box <message", "maildir2mbox M box"])
  func endlessMailbox(command: String) throws {
    let scratch = try ScratchDirectory(mounting: "tmpfs")
    let result = try Shell.run(
      """
      mkdir -p M/new M/cur M/tmp; yes x | head -c 6m >message; cp message M/new/1; touch -d '9 seconds ago' M/new/1
      printf 'From a\\n\\nold\\n' >box; truncate -s 9223372036854775807 box
      \(command); echo $?
      """, in: scratch)
    #expect(result.output == "75\n", "\(result)")
  }

  @Test("are taken back with the rest of the message, or stay with it", arguments: fileSystems)
  func failure(fileSystem: String) throws {
    let scratch = ScratchDirectory()
    let kept = "old victim whole", gone = "old "
    let cases = [
      ("ioctl:signal=KILL", 137, gone), ("write:signal=KILL:when=3", 137, gone), ("fsync:signal=KILL", 137, kept),
      ("write:error=ENOSPC:when=3", 75, gone), ("fsync:error=EIO:when=1", 75, gone),
    ]
    for (fault, status, names) in cases {
      let inject = "-einject=\(fault)"
      let result = try Shell.run(script(fileSystem, "deliver \(inject) 2>/dev/null"), in: scratch)
      let next = names == kept ? "old victim next whole box" : "old next  box"
      let lines = result.output.split(separator: "\n")
      #expect(lines.first?.hasPrefix("\(inject): \(status), ") == true && lines.last == "0, \(next)", "\(result)")
      _ = try Shell.run("rm -rf *", in: scratch)
    }
  }
}
