import Glibc
import TestSupport
import Testing

/// What cannot be delivered leaves everything as it was, and one line of diagnosis.
@Suite("mboxappend(8), failures")
struct MboxappendFailureTests {
  struct Case: Sendable, CustomTestStringConvertible {
    /// Prepares the directory, in which there is a mailbox.
    var setup = ":"
    var command = "mboxappend -f a Mailbox"
    let says: String
    var testDescription: String { "\(setup); \(command)" }
  }

  /// Runs a delivery between two looks at everything in the directory: kinds, owners, sizes, times, links and contents.
  /// Contents are read first and last, and links twice before, so that reading them does not show in the times.
  static func check(_ test: Case) throws {
    let scratch = ScratchDirectory()
    try scratch.write(MboxappendTests.old, to: "Mailbox")
    try scratch.write(String(decoding: MboxappendTests.message, as: UTF8.self), to: "message")
    let result = try Shell.run(
      """
      contents() { find . -type f ! -name '*.snapshot' -exec cksum {} + | sort; }
      look() { find . -mindepth 1 ! -name '*.snapshot' -printf '%p %y %m %U %s %i %n %T@ %A@ %l\\n' | sort; }
      { \(test.setup); } >&2 || exit 98
      cat message >/dev/null
      contents >contents.snapshot; look >look.snapshot; look >look.snapshot
      exec 3<message
      \(test.command) <&3; echo $?
      look | diff look.snapshot - && contents | diff contents.snapshot -
      """, in: scratch)
    #expect(result.output == "75\n", "the status, and what has changed")
    #expect(result.errors.contains(test.says), "\(result.errors)")
    #expect(
      result.errors.hasPrefix("mboxappend: ") && result.errors.filter { $0 == "\n" }.count == 1, "\(result.errors)")
  }

  static let wrongMailboxes = [
    Case(setup: "rm Mailbox; mkdir Mailbox", says: "is a directory"),
    Case(setup: "rm Mailbox; mkfifo Mailbox", says: "is a fifo"),
    Case(setup: "rm Mailbox; ln -s nowhere Mailbox", says: "symbolic link"),
    Case(setup: "mv Mailbox real; ln -s real Mailbox", says: "symbolic link"),
    Case(setup: "rm Mailbox; ln -s Mailbox Mailbox", says: "symbolic link"),
    Case(setup: "ln Mailbox other", says: "has 2 names"),
    Case(setup: "echo x >Mailbox", says: "is not a mailbox"),
    Case(setup: "echo >Mailbox", says: "is not a mailbox"),
    Case(setup: "printf '\\nFrom a' >Mailbox", says: "is not a mailbox"),
    Case(setup: "rm Mailbox", command: "mboxappend -o mailbox.create=false Mailbox", says: "cannot open"),
    Case(command: "mboxappend nowhere/Mailbox", says: "nowhere"),
    Case(command: "mboxappend Mailbox/x", says: "Not a directory"),
    Case(command: "mboxappend .", says: "is a directory"),
    Case(command: "mboxappend /", says: "is a directory"),
    Case(command: "mboxappend ''", says: "is empty"),
    Case(setup: "rm Mailbox", command: "mboxappend Mailbox/", says: "ends in a slash"),
    Case(setup: "rm Mailbox; mkdir Mailbox", command: "mboxappend Mailbox/", says: "ends in a slash"),
    Case(command: "mboxappend $(printf %0256d 1)", says: "File name too long"),
    Case(command: "mboxappend $(printf %0252d 1)", says: "File name too long"),
    Case(command: "mboxappend --size-limit 67 Mailbox", says: "beyond its limit of 67"),
    Case(setup: "rm Mailbox", command: "mboxappend --size-limit 10 Mailbox", says: "beyond its limit of 10"),
  ]

  @Test("a mailbox of holes, as large as numbers are")
  func hugeMailbox() throws {
    // On a memory file system: others end earlier.
    let result = try Shell.run(
      """
      d=$(mktemp -d /dev/shm/mailbox-locking.XXXXXX); cd $d; printf 'From a' >Mailbox
      truncate -s 9223372036854775807 Mailbox || exit 98
      mboxappend --size-limit 1GiB Mailbox; echo $?; mboxappend Mailbox; echo $?; ls -A; rm -r $d
      """, in: ScratchDirectory())
    #expect(result.output == "75\n75\nMailbox\n")
    #expect(result.errors.contains("beyond its limit of 1073741824"))
  }

  @Test("a mailbox that is none, or not ours to write", arguments: wrongMailboxes)
  func wrongMailbox(test: Case) throws { try Self.check(test) }

  static let wrongLocks = [
    "mkdir Mailbox.lock", "mkfifo Mailbox.lock", "ln -s /etc/passwd Mailbox.lock", "ln -s nowhere Mailbox.lock",
    "truncate -s 1G Mailbox.lock", ": >Mailbox.lock", "echo 0 >Mailbox.lock; chmod 0 Mailbox.lock",
    "echo 99999999 >Mailbox.lock", "printf '1~pZ\\n' >Mailbox.lock",
  ]

  @Test("a lock file that is in the way, whatever it is", arguments: wrongLocks)
  func wrongLock(setup: String) throws {
    try Self.check(Case(setup: setup, command: "mboxappend --timeout 100ms Mailbox", says: "is locked by"))
    try Self.check(Case(setup: setup, command: "mboxappend -n Mailbox", says: "is locked by"))
  }

  @Test(
    "a kernel lock that somebody holds", arguments: ["flock", "dotlock+flock", "flock+dotlock", "dotlock+fcntl+flock"])
  func kernelLock(method: String) throws {
    try Self.check(
      Case(command: "flock Mailbox mboxappend --method \(method) --timeout 100ms Mailbox", says: "is locked"))
  }

  static let wrongUsage = [
    Case(command: "mboxappend", says: "usage"), Case(command: "mboxappend Mailbox other", says: "usage"),
    Case(command: "mboxappend --sendr a Mailbox", says: "did you mean '--sender'?"),
    Case(command: "mboxappend -f", says: "needs a value"),
    Case(command: "mboxappend --method dotlok Mailbox", says: "did you mean"),
    Case(command: "mboxappend --policy missing.yaml Mailbox", says: "missing.yaml"),
    Case(command: "mboxappend --policy '' Mailbox", says: "--policy: the name of the file is empty"),
    Case(command: "mboxappend --lease= Mailbox", says: "--lease '': '' is not a duration"),
    Case(command: "mboxappend --lease 1s Mailbox", says: "lease.warning"),
    Case(command: "mboxappend --size-limit -1 Mailbox", says: "--size-limit"),
  ]

  @Test("wrong usage", arguments: wrongUsage)
  func usage(test: Case) throws { try Self.check(test) }

  static let wrongInput = [
    Case(command: "sh -c 'exec mboxappend Mailbox <&-'", says: "standard input"),
    Case(command: "sh -c 'exec mboxappend Mailbox <&- >&-'", says: "standard input"),
    Case(command: "sh -c 'exec mboxappend Mailbox <.'", says: "Is a directory"),
    Case(command: "sh -c 'exec mboxappend Mailbox 0>/dev/null'", says: "Bad file descriptor"),
  ]

  @Test("standard input that cannot be read", arguments: wrongInput)
  func input(test: Case) throws { try Self.check(test) }

  @Test("a file size limit, in the middle of the message")
  func fileSizeLimit() throws {
    for setup in [":", "rm Mailbox"] {
      try Self.check(
        Case(
          setup: "\(setup); head -c 100000 /dev/zero >message",
          command: "(ulimit -f 32; exec mboxappend -f a Mailbox)", says: "File too large"))
    }
  }

  // The fewest descriptors that a lock file can be made with, and a few more: it must not stay for want of another.
  @Test("a limit of open files, wherever it strikes", arguments: 5...7)
  func openFilesLimit(limit: Int) throws {
    try Self.check(
      Case(
        setup: "rm Mailbox", command: "sh -c 'exec 3<&-; ulimit -n \(limit); exec mboxappend Mailbox'",
        says: "Too many open files"))
  }

  @Test("a full disk", .enabled(if: geteuid() == 0, "only root can mount a small file system"), arguments: [30, 5000])
  func fullDisk(kibibytes: Int) throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      """
      mkdir disk && mount -t tmpfs -o size=16k none disk || exit 98
      cd disk; printf 'From a\\n\\n' >Mailbox; look() { cksum Mailbox; stat -c '%n %s %i %X %Y' *; ls -a; }; look >../1
      head -c \(kibibytes)k /dev/zero | TMPDIR=\(scratch.path) mboxappend -f a Mailbox; echo $?
      look >../2; cd ..; umount disk; rmdir disk; cmp 1 2
      """, in: scratch)
    #expect(result.output == "75\n", "\(result)")
    #expect(result.errors.hasPrefix("mboxappend: ") && result.errors.contains("No space left on device"))
    #expect(result.errors.filter { $0 == "\n" }.count == 1)
  }

  @Test("a mailbox of somebody else", .enabled(if: geteuid() == 0, "only root can become somebody else"))
  func foreignOwner() throws {
    try Self.check(
      Case(
        setup: "chmod 777 .; chmod 666 Mailbox message; chown 65533 Mailbox",
        command: "setpriv --reuid=65534 --clear-groups mboxappend Mailbox", says: "belongs to user 65533"))
  }

  @Test(
    "a second name that a killed replacement has left is no hard link of somebody's",
    arguments: ["dotlock", "fcntl+dotlock"], [":", "echo '1~nR' >Mailbox.lock; touch -d '2 minutes ago' Mailbox.lock"])
  func leftName(method: String, setup: String) throws {
    let scratch = ScratchDirectory()
    try scratch.write(MboxappendTests.old, to: "Mailbox")
    let result = try Shell.run(
      """
      ln Mailbox Mailbox.lock.host.1.a.b; \(setup)
      echo x | mboxappend --method \(method) -o steal.observe=1ms Mailbox; echo $?; ls
      """, in: scratch)
    #expect(result == (0, "0\nMailbox\n", ""))
  }

  @Test("the statuses of other dialects, and of a lock that is held")
  func dialects() throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      """
      mkdir Mailbox; echo 0 >box.lock; touch message
      for o in '' '--exit-codes qmail' '--exit-codes shell'; do
        mboxappend $o Mailbox <message; echo $?; mboxappend $o <message; echo $?
        mboxappend $o -n -q --conflict-exit-code 9 box <message; echo $?
      done
      """, in: scratch)
    #expect(result.output == "75\n75\n9\n111\n111\n9\n75\n64\n9\n")
    #expect(scratch.names == ["Mailbox", "box.lock", "message"])
  }
}
