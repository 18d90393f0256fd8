import TestSupport
import Testing

/// A delivery, or the moving of a maildir, that is stopped at one of its system calls, robbed, and continued: at every
/// call with `make torture`, else for a sample.
@Suite("A program that is stopped")
struct StopTests {
  static let jobs: [Job] = {
    var jobs = Locking.all.flatMap { [Job(locking: $0), Job(work: .move, locking: $0)] }
    for locking in Locking.all where locking.method == "dotlock" {
      jobs.append(Job(work: .largeDelivery, locking: locking))
    }
    jobs.append(Job(mailboxExists: false))
    jobs.append(Job(work: .move, options: "--journal power", mailboxExists: false))
    return jobs
  }()

  @Test("and robbed harms nothing when it goes on", arguments: Array(jobs.enumerated()))
  func everyCall(number: Int, job: Job) throws {
    guard Torture.wants(job) else { return }
    let all = try job.calls()
    let calls = Array(all.suffix(job.work == .largeDelivery && !Torture.isThorough ? 100 : .max))
    for call in calls.sample(1, number) { try stop(job, at: call, isWritten: all.isWritten(by: call)) }
  }

  private func stop(_ job: Job, at call: TracedCall, isWritten: Bool) throws {
    let scratch = try job.prepared()
    let log = ScratchDirectory()
    let result = try Shell.run(
      """
      \(Standoff.functions(log)); cat >$log/victim.in
      begin victim \(call.sending("STOP", log: "$log/victim")) \(job.command)
      \(job.robbery(by: "thief"))
      go_on victim; finish victim
      cat $log/victim.out
      \(job.delivery(by: "next")); echo next $?
      \(job.rest); echo rest $?
      """, in: scratch, input: job.input)
    let after = try Aftermath(in: scratch)
    let place: Comment = "\(job.testDescription): \(call)\n\(result)\n\(after)"
    let isStopped = try log.text(of: "victim").contains("stopped by SIGSTOP")
    #expect(isStopped || !call.isSteady, place)
    after.expect(job, result.output, late: isWritten ? ["victim"] : [], prompt: ["victim", "thief", "next"], place)
    #expect(job.locking.hasKernelLock || result.output.contains("thief 0\n"), place)
    #expect(after.files == [], place)
  }
}
