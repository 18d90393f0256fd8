import TestSupport
import Testing

/// An mboxappend(8) that is stopped between its proof and its write, robbed, and continued.
@Suite("A delivery that is stopped right before it writes")
struct FenceCommandTests {
  private static let old = "From a Mon Nov 23 20:00:00 2026\n\nold\n\n"
  private static let append = "mboxappend -f a --method dotlock -o steal.observe=10ms box"

  /// A system call of a run, and how many of its name there were until then.
  private struct Call {
    let name: String
    let count: Int
    let line: Substring
    var injection: String { "\(name):when=\(count)" }
  }

  private func prepared() throws -> ScratchDirectory {
    let scratch = ScratchDirectory()
    try scratch.write(Self.old, to: "box")
    return scratch
  }

  private func calls(in log: String) -> [Call] {
    var counts: [String: Int] = [:]
    return log.split(separator: "\n").compactMap { line in
      guard let match = line.firstMatch(of: /^\d+ +([a-z0-9_]+)\(/) else { return nil }
      counts[String(match.1), default: 0] += 1
      return Call(name: String(match.1), count: counts[String(match.1)] ?? 0, line: line)
    }
  }

  private func isDelivery(_ call: Call) -> Bool { call.name == "write" && call.line.contains("\"From a ") }

  /// The last call of an undisturbed delivery before it writes into the mailbox.
  private func lastProof() throws -> Call {
    let scratch = try prepared()
    let log = ScratchDirectory()
    let result = try Shell.run(
      "printf '\\nlate\\n' | strace -f -o \(log.path)/calls \(Self.append)", in: scratch)
    try #require(result.status == 0, "\(result.errors)")
    let calls = calls(in: try log.text(of: "calls"))
    let delivery = try #require(calls.firstIndex(where: isDelivery))
    return calls[delivery - 1]
  }

  /// Stops a delivery, runs `thief` when the lock looks old, lets the delivery go on.
  ///
  /// - Returns: what `thief` printed, and the system calls that the delivery made when it went on.
  private func rob(
    _ scratch: borrowing ScratchDirectory, stoppedAt call: Call, by thief: String
  ) throws -> (output: String, later: String) {
    let log = ScratchDirectory()
    let result = try Shell.run(
      """
      log='\(log.path)'
      printf '\\nlate\\n' |
        strace -f -o $log/calls -e inject=\(call.injection):signal=SIGSTOP \(Self.append) 2>$log/errors & strace=$!
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
    #expect(calls(in: later).contains(where: isDelivery))
    let text = try scratch.text(of: "box")
    #expect(text.hasPrefix(Self.old) && text.hasSuffix("\n\nnew\n\n") && !text.contains("late"))
    #expect(scratch.names == ["box"])
  }

  @Test("harms nothing either when the thief is killed, whose debt the next one pays")
  func killedThief() throws {
    let proof = try lastProof()
    let scratch = try prepared()
    let log = ScratchDirectory()
    _ = try rob(
      scratch, stoppedAt: proof, by: "printf '\\nnew\\n' | strace -f -o \(log.path)/calls \(Self.append)")
    let thief = calls(in: try log.text(of: "calls"))
    let delivery = try #require(thief.firstIndex(where: isDelivery))
    let changes: Set = ["renameat", "pwrite64", "fsync", "unlinkat", "copy_file_range"]
    let steps = thief[...delivery].filter { changes.contains($0.name) }
    #expect(steps.count >= 8)
    for step in steps { try kill(at: step, stoppedAt: proof) }
  }

  private func kill(at step: Call, stoppedAt proof: Call) throws {
    let scratch = try prepared()
    let (output, later) = try rob(
      scratch, stoppedAt: proof,
      by: """
        printf '\\nlost\\n' | strace -f -o /dev/null -e inject=\(step.injection):signal=SIGKILL \(Self.append)
        echo thief $?
        printf '\\nnew\\n' | \(Self.append); echo next $?
        """)
    #expect(output == "thief 137\nnext 0\nvictim 75\n", "\(step.line)")
    #expect(calls(in: later).contains(where: isDelivery), "\(step.line)")
    let text = try scratch.text(of: "box")
    #expect(text.hasPrefix(Self.old) && text.hasSuffix("\n\nnew\n\n"), "\(step.line)")
    #expect(!text.contains("late") && !text.contains("lost"), "\(step.line): \(text)")
    #expect(scratch.names == ["box"], "\(step.line)")
  }
}
