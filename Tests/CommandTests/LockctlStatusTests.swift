import Glibc
import TestSupport
import Testing

@Suite("lockctl(8) status and list")
struct LockctlStatusTests {
  /// Runs a script; `python EXPRESSION` in it evaluates something about the JSON document `d` on standard input.
  private func run(
    _ script: String, in scratch: borrowing ScratchDirectory
  ) throws -> (status: Int32, output: String, errors: String) {
    let python = "python() { python3 -c \"import json, sys; d = json.load(sys.stdin); print($1)\"; }\n"
    return try Shell.run(python + script, in: scratch)
  }

  @Test("a process that the kernel proves to be the holder is named with its program")
  func proven() throws {
    let scratch = ScratchDirectory()
    let text = try run("dotlock box sh -c 'echo $PPID; lockctl status box'", in: scratch).output
    let lines = text.split(separator: "\n")
    try #require(lines.count == 5)
    #expect(lines[1] == "\(scratch.path)/box: locked by process \(lines[0]) (dotlock)")
    #expect(lines[2].hasSuffix(", held for a program that dotlock runs"))
    #expect(lines[4].contains("no: not before it was not touched for 64s, in "))
    let json = try run(
      """
      dotlock box lockctl status --json box | python "[d[0]['state'], d[0]['holder']['kind'], d[0]['holder']['proven'],
        d[0]['holder']['program'], d[0]['stale'], d[0]['limit'], 0 <= d[0]['age'] < 20, d[0]['clock']]"
      """, in: scratch)
    #expect(json.output == "['locked', 'program', True, 'dotlock', False, 64, True, 'server']\n")
  }

  @Test("a process that only the lock file names is not taken at its word")
  func unproven() throws {
    let scratch = ScratchDirectory()
    let result = try run(
      """
      printf '%d~pR\\n' $$ >box.lock; lockctl status box | head -1
      printf '%d:elsewhere.example\\n' $$ >box.lock; lockctl status --json box |
        python "[d[0]['holder'][key] for key in ['kind', 'host', 'program', 'proven']] + [d[0]['limit']]"
      """, in: scratch)
    let lines = result.output.split(separator: "\n")
    try #require(lines.count == 2)
    #expect(lines[0].hasSuffix(" (by its own word)"))
    #expect(lines[1] == "['foreign', 'elsewhere.example', None, False, 900]")
  }

  @Test(
    "tells what is stale, and why",
    arguments: [
      ("1~wR", "now", "left behind by process 1 (by its own word)", "yes: its process is gone"),
      ("1~pR", "70 seconds ago", "locked by process 1 ", "yes: not touched for 7"),
      ("1~p0", "61 minutes ago", "locked by process 1 ", "yes: not touched for 61m, which is longer than 60s; a thief"),
      ("1~PU", "70 seconds ago", "locked by process 1 ", "no: not before it was not touched for 128s, in "),
      ("1~s-", "1 day ago", "locked by process 1 ", "no: it never is by its age"),
      (
        "1", "20 minutes ago", "locked by another program, process 1",
        "yes: not touched for 20m, which is longer than 15m"
      ),
    ])
  func staleness(lock: (content: String, age: String, holder: String, verdict: String)) throws {
    let scratch = ScratchDirectory()
    let result = try run(
      "echo '\(lock.content)' >box.lock; touch -d '\(lock.age)' box.lock; lockctl status box", in: scratch)
    #expect(result.status == 0 && result.output.contains("box: \(lock.holder)"))
    #expect(result.output.contains("\n  stale      \(lock.verdict)"))
    #expect(result.output.contains("\n  fence      owed") == (lock.content == "1~PU"))
    #expect(scratch.names == ["box.lock"])
  }

  @Test(
    "shows what is no lock file, and calls it that",
    arguments: ["mkdir box.lock", "mkfifo box.lock", "ln -s x box.lock"])
  func strange(command: String) throws {
    let scratch = ScratchDirectory()
    let result = try run(
      "\(command); lockctl status box; lockctl status --json box | python \"d[0]['state']\"", in: scratch)
    #expect(result.output.contains("box: blocked: ") && result.output.hasSuffix("\nblocked\n"))
  }

  @Test("shows the kernel's locks on the file, and whose they are")
  func kernelLocks() throws {
    let scratch = ScratchDirectory()
    try scratch.write(
      """
      import fcntl, os, subprocess
      box = open("box", "w"); fcntl.flock(box, fcntl.LOCK_SH); fcntl.lockf(box, fcntl.LOCK_EX)
      print(os.getpid(), flush=True); os.system("lockctl status box; lockctl status --json box")
      """, to: "holder.py")
    let result = try run("python3 holder.py", in: scratch)
    let pid = result.output.prefix { $0 != "\n" }
    #expect(result.output.contains("box: no lock file, but locked by the kernel\n"))
    #expect(result.output.contains("\n  kernel  fcntl, exclusive, held by process \(pid) (python3)\n"))
    #expect(result.output.contains("\n  kernel  flock, shared, held by process \(pid) (python3)\n"))
    #expect(result.output.contains("\"state\": \"kernel\""))
  }

  @Test("names those who wait in the line, and not the holder, who has waited, too")
  func queue() throws {
    let scratch = ScratchDirectory()
    let result = try run(
      """
      wait_for() { for i in $(seq 200); do
        names=$(lockctl status --json box | python "[p['program'] for p in d[0]['queue']]"); [ "$names" = "$1" ] && return
        sleep 0.05; done; echo "$names"; }
      dotlock box sleep 20 & first=$!; until [ -e box.lock ]; do sleep 0.02; done
      dotlock box sleep 20 & second=$!; wait_for "['dotlock']"; lockctl lock box >token & wait_for "['dotlock', 'lockctl']"
      lockctl status box | grep waiting | tr -d 0-9; kill $first; wait_for "['lockctl']"; kill $second; wait
      """, in: scratch)
    #expect(result.output == "  waiting    process  (dotlock), process  (lockctl)\n")
  }

  @Test("shows posts, permits and journals, and touches nothing")
  func leftovers() throws {
    let scratch = ScratchDirectory()
    let names = ["box.lock.a.host.77.abc.1z", "box.lock.steal", ".box.journal"]
    let result = try run(
      """
      echo 77~nR >\(names[0]); touch -d '1 hour ago' \(names[0]); mkdir \(names[1]); : >\(names[1])/stolen.1.2.3
      printf 12345 >\(names[2]); lockctl status box; lockctl status --json box | python "[d[0]['journal']['recovery'], d[0]['permit'],
        d[0]['posts'][0]['host'], d[0]['posts'][0]['pid'], d[0]['holder'], d[0]['stale']]"
      """, in: scratch)
    #expect(result.output.contains("\n  post      process 77 on a.host, touched 1h ago: box.lock.a.host.77.abc.1z\n"))
    #expect(result.output.contains("/box.lock.steal: stolen.1.2.3\n"))
    #expect(result.output.contains(", of user \(geteuid()), made "))
    #expect(
      result.output.contains("\n  recovery  sets it aside, and does not follow it: is damaged, or is no journal\n"))
    #expect(result.output.hasSuffix("\n['set-aside', ['stolen.1.2.3'], 'a.host', 77, None, None]\n"))
    #expect(scratch.names == names.sorted())
  }

  @Test("tells whose a hot journal is, what of its message is there, and what recovery would do")
  func journal() throws {
    let scratch = ScratchDirectory()
    let facts =
      "[d[0]['journal'][key] for key in ['writer', 'program', 'mailbox_length', 'record_length', 'present',"
      + " 'recovery', 'bytes', 'reason']]"
    let result = try run(
      """
      { \(LockctlRecoverTests.killed); } 2>/dev/null
      cp -p box before; lockctl status box; truncate -s 40 box; lockctl status --json box | python "\(facts)"
      echo other >>box; lockctl status box | grep recovery
      lockctl recover box >/dev/null; lockctl status box | sed 's/aside[.][^:]*/aside.NAME/'; lockctl status --json box |
        python "[d[0]['journal'], len(d[0]['set_aside']), d[0]['kept_lists']]"
      """, in: scratch)
    let journal = "\(scratch.path)/.box.journal"
    #expect(result.output.contains("\n  journal    \(journal), of user \(geteuid()), made "))
    #expect(result.output.contains(" ago by a process that is gone\n"))
    #expect(result.output.contains("\n  record     all 49 bytes are in the mailbox, which had 33 bytes before\n"))
    #expect(result.output.contains("\n  recovery   completes it: its message is whole in the mailbox\n"))
    #expect(result.output.contains("\n['gone', None, 33, 49, 7, 'cut', 7, None]\n"))
    #expect(
      result.output.contains("\n  recovery   sets it aside, and does not follow it: the mailbox has been changed"))
    let end = "/box: free\n  aside  .box.aside.NAME: a journal that was not followed\n[None, 1, []]\n"
    #expect(result.output.hasSuffix(end), "\(result)")
  }

  @Test("tells that a journal's writer is at work, and who that is")
  func journalInUse() throws {
    let scratch = ScratchDirectory()
    let result = try run(
      """
      echo new | strace -f -o /dev/null -e inject=fsync:signal=STOP:when=1 mboxappend --lease 60s box & tracer=$!
      until [ -e .box.journal ] && [ -s box ]; do sleep 0.05; done
      lockctl status box; lockctl status --json box | python "[d[0]['journal'][key] for key in ['writer', 'program',
        'recovery']]"; lockctl list --json . | python "[lock['file'][-4:] for lock in d[0]['locks']]"
      kill -KILL $(sed "s/~.*//" box.lock); wait 2>/dev/null
      """, in: scratch)
    #expect(result.output.contains(" (mboxappend), which is at work\n"), "\(result)")
    #expect(result.output.contains("\n  recovery   not while its writer has the lock; after that completes it: "))
    #expect(result.output.contains("\n['alive', 'mboxappend', 'completed']\n['/box']\n"))
  }

  @Test("list finds what deliveries have left, also where nobody has a lock")
  func listJournals() throws {
    let scratch = ScratchDirectory()
    let result = try run(
      """
      : >.hot.journal; : >.a.done.b.done.host.1.ab.cd; : >.b.aside.x.host.1.ab.cd; : >.no.aside; : >x.journal; : >.journal; : >..journal; : >...journal
      lockctl list .
      """, in: scratch)
    let d = scratch.path
    #expect(
      result.output.split(separator: "\n").filter { !$0.hasPrefix(" ") } == [
        "\(d)/a: free", "\(d)/b: free", "\(d)/hot: free",
      ])
    #expect(result.output.contains("\n  list  .a.done.b.done.host.1.ab.cd: not ours to believe\n"))
    #expect(result.output.contains("\n  recovery  sets it aside, and does not follow it: is empty\n"))
  }

  @Test(
    "shows what is in the permit's place and keeps everybody from locking", arguments: [": >", "mkfifo", "ln -s x"])
  func permitObstacle(command: String) throws {
    let scratch = ScratchDirectory()
    let result = try run(
      """
      \(command) box.lock.steal; dotlock -n box true 2>/dev/null; echo $?; lockctl status box | head -1; lockctl list .
      lockctl status --json box | python "[d[0]['state'], d[0]['permit']]"; lockctl status --method fcntl box
      """, in: scratch)
    #expect(result.output.hasPrefix("75\n\(scratch.path)/box: blocked: \(scratch.path)/box.lock.steal is a "))
    #expect(result.output.contains("\n  permit  \(scratch.path)/box.lock.steal is a "))
    #expect(result.output.hasSuffix("\n['blocked', None]\n\(scratch.path)/box: free\n"))
  }

  @Test("shows a permit that is somebody else's to remove", .enabled(if: geteuid() == 0, "only root can make one"))
  func foreignPermit() throws {
    let scratch = ScratchDirectory()
    let result = try run(
      """
      chmod 1777 .; mkdir -m 700 box.lock.steal; chown 65533 box.lock.steal
      as() { setpriv --reuid=$1 --regid=$1 --clear-groups lockctl status box; }
      as 65532; echo; as 65533
      """, in: scratch)
    let path = "\(scratch.path)/box.lock.steal"
    let parts = result.output.split(separator: "\n\n")
    try #require(parts.count == 2, "\(result)")
    #expect(parts[0].contains("blocked: \(path) is a directory of user 65533, who alone may remove it here"))
    #expect(parts[1].contains("/box: free\n  permit  \(path): empty"))
  }

  @Test("list finds every lock, also by a rule's suffix, and clears posts that are nobody's")
  func list() throws {
    let scratch = ScratchDirectory()
    let result = try run(
      """
      printf 'rules: [{match: {path: "/**/odd"}, dotlock.suffix: .lck}]\\n' >policy.yaml
      mkdir d; cd d; : >a; : >odd; echo 1 >a.lock; echo 2 >odd.lck; mkdir lone.lock.steal; echo 3 >unrelated.lck
      echo 77~nR >a.lock.host.77.abc.1z; echo 78~nR >b.lock.host.78.abc.1z; echo 79~nR >b.lock.host.79.abc.1z
      touch -d '1 hour ago' ?.lock.host.7[78]*
      lockctl list --policy ../policy.yaml --dry-run . | grep -v '^  '; lockctl list --policy ../policy.yaml . | grep cleared
      lockctl list --json --policy ../policy.yaml . | python "[lock['file'].rsplit('/')[-1] for lock in d[0]['locks']]"; ls
      """, in: scratch)
    let d = "\(scratch.path)/d"
    #expect(
      result.output == """
        \(d)/a: locked by another program, process 1 (by its own word)
        \(d)/b: free
        \(d)/lone: free
        \(d)/odd: locked by another program, process 2 (by its own word)
        \(d)/a.lock.host.77.abc.1z: cleared, not touched for 1h
        \(d)/b.lock.host.78.abc.1z: cleared, not touched for 1h
        ['a', 'b', 'lone', 'odd']
        a
        a.lock
        b.lock.host.79.abc.1z
        lone.lock.steal
        odd
        odd.lck
        unrelated.lck

        """)
  }

  @Test("names cannot drive the terminal, and several files are several answers")
  func names() throws {
    let scratch = ScratchDirectory()
    let result = try run(
      """
      file=$(printf 'a\\033[2Jb'); echo x >"$file.lock"; lockctl status "$file" free; lockctl test "$file"
      lockctl list . | tr -d '[:print:]\\n' | wc -c; lockctl status --json a b | python "len(d)"
      """, in: scratch)
    #expect(result.output.contains(#"/a\u{1B}[2Jb: locked by another program"# + "\n"))
    #expect(result.output.contains("/free: free\n") && result.output.hasSuffix("\n0\n2\n"))
  }

  @Test("failures have statuses", arguments: [("status", 64), ("status no/box", 66), ("list no", 66), ("list", 64)])
  func failures(failure: (words: String, status: Int32)) throws {
    let scratch = ScratchDirectory()
    #expect(try run("lockctl \(failure.words)", in: scratch).status == failure.status)
  }
}
