import TestSupport
import Testing

/// An mboxappend(8) that is stopped between its proof and its write, robbed, and continued.
@Suite("A delivery that is stopped right before it writes")
struct FenceCommandTests {
  private static let old = "From a Mon Nov 23 20:00:00 2026\n\nold\n\n"
  private static let append = "mboxappend -f a --method dotlock -o steal.observe=10ms box"

  private func prepared() throws -> ScratchDirectory {
    let scratch = ScratchDirectory()
    try scratch.write(Self.old, to: "box")
    return scratch
  }

  private func isDelivery(_ call: TracedCall) -> Bool { call.name == "write" && call.line.contains("\"From a ") }

  /// The last call of an undisturbed delivery before it writes into the mailbox.
  private func lastProof() throws -> TracedCall {
    let scratch = try prepared()
    let log = ScratchDirectory()
    let result = try Shell.run(
      "printf '\\nlate\\n' | strace -f -o \(log.path)/calls \(Self.append)", in: scratch)
    try #require(result.status == 0, "\(result.errors)")
    let calls = TracedCall.parse(try log.text(of: "calls"))
    let delivery = try #require(calls.firstIndex(where: isDelivery))
    return calls[delivery - 1]
  }

  /// Stops a delivery, runs `thief` when the lock looks old, lets the delivery go on.
  ///
  /// - Returns: what `thief` printed, and the system calls that the delivery made when it went on.
  private func rob(
    _ scratch: borrowing ScratchDirectory, stoppedAt call: TracedCall, by thief: String
  ) throws -> (output: String, later: String) {
    let log = ScratchDirectory()
    let result = try Shell.run(
      """
      log='\(log.path)'
      printf '\\nlate\\n' |
        strace -f -o $log/calls -e inject=\(call.name):when=\(call.count):signal=SIGSTOP \(Self.append) 2>$log/errors & strace=$!
      until grep -qs 'stopped by SIGSTOP' $log/calls; do sleep 0.01; done
      victim=$(cut -d'~' -f1 box.lock)
      touch -d '1000 seconds ago' box.lock
      { \(thief); } 2>$log/thief
      kill -CONT $victim
      wait $strace; echo victim $?
      """, in: scratch)
    try #require(result.status == 0)
    #expect(result.errors == "")
    #expect(try log.text(of: "errors").contains("what was written so far stays"))
    let later = try #require(try log.text(of: "calls").split(separator: "stopped by SIGSTOP").last)
    return (result.output, String(later))
  }

  @Test("after the lock was stolen harms nothing, and is reported as failed")
  func stopped() throws {
    let scratch = try prepared()
    let (output, later) = try rob(
      scratch, stoppedAt: lastProof(), by: "printf '\\nnew\\n' | \(Self.append); echo thief $?")
    #expect(output == "thief 0\nvictim 75\n")
    // It was not the proof that kept it from writing.
    #expect(TracedCall.parse(later).contains(where: isDelivery))
    let text = try scratch.text(of: "box")
    #expect(text.hasPrefix(Self.old) && text.hasSuffix("\n\nnew\n\n") && !text.contains("late"))
    #expect(scratch.names == ["box"])
  }

  @Test("is kept out although the next one's lock file is moved away by a late thief after it took over the debt")
  func lateThief() throws {
    let stolen = "mkdir box.lock.steal; echo '12345~nR' >box.lock.steal/stolen.1"
    let log = try prepared()
    let rehearsal = try Shell.run("\(stolen); printf '\\nx\\n' | strace -f -o calls \(Self.append)", in: log)
    try #require(rehearsal.status == 0)
    let removal = try #require(
      TracedCall.parse(try log.text(of: "calls")).first { $0.name == "unlinkat" && $0.line.contains("\"stolen.1\"") })
    let scratch = try prepared()
    let result = try Shell.run(
      """
      \(stolen); exec 9>>box
      printf '\\nnew\\n' | strace -f -o calls -e inject=\(removal.name):when=\(removal.count):signal=SIGSTOP \(Self.append) & strace=$!
      until grep -qs 'stopped by SIGSTOP' calls; do sleep 0.01; done
      next=$(cut -d'~' -f1 box.lock)
      mv box.lock box.lock.steal/stolen.2
      kill -CONT $next
      wait $strace; echo $?; echo late >&9
      """, in: scratch)
    #expect(result == (0, "0\n", ""))
    let text = try scratch.text(of: "box")
    #expect(text.hasPrefix(Self.old) && text.hasSuffix("\n\nnew\n\n"))
    #expect(scratch.names == ["box", "calls"])
  }

  @Test("harms nothing either when the thief is killed, whose debt the next one pays")
  func killedThief() throws {
    let proof = try lastProof()
    let calls = try fence(stoppedAt: proof).filter { Self.changes.contains($0.name) }
    #expect(calls.count >= 8)
    for call in calls { try fail(call, "signal=SIGKILL", stoppedAt: proof) }
  }

  @Test("harms nothing either when a system call of the thief fails")
  func failedThief() throws {
    let proof = try lastProof()
    let calls = try fence(stoppedAt: proof).filter {
      Self.changes.contains($0.name) || Self.ofCopying.contains($0.name)
    }
    #expect(calls.count >= 16)
    for (position, call) in calls.enumerated() {
      try fail(call, "error=" + Self.errors[position % Self.errors.count], stoppedAt: proof)
    }
  }

  private static let changes: Set = ["renameat", "pwrite64", "fsync", "unlinkat", "copy_file_range"]
  private static let ofCopying: Set = ["openat", "ftruncate", "fchmod", "flistxattr", "utimensat", "mkdirat"]
  private static let errors = ["ENOSPC", "EIO", "EPERM", "EDQUOT", "EACCES"]

  /// The calls of an undisturbed thief from the theft to its own delivery.
  private func fence(stoppedAt proof: TracedCall) throws -> [TracedCall] {
    let scratch = try prepared()
    let log = ScratchDirectory()
    _ = try rob(
      scratch, stoppedAt: proof, by: "printf '\\nnew\\n' | strace -f -o \(log.path)/calls \(Self.append)")
    let calls = TracedCall.parse(try log.text(of: "calls"))
    let theft = try #require(calls.firstIndex { $0.name == "renameat" })
    let delivery = try #require(calls.firstIndex(where: isDelivery))
    return Array(calls[theft..<delivery])
  }

  private func fail(_ call: TracedCall, _ fault: String, stoppedAt proof: TracedCall) throws {
    let scratch = try prepared()
    let (output, later) = try rob(
      scratch, stoppedAt: proof,
      by: """
        printf '\\nfirst\\n' | strace -f -o /dev/null -e inject=\(call.name):when=\(call.count):\(fault) \(Self.append)
        echo thief $?
        ls box.lock.steal | sed 's/[.].*//'
        printf '\\nnew\\n' | \(Self.append); echo next $?
        """)
    let comment: Comment = "\(fault) \(call.line)\n\(output)"
    #expect(TracedCall.parse(later).contains(where: isDelivery), comment)
    let text = try scratch.text(of: "box")
    #expect(text.hasPrefix(Self.old) && text.hasSuffix("\n\nnew\n\n") && !text.contains("late"), comment)
    #expect(output.hasSuffix("next 0\nvictim 75\n"), comment)
    #expect(text.contains("first") == output.hasPrefix("thief 0\n"), comment)
    // A thief that could tidy up has left nothing but its debt.
    #expect(fault.hasPrefix("signal") || !output.contains("fence") && !output.contains("displaced"), comment)
    // A journal that could not be removed is set aside by the next one.
    #expect(scratch.names.filter { !$0.hasPrefix(".box.aside.") } == ["box"], comment)
  }
}
