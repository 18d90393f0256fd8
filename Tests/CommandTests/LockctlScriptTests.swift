import SystemPackage
import TestSupport
import Testing

/// Locks that a shell script takes and lets go of by commands of their own.
@Suite("lockctl(8) for scripts")
struct LockctlScriptTests {
  @Test("lock holds until unlock, and keeps everybody else out")
  func holds() throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      """
      token=$(lockctl lock box) && ls && dotlock -n box true; echo $?; lockctl lock -n box; echo $?
      lockctl unlock --token "$token" box; echo $?; dotlock -n box echo free
      """, in: scratch)
    #expect(result.output == "box.lock\n75\n75\n0\nfree\n")
    #expect(scratch.names == [])
  }

  @Test("the lock names the script's process, and is a script's")
  func record() throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run("token=$(lockctl lock box); echo $$; cat box.lock", in: scratch)
    let lines = result.output.split(separator: "\n")
    #expect(lines.count == 2 && lines[1].hasPrefix("\(lines[0])~sR"))
  }

  @Test("the token in DOTLOCK_HELD is for all, and lets mboxappend use the lock")
  func environment() throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      """
      DOTLOCK_HELD=$(lockctl lock Mailbox); export DOTLOCK_HELD
      printf 'Subject: a\\n\\n' | mboxappend --method dotlock -n -f a Mailbox; echo $?
      lockctl touch Mailbox; echo $?; printf 'Subject: b\\n\\n' | mboxappend -n -f a Mailbox; echo $?
      lockctl lock Mailbox; echo $?
      lockctl unlock Mailbox; echo $?; grep -c Subject Mailbox
      """, in: scratch)
    #expect(result.output == "0\n0\n0\n75\n0\n2\n")
    #expect(result.errors.hasSuffix("is locked already, for this script (DOTLOCK_HELD)\n"))
    #expect(scratch.names == ["Mailbox"])
  }

  @Test("locks on several files go into one variable")
  func several() throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      """
      DOTLOCK_HELD="$(lockctl lock 'a b') $(lockctl lock c)"; export DOTLOCK_HELD
      lockctl unlock 'a b'; ls; lockctl unlock c; ls
      """, in: scratch)
    #expect(result == (0, "c.lock\n", ""))
  }

  @Test("a program that uses the lock ends with the lease of its token; touch makes a newer one")
  func lease() throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      """
      first=$(lockctl lock --steal-after 400ms box); sleep 0.45
      echo x | DOTLOCK_HELD=$first mboxappend box 2>/dev/null; echo $?
      second=$(lockctl touch --steal-after 60s --print --token "$first" box)
      echo x | DOTLOCK_HELD=$second mboxappend box; echo $?
      lockctl unlock --token "$first" box; echo $?
      """, in: scratch)
    #expect(result == (0, "75\n0\n0\n", ""))
    #expect(scratch.names == ["box"])
  }

  @Test("what is not the token's is not removed, nor touched", arguments: ["unlock", "touch"])
  func notOurs(command: String) throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      """
      token=$(lockctl lock box); rm box.lock; lockctl \(command) --token "$token" box; echo $?
      lockctl lock box >/dev/null; lockctl \(command) --token "$token" box; echo $?
      rm box.lock; mkdir box.lock; lockctl \(command) --token "$token" box; echo $?
      rmdir box.lock; ln -s x box.lock; lockctl \(command) --token "$token" box; echo $?
      """, in: scratch)
    #expect(result.output == "75\n75\n75\n75\n")
    let lines = result.errors.split(separator: "\n")
    #expect(lines.first?.hasSuffix("box.lock: is gone: it was stolen, or removed") == true)
    #expect(lines.dropFirst().allSatisfy { $0.hasSuffix("is not our lock any more: it was stolen, or removed") })
    #expect(scratch.names == ["box.lock"])
  }

  @Test("a lock that dotlock holds is dotlock's to let go of")
  func supervised() throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run("dotlock box sh -c 'lockctl unlock box; echo $?; ls'", in: scratch)
    #expect(result.output == "69\nbox.lock\n")
    #expect(result.errors.hasSuffix("is held by a program, which lets go of it itself\n"))
    #expect(scratch.names == [])
  }

  @Test(
    "tokens that are none are an error of usage", arguments: ["", "--token ''", "--token x", "--token \"$other\""])
  func noToken(option: String) throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      "token=$(lockctl lock box); other=$(lockctl lock other); lockctl unlock \(option) box; echo $?; ls", in: scratch)
    #expect(result.output == "64\nbox.lock\nother.lock\n")
    #expect(result.errors.contains("token"))
  }

  @Test("a waiting process gets the lock as soon as it is let go")
  func handOver() throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      """
      token=$(lockctl lock box)
      dotlock -o wait.longest=20s --timeout 20s box echo mine & until [ -e box.lock.queue ]; do sleep 0.02; done
      lockctl lock --timeout 20s box >token & sleep 0.3; lockctl unlock --token "$token" box; wait; lockctl unlock --token "$(cat token)" box; ls
      """, in: scratch)
    #expect(result == (0, "mine\ntoken\n", ""))
  }

  @Test("a wait that is interrupted leaves nothing", arguments: [("TERM", 143), ("HUP", 129)])
  func interrupted(signal: (name: String, status: Int)) throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      """
      dotlock box sleep 20 & holder=$!; until [ -e box.lock ]; do sleep 0.02; done
      lockctl lock box & pid=$!; until [ -e box.lock.queue ]; do sleep 0.02; done; kill -\(signal.name) $pid; wait $pid; echo $?; kill $holder; wait
      """, in: scratch)
    #expect(result.output == "\(signal.status)\n")
    #expect(result.errors.contains("lockctl: ") && result.errors.contains("stopped by signal"))
    #expect(scratch.names == [])
  }

  @Test("a lock whose token cannot be printed is not kept")
  func unprintable() throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run("lockctl lock box >/dev/full; echo $?", in: scratch)
    #expect(result == (0, "74\n", "lockctl: cannot write to standard output\n"))
    #expect(scratch.names == [])
  }

  @Test("a method without a lock file is refused with the reason")
  func methods() throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      """
      for command in lock unlock touch test; do lockctl $command --method fcntl+flock box; echo $?; done
      lockctl lock --method fcntl+dotlock box >token; ls
      """, in: scratch)
    #expect(result.output == "78\n78\n78\n78\nbox.lock\ntoken\n")
    #expect(result.errors.split(separator: "\n").allSatisfy { $0.contains("only dotlock outlives the command") })
  }

  @Test("test tells by its status whether there is a lock, and whose")
  func test() throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run(
      """
      lockctl test box; echo $?; dotlock box sh -c 'lockctl test box'; echo $?
      echo 99 >box.lock; lockctl test box; echo $?
      """, in: scratch)
    let lines = result.output.split(separator: "\n")
    try #require(lines.count == 5)
    #expect(lines[0] == "0" && lines[2] == "75" && lines[4] == "75" && result.errors == "")
    #expect(lines[1].hasPrefix("\(scratch.path)/box: locked by process ") && lines[1].hasSuffix(" (dotlock)"))
    #expect(lines[3].hasSuffix("/box: locked by another program, process 99 (by its own word)"))
  }

  @Test(
    "failures have statuses that a script can tell apart",
    arguments: [
      ("lock", 64), ("lock ''", 64), ("lock box/", 64), ("lock nowhere/box", 66), ("lock .", 69),
      ("lock --lease 3s box", 78), ("lock $(printf %0252d 1)", 75), ("test nowhere/box", 66), ("unlock", 64),
    ])
  func failures(failure: (words: String, status: Int32)) throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run("lockctl \(failure.words)", in: scratch)
    #expect(result.status == failure.status && result.output == "")
    #expect(result.errors.hasPrefix("lockctl: "))
    #expect(scratch.names == [])
  }

  @Test("the example script does what it says, and nobody gets in between")
  func example() throws {
    let scratch = ScratchDirectory()
    let script = Repository.root.appending("examples/shell-script/archive").string
    let result = try Shell.run(
      """
      printf 'Subject: one\\n\\n' | mboxappend -f a box
      '\(script)' box archive & for i in 1 2 3; do printf 'Subject: late\\n\\n' | mboxappend -f a box & done; wait
      cat archive box | grep -c '^Subject: \\(one\\|late\\)$'; grep -c '^Subject: archived' box; ls
      """, in: scratch, environment: ["DOTLOCK_HELD": ""])
    #expect(result.output == "4\n1\narchive\nbox\n")
  }
}
