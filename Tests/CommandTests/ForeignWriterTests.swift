import TestSupport
import Testing

/// A program of somebody else that has the mailbox open, or waits for it, while a fence gives it another inode.
@Suite("A foreign writer, while a late one is fenced")
struct ForeignWriterTests {
  struct Writer: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// Appends a message of "foreign"; makes $log/open when it has the mailbox open, or is about to wait for it.
    let command: String
    /// Says so when somebody else has the lock.
    let says: String

    init(_ name: String, _ command: String, says: String) {
      (testDescription, self.command, self.says) = (name, command, says)
    }
  }

  /// Opens the mailbox when the object is made, and locks by fcntl(2) and a lock file without waiting.
  private static let module = Writer(
    "Python's mailbox module",
    """
    /usr/bin/python3 -c '
    import mailbox, time
    box = mailbox.mbox("box")
    while True:
        try: box.lock(); break
        except mailbox.ExternalClashError: print("waits", flush=True); time.sleep(0.01)
    message = mailbox.mboxMessage("\\nforeign\\n")
    message.set_from("foreign", True)
    box.add(message); box.flush(); box.unlock()'
    """, says: "waits")

  private static func python(_ lock: String) -> Writer {
    Writer(
      "Python, \(lock)",
      """
      /usr/bin/python3 -c '
      import fcntl
      box = open("box", "a")
      try: fcntl.\(lock)(box, fcntl.LOCK_EX | fcntl.LOCK_NB)
      except OSError: print("waits", flush=True); fcntl.\(lock)(box, fcntl.LOCK_EX)
      box.write("From foreign Mon Nov 23 20:00:00 2026\\n\\nforeign\\n\\n"); box.close()'
      """, says: "waits")
  }

  private static let method = Locking(method: "dotlock")
  private static let job = Job(locking: method)

  /// The last call of a delivery before it writes into the mailbox.
  private func lastProof(_ job: Job) throws -> TracedCall {
    let calls = try job.calls()
    let write = try #require(calls.firstIndex { $0.name == "write" && $0.line.contains("\"From victim") })
    return calls[write - 1]
  }

  /// Where a thief has locked the old mailbox that it is going to replace.
  private func fence(_ place: TracedCall) throws -> TracedCall {
    let scratch = try Self.job.prepared()
    let log = ScratchDirectory()
    _ = try Shell.run(
      """
      \(Standoff.functions(log)); cat >$log/victim.in; printf '\\nthief\\n' >$log/thief.in
      begin victim \(place.sending("STOP", log: "$log/victim")) \(Self.job.command)
      begin thief strace -f -o $log/thief mboxappend -f thief \(Self.job.settings) box; go_on victim; finish victim
      """, in: scratch, input: Self.job.input)
    return try #require(
      TracedCall.all(in: log.text(of: "thief")).last { $0.name == "fchmod" && $0.line.contains("0600") })
  }

  /// Stops a delivery right before it writes; then what `script` says, with `victim` to let it go on; then a last one.
  private func meet(_ job: Job, _ script: String) throws -> (statuses: String, after: Aftermath, comment: Comment) {
    let scratch = try job.prepared()
    let log = ScratchDirectory()
    let result = try Shell.run(
      """
      \(Standoff.functions(log)); cat >$log/victim.in; printf '\\nthief\\n' >$log/thief.in
      said() { until grep -qs "$2" $log/$1; do sleep 0.01; done; }
      begin victim \(try lastProof(job).sending("STOP", log: "$log/victim")) \(job.command)
      \(script)
      \(job.delivery(by: "next")); echo next $?
      """, in: scratch, input: job.input)
    let after = try Aftermath(in: scratch)
    // What another program has written behind is never cut off: the late writer's journal is set aside.
    #expect(after.files.allSatisfy { $0.hasPrefix(".box.aside.") }, "\(result) \(after)")
    return (result.output, after, "\(result) \(after)")
  }

  @Test("that has opened the old mailbox loses its message, as the manual says", arguments: [module, python("flock")])
  func lost(writer: Writer) throws {
    let thief = try fence(lastProof(Self.job)).sending("STOP", log: "$log/thief")
    let (statuses, after, comment) = try meet(
      Self.job,
      """
      begin thief \(thief) mboxappend -f thief \(Self.job.settings) box
      { \(writer.command); } >$log/foreign & foreign=$!
      said foreign '\(writer.says)'
      go_on thief; finish thief
      wait $foreign; echo foreign $?
      go_on victim; finish victim
      """)
    #expect(statuses == "thief 0\nforeign 0\nvictim 75\nnext 0\n", comment)
    #expect(after.names == ["old", "thief", "next"], comment)
  }

  @Test("of this toolkit opens the new mailbox", arguments: ["fcntl", "flock"])
  func found(method: String) throws {
    let thief = try fence(lastProof(Self.job)).sending("STOP", log: "$log/thief")
    let (statuses, after, comment) = try meet(
      Self.job,
      """
      begin thief \(thief) mboxappend -f thief \(Self.job.settings) box
      printf '\\nforeign\\n' | strace -f -o $log/foreign mboxappend -f foreign --method \(method)+dotlock box & foreign=$!
      said foreign '\(method == "fcntl" ? "F_OFD_SETLKW" : "LOCK_EX[^|]*$")'
      go_on thief; finish thief
      wait $foreign; echo foreign $?
      go_on victim; finish victim
      """)
    #expect(statuses == "thief 0\nforeign 0\nvictim 75\nnext 0\n", comment)
    #expect(after.names == ["old", "thief", "foreign", "next"], comment)
  }

  @Test("that has the kernel's lock is waited for, and loses nothing", arguments: ["lockf", "flock"])
  func holder(lock: String) throws {
    let (statuses, after, comment) = try meet(
      Self.job,
      """
      mkfifo $log/fifo; exec 9<>$log/fifo
      /usr/bin/python3 -c '
      import fcntl
      box = open("box", "a"); fcntl.\(lock)(box, fcntl.LOCK_EX); print("locked", flush=True); input()
      box.write("From foreign Mon Nov 23 20:00:00 2026\\n\\nforeign\\n\\n"); box.close()' <&9 >$log/foreign & foreign=$!
      said foreign locked
      \(Self.job.delivery(by: "thief")) 2>$log/thief; echo thief $?
      grep -c 'has to be replaced' $log/thief
      echo on >&9; wait $foreign; echo foreign $?
      \(Self.job.delivery(by: "second")); echo second $?
      go_on victim; finish victim
      """)
    #expect(statuses == "thief 75\n1\nforeign 0\nsecond 0\nvictim 75\nnext 0\n", comment)
    #expect(after.names == ["old", "foreign", "second", "next"], comment)
  }

  @Test(
    "is safe where its kernel lock is in the list: nothing is stolen from who has it",
    arguments: [("dotlock+fcntl", module), ("dotlock+fcntl", python("lockf")), ("flock+dotlock", python("flock"))])
  func listed(method: String, writer: Writer) throws {
    let job = Job(locking: Locking(method: method))
    let (statuses, after, comment) = try meet(
      job,
      """
      { \(writer.command); } >$log/foreign & foreign=$!
      said foreign '\(writer.says)'
      \(job.robbery(by: "thief"))
      go_on victim; finish victim
      wait $foreign; echo foreign $?
      """)
    #expect(statuses == "thief 75\nvictim 0\nforeign 0\nnext 0\n", comment)
    #expect(after.names == ["old", "victim", "foreign", "next"], comment)
  }

  @Test("that waits for the lock file before it opens the mailbox loses nothing")
  func procmail() throws {
    let (statuses, after, comment) = try meet(
      Self.job,
      """
      printf ':0:\\nbox\\n' >$log/rc; printf 'From foreign  Mon Nov 23 20:00:00 2026\\n\\nforeign\\n\\n' >$log/mail
      procmail -m MAILDIR="$PWD" DEFAULT=/dev/null VERBOSE=on LOCKSLEEP=1 SUSPEND=0 $log/rc <$log/mail 2>$log/foreign & foreign=$!
      said foreign Locking
      \(Self.job.robbery(by: "thief"))
      wait $foreign; echo foreign $?
      go_on victim; finish victim
      """)
    #expect(statuses == "thief 0\nforeign 0\nvictim 75\nnext 0\n", comment)
    #expect(
      after.names == ["old", "thief", "foreign", "next"] || after.names == ["old", "foreign", "thief", "next"], comment)
  }

  @Test(
    "that has broken the lock right before it is given back gets its own back, and nothing else is left",
    .enabled(if: ScratchDirectory.canMount))
  func breaker() throws {
    let job = Job(locking: Locking(method: "dotlock", isLocal: false))
    let calls = try job.calls()
    let rename = try #require(calls.firstIndex { $0.name == "renameat" && $0.line.contains("\"box.lock\"") })
    let proof = try #require(calls[..<rename].last { $0.name == "pread64" })
    let scratch = try job.prepared()
    let log = ScratchDirectory()
    let result = try Shell.run(
      """
      \(Standoff.functions(log)); cat >$log/victim.in
      begin victim \(proof.sending("STOP", log: "$log/victim")) \(job.command)
      echo 0 >new; mv new box.lock; go_on victim; finish victim; cat box.lock
      """, in: scratch, input: job.input)
    #expect(result == (0, "victim 0\n0\n", ""))
    #expect(scratch.names == ["box", "box.lock"])
  }
}
