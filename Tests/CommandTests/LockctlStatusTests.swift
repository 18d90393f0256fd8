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
      printf 12345 >\(names[2]); lockctl status box; lockctl status --json box | python "[d[0]['journal'], d[0]['permit'],
        d[0]['posts'][0]['host'], d[0]['posts'][0]['pid'], d[0]['holder'], d[0]['stale']]"
      """, in: scratch)
    #expect(result.output.contains("\n  post     process 77 on a.host, touched 1h ago: box.lock.a.host.77.abc.1z\n"))
    #expect(result.output.contains("/box.lock.steal: stolen.1.2.3\n"))
    #expect(result.output.contains("\n  journal  .box.journal, 5 bytes\n"))
    #expect(result.output.hasSuffix("\n[5, ['stolen.1.2.3'], 'a.host', 77, None, None]\n"))
    #expect(scratch.names == names.sorted())
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
