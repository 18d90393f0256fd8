import Glibc
import TestSupport
import Testing

@Suite("maildir2mbox(1)")
struct Maildir2mboxTests {
  /// Makes maildirs and messages of long ago.
  static let tools = """
    maildir() { mkdir -p $1/new $1/cur $1/tmp; }
    message() { # FILE SUBJECT AGE
      printf 'Subject: %s\\n\\nbody of %s\\n' "$2" "$2" >"$1"; touch -d "$3 seconds ago" "$1"
    }
    subjects() { grep -h '^Subject: ' "$@" | cut -c 10-; }
    maildir M; message M/new/2 two 20; message M/cur/1:2,S one 30; message M/new/3 three 10

    """

  private func run(
    _ script: String, in scratch: borrowing ScratchDirectory
  ) throws -> (status: Int32, output: String, errors: String) {
    try Shell.run(Self.tools + script, in: scratch)
  }

  @Test(
    "moves everything, in order, and says nothing",
    arguments: [
      "maildir2mbox M Box", "maildir2mbox ./M/ ./Box", "MAILDIR=M MAIL=Box MAILTMP=Tmp maildir2mbox",
      "maildir2mbox --method fcntl -- M Box", "dotlock Box maildir2mbox M Box",
    ]) func moves(command: String) throws
  {
    let scratch = ScratchDirectory()
    let result = try run("\(command); echo $?; subjects Box; find M ! -type d", in: scratch)
    #expect(result == (0, "0\none\ntwo\nthree\n", ""))
    #expect(scratch.names == ["Box", "M"])
  }

  @Test("An empty maildir leaves the mailbox alone") func empty() throws {
    let scratch = ScratchDirectory()
    let result = try run("maildir E; maildir2mbox E Box; echo $?; ls", in: scratch)
    #expect(result == (0, "0\nE\nM\n", ""))
  }

  @Test("--dry-run shows the files in their order and changes nothing") func dryRun() throws {
    let scratch = ScratchDirectory()
    let result = try run("maildir2mbox --dry-run M Box; find M ! -type d | wc -l; ls", in: scratch)
    #expect(result == (0, "M/cur/1:2,S\nM/new/2\nM/new/3\n3\nM\n", ""))
  }

  @Test("--dry-run shows a name that would drive the terminal as one line, and nothing that would stay")
  func dryRunNames() throws {
    let scratch = ScratchDirectory()
    let result = try run(
      """
      mv M/new/3 "M/new/$(printf '3\\033[2J\\nx')"; mkdir M/new/directory; mkfifo M/cur/fifo; ln -s 2 M/new/link
      touch -h -d '-1 hour' M/*/*; maildir2mbox --dry-run M Box | sort
      """, in: scratch)
    #expect(result == (0, "M/cur/1:2,S\nM/new/2\nM/new/3?[2J?x\n", ""))
  }

  @Test("--keep copies") func keep() throws {
    let scratch = ScratchDirectory()
    let result = try run("maildir2mbox --keep M Box; subjects Box; ls M/new M/cur; ls -A M", in: scratch)
    #expect(result == (0, "one\ntwo\nthree\nM/cur:\n1:2,S\n\nM/new:\n2\n3\ncur\nnew\ntmp\n", ""))
  }

  @Test(
    "What is wrong is said in one line, and means: try again later",
    arguments: [
      ("maildir2mbox M", "usage: maildir2mbox [options] [MAILDIR MAILBOX]"),
      ("maildir2mbox M Box x", "usage: maildir2mbox [options] [MAILDIR MAILBOX]"),
      ("MAIL=Box maildir2mbox", "MAILDIR is not set"), ("MAILDIR=M maildir2mbox", "MAIL is not set"),
      ("MAILDIR= MAIL=Box maildir2mbox", "MAILDIR is empty"), ("maildir2mbox M ''", "the name of the file is empty"),
      ("maildir2mbox N Box", "N: cannot open the maildir: No such file or directory"),
      ("maildir2mbox M/new Box", "M/new/new: cannot open this part of the maildir: No such file or directory"),
      ("maildir2mbox M Box/", "Box: ends in a slash, as only the name of a directory does"),
    ]) func failures(command: String, error: String) throws
  {
    let scratch = ScratchDirectory()
    let result = try run("\(command); echo $?; find M ! -type d | wc -l; ls", in: scratch)
    #expect(result == (0, "75\n3\nM\n", "maildir2mbox: \(error)\n"))
  }

  @Test("A symbolic link in the place of cur/ is not followed") func linkedPart() throws {
    let scratch = ScratchDirectory()
    let result = try run(
      "maildir E; rmdir E/cur; ln -s ../M/cur E/cur; maildir2mbox E Box; echo $?; ls M/cur", in: scratch)
    #expect(result.output == "75\n1:2,S\n")
    #expect(result.errors == "maildir2mbox: E/cur: cannot open this part of the maildir: Not a directory\n")
  }

  @Test("What cannot be moved is named, the others are moved, and the status tells") func unreadable() throws {
    let scratch = ScratchDirectory()
    let result = try run(
      "mkdir M/new/bad; touch -d '1 hour ago' M/new/bad; maildir2mbox M Box; echo $?; subjects Box; ls M/new",
      in: scratch)
    #expect(result == (0, "75\none\ntwo\nthree\nbad\n", "maildir2mbox: M/new/bad: is not a regular file\n"))
  }

  @Test("A mailbox at its limit leaves everything where it was") func sizeLimit() throws {
    let scratch = ScratchDirectory()
    let result = try run("maildir2mbox --size-limit 100 M Box; echo $?; find M ! -type d | wc -l; ls -A", in: scratch)
    #expect(result.output == "75\n3\nM\n")
    #expect(result.errors.contains("mailbox.size-limit"))
  }

  @Test("-v tells, -q does not") func verbose() throws {
    let scratch = ScratchDirectory()
    let result = try run("maildir2mbox -v M Box; maildir2mbox -q M Box", in: scratch)
    #expect(result == (0, "", "maildir2mbox: \(scratch.path)/Box: 3 of 3 messages\n"))
  }

  @Test("A terminal gets a progress bar, which is gone at the end") func progress() throws {
    let scratch = ScratchDirectory()
    let result = try run(
      """
      python3 -c 'import pty, sys; sys.exit(pty.spawn(["maildir2mbox", "M", "Box"]))' >shown; echo $?
      tr '\\r\\033' '^!' <shown
      """, in: scratch)
    #expect(result.output == "0\n^maildir2mbox: [\(String(repeating: "#", count: 30))] 3 of 3 messages![K^![K")
  }

  @Test("A message of 64 MiB takes no more memory than a small one") func huge() throws {
    let scratch = ScratchDirectory()
    let result = try run(
      """
      { printf 'Subject: huge\\n\\n'; yes 'From a line' | head -c 67108864; } >M/new/4; touch -d '5 seconds ago' M/new/4
      python3 -c '
      import os
      pid = os.spawnlp(os.P_NOWAIT, "maildir2mbox", "maildir2mbox", "M", "Box")
      status, usage = os.wait4(pid, 0)[1:]
      print(status, usage.ru_maxrss < 64 << 10 or usage.ru_maxrss)'
      subjects Box; grep -c '^>From a line' Box; ls -A
      """, in: scratch)
    #expect(result == (0, "0 True\none\ntwo\nthree\nhuge\n5592405\nBox\nM\n", ""))
  }
}

@Suite("maildir2mbox(1) and files of holes")
struct MaildirHolesTests {
  @Test(
    "that are as large as numbers are end it in an orderly way, behind all that was before them",
    .enabled(if: geteuid() == 0, "only root can mount a file system with such files"))
  func holes() throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      """
      mkdir disk && mount -t tmpfs -o size=16m none disk || exit 98
      mkdir -p disk/M/new disk/M/cur disk/M/tmp; echo hello >disk/M/new/1.a
      truncate -s 9223372036854775807 disk/M/new/2.b disk/M/new/3.c; touch -d @1600000000 disk/M/new/*
      TMPDIR=$PWD/disk maildir2mbox disk/M disk/box 2>/dev/null; echo $?
      grep -c hello disk/box; ls disk/M/new; ls -A disk; umount disk
      """, in: scratch)
    #expect(result.output == "75\n1\n2.b\n3.c\nM\nbox\n", "\(result.errors)")
  }
}

@Suite("maildir2mbox(1), many at once", .serialized)
struct Maildir2mboxConcurrencyTests {
  @Test("Runs into two mailboxes, a mail reader, and deliveries to both: each message comes once")
  func concurrent() throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      Maildir2mboxTests.tools + """
        rm M/*/*; i=0; while [ $i -lt 300 ]; do i=$((i + 1)); echo "Subject: m$i" >M/new/$i; done
        touch -d '9 seconds ago' M/new/*
        run() { maildir2mbox -o wait.longest=10ms M $1 || echo $?; }
        run A & run B & run A & run B &
        (for i in $(seq 40); do mv M/new/$((i * 7)) M/cur/$((i * 7)):2,S; done 2>/dev/null; :) &
        for i in $(seq 20); do for box in A B; do
          echo "Subject: d$box$i" | mboxappend -f x -o wait.longest=10ms $box || echo $?
        done; done
        wait; run A
        subjects A B | sort | uniq -c | awk '{ print $1 }' | sort | uniq -c | tr -s ' '
        find M ! -type d; ls -A
        """, in: scratch)
    #expect(result == (0, " 340 1\nA\nB\nM\n", ""))
  }
}

@Suite("maildir2mbox(1), a lock that is held for longer than a lease")
struct Maildir2mboxPatienceTests {
  @Test("is waited for as long as the policy says", arguments: ["dotlock", "fcntl"])
  func patience(method: String) throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      """
      mkdir -p M/new M/cur M/tmp; echo 'Subject: m' >M/new/1; touch -d '9 seconds ago' M/new/1
      dotlock --method \(method) box sh -c 'echo; exec sleep 3' | {
        read held
        maildir2mbox --method \(method) --lease 1s -o lease.warning=200ms -o lease.kill=100ms --steal-after 1s \
          -o steal.observe=100ms --timeout 20s M box; echo $?
      }
      grep -c '^Subject: m' box; ls -A . M/new
      """, in: scratch)
    #expect(result.output == "0\n1\n.:\nM\nbox\n\nM/new:\n", "\(result)")
    #expect(result.errors == "")
  }
}

@Suite("maildir2mbox(1), for root")
struct Maildir2mboxRootTests {
  @Test(
    "a link that a user left leads only to that user's mailbox",
    .enabled(if: geteuid() == 0, "only root is led to what the user may not touch"), arguments: [65534, 0])
  func note(owner: Int) throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      """
      mkdir -p M/new M/cur M/tmp private; echo 'Subject: m' >M/new/1; touch -d '9 seconds ago' M/new/1
      printf 'From a\\n\\nold\\n\\n' >private/box; chmod 700 private
      ln -s $PWD/private/box M/maildir2mbox.to; chown -h \(owner) M/maildir2mbox.to
      strace -f -o log -e trace=linkat,openat maildir2mbox M box; echo $?
      grep -c private/box.lock log; ls M/new box 2>&1
      """, in: scratch)
    let isFollowed = owner == 0
    #expect(result.output.hasPrefix(isFollowed ? "0\n" : "75\n0\n"), "\(result)")
    #expect(result.output.contains("box\n") == isFollowed || result.output.hasSuffix("\nM/new:\n1\n"), "\(result)")
    #expect(result.errors.contains("was left by user \(owner)") == !isFollowed)
  }

  @Test(
    "what is taken for success is no status of a failure",
    arguments: ["mboxappend --conflict-exit-code 0 box", "maildir2mbox --conflict-exit-code 0 M box"])
  func conflict(command: String) throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run("echo x | \(command); echo $?; ls", in: scratch)
    #expect(result.output == "75\n" && result.errors.contains("means that the mail is delivered"), "\(result)")
  }
}
