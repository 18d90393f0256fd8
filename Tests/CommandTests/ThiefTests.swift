import TestSupport
import Testing

/// A thief that is killed or stopped itself, at every call that it makes: while its victim is stopped, too, and a second
/// thief comes; then everybody goes on.
@Suite("A thief that is killed, or stopped like its victim")
struct ThiefTests {
  static let jobs = {
    var jobs = [Job(), Job(work: .move), Job(work: .largeDelivery)]
    if ScratchDirectory.canMount {
      let network = Locking(method: "dotlock", isLocal: false)
      jobs += [Job(locking: network), Job(work: .move, locking: network)]
    }
    return jobs
  }()

  @Test("leaves a debt that is paid, and harms nothing", arguments: Array(jobs.enumerated()), ["KILL", "STOP"])
  func everyCall(job: (offset: Int, element: Job), signal: String) throws {
    let (number, job) = (job.offset * 2 + (signal == "KILL" ? 0 : 1), job.element)
    guard Torture.wants(job) else { return }
    let all = try job.calls()
    for (turn, place) in places(all).sample(1, number).enumerated() {
      let calls = try self.calls(job, victimAt: place)
      if Torture.isThorough { print("\(job.testDescription), thief at \(place): \(calls.count) system calls") }
      for (index, call) in calls.sample(1, number * 2 + turn).enumerated() {
        try meet(
          job, victimAt: place, isWritten: all.isWritten(by: place), thiefAt: call, signal,
          victimFirst: (number + index) % 2 == 0)
      }
    }
  }

  private static let changes: Set = ["linkat", "write", "renameat", "unlinkat", "mkdirat", "fsync", "symlinkat"]

  /// Where something has just been changed, from the taking of the lock on, and right before the mailbox is written.
  private func places(_ all: [TracedCall]) -> [TracedCall] {
    let calls = Array(all.drop { !($0.name == "linkat" && $0.line.contains("\"box.lock\"")) })
    return calls.indices.dropLast().filter { index in
      Self.changes.contains(calls[index].name) || calls[index + 1].name == "write"
    }.map { calls[$0] }
  }

  private func calls(_ job: Job, victimAt place: TracedCall) throws -> [TracedCall] {
    let scratch = try job.prepared()
    let log = ScratchDirectory()
    _ = try Shell.run(
      """
      \(Standoff.functions(log)); cat >$log/victim.in; printf '\\nthief\\n' >$log/thief.in
      begin victim \(place.sending("STOP", log: "$log/victim")) \(job.command)
      begin thief strace -f -o $log/thief \(thief(job))
      go_on victim; finish victim
      """, in: scratch, input: job.input)
    return TracedCall.all(in: try log.text(of: "thief"))
  }

  private func thief(_ job: Job) -> String { "mboxappend -f thief \(job.settings) box" }

  private func meet(
    _ job: Job, victimAt place: TracedCall, isWritten: Bool, thiefAt call: TracedCall, _ signal: String,
    victimFirst: Bool
  ) throws {
    let scratch = try job.prepared()
    let log = ScratchDirectory()
    let result = try Shell.run(
      """
      \(Standoff.functions(log)); cat >$log/victim.in; printf '\\nthief\\n' >$log/thief.in
      begin victim \(place.sending("STOP", log: "$log/victim")) \(job.command)
      begin thief \(call.sending("\(signal)", log: "$log/thief")) \(thief(job))
      \(job.robbery(by: "second"))
      for name in \(victimFirst ? "victim thief" : "thief victim"); do go_on $name; finish $name; done
      cat $log/victim.out $log/thief.out
      \(job.delivery(by: "next")); echo next $?
      \(job.rest); echo rest $?
      """, in: scratch, input: job.input)
    let after = try Aftermath(in: scratch)
    let comment: Comment = """
      \(job.testDescription): victim at \(place), \(signal) of thief at \(call), \(victimFirst ? "victim" : "thief") first
      \(result)
      \(after)
      """
    let isStopped = try log.text(of: "victim").contains("stopped by SIGSTOP")
    #expect(isStopped || !place.isSteady, comment)
    after.expect(
      job, result.output, late: isWritten ? ["victim", "thief"] : ["thief"], prompt: ["victim", "second", "next"],
      comment)
    // A thief that is stopped while it copies the mailbox keeps it locked.
    #expect(signal == "STOP" || result.output.contains("second 0\n"), comment)
    #expect((job.locking.isLocal || signal == "STOP" ? after.files : after.filesWithoutPosts) == [], comment)
  }
}
