import Glibc
import TestSupport
import Testing

/// Disks that are really full, and limits that really strike, in the middle of a message.
@Suite("No room")
struct DiskTests {
  /// A place with about 2 MiB of room, until `fill` is removed.
  struct Disk: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let needs: String
    /// Makes the directory `disk`.
    let make: String
    var fill = "head -c $(( $(stat -f -c '%a * %S' disk) - 2097152 )) /dev/zero >disk/fill"
    /// What every program runs under until then.
    var under = ""
    let says: String

    var isPossible: Bool { needs.isEmpty || geteuid() == 0 && access(needs, X_OK) == 0 }
  }

  static let disks = [
    Disk(
      testDescription: "a full tmpfs", needs: "/bin/mount", make: "mkdir disk; mount -t tmpfs -o size=12m none disk",
      says: "No space left on device"),
    Disk(
      testDescription: "a full ext4", needs: "/sbin/mkfs.ext4",
      make: """
        truncate -s 12m image; mkfs.ext4 -q -m 0 -O ^has_journal image; mkdir disk; mount -o loop image disk
        rmdir disk/lost+found
        """,
      says: "No space left on device"),
    // A quota of users needs a kernel with its format; that of a subvolume fails in the same way.
    Disk(
      testDescription: "a quota of btrfs", needs: "/usr/bin/btrfs",
      make: """
        truncate -s 120m image; mkfs.btrfs -q image >/dev/null 2>&1; mkdir disk; mount -o loop image disk
        btrfs quota enable disk; btrfs subvolume create disk/limited >/dev/null; btrfs qgroup limit 10M disk/limited
        umount disk; mount -o loop,subvol=limited image disk
        """,
      fill: "head -c 8m /dev/zero >disk/fill", says: "Disk quota exceeded"),
    Disk(
      testDescription: "a limit of the size of files", needs: "", make: "mkdir disk", fill: ": >disk/fill",
      under: "ulimit -f 4096;", says: "File too large"),
  ].filter(\.isPossible)

  private func script(_ disk: Disk, _ body: String) -> String {
    """
    trap 'sync; umount disk 2>/dev/null' EXIT
    { \(disk.make); } || exit 98
    printf 'From a\\n\\nold\\n\\n' >disk/box; \(disk.fill); sync
    look() { stat -c '%s %X %Y %Z' disk/box; cksum disk/box; ls -A disk; }
    limited() { (\(disk.under) "$@"); }
    \(body)
    """
  }

  @Test("for a delivery leaves the mailbox as it was", arguments: disks, [3, 7])
  func delivery(disk: Disk, mebibytes: Int) throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      script(
        disk,
        """
        cat disk/box >/dev/null; look >before
        yes x | head -c \(mebibytes)m >message
        TMPDIR=$PWD limited mboxappend -f a disk/box <message; echo $?
        look | diff before -
        rm disk/fill; sync; echo y | mboxappend -f b disk/box; echo $?; ls -A disk
        """), in: scratch)
    #expect(result.output == "75\n0\nbox\n", "\(result)")
    #expect(result.errors.contains(disk.says) && result.errors.filter { $0 == "\n" }.count == 1, "\(result)")
  }

  @Test("for a maildir leaves what does not fit where it is", arguments: disks)
  func maildir(disk: Disk) throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      script(
        disk,
        """
        mkdir -p M/new M/cur M/tmp; echo 'Subject: one' >M/new/1
        { echo 'Subject: two'; yes x | head -c 3m; } >M/new/2; echo 'Subject: three' >M/new/3
        touch -d '9 seconds ago' M/new/*
        limited maildir2mbox M disk/box; echo $?; grep Subject disk/box; ls -A disk M M/new
        rm disk/fill; sync; maildir2mbox M disk/box; echo $?; grep Subject disk/box; ls -A disk M M/new
        """), in: scratch)
    let first = "75\nSubject: one\nM:\ncur\nnew\ntmp\n\nM/new:\n2\n3\n\ndisk:\nbox\nfill\n"
    let then = "0\nSubject: one\nSubject: two\nSubject: three\nM:\ncur\nnew\ntmp\n\nM/new:\n\ndisk:\nbox\n"
    #expect(result.output == first + then, "\(result)")
    #expect(result.errors.contains(disk.says) && result.errors.filter { $0 == "\n" }.count == 1, "\(result)")
  }
}
