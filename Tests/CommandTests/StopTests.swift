import TestSupport
import Testing

/// A delivery, or the moving of a maildir, that is stopped at one of its system calls, robbed, and continued: at every
/// call with `make torture`, else for a sample.
@Suite("A program that is stopped")
struct StopTests {
  static let jobs: [Job] = {
    var jobs = Locking.all.flatMap { [Job(locking: $0), Job(work: .move, locking: $0)] }
    for locking in Locking.all where locking.method == "dotlock" { jobs.append(Job(work: .largeDelivery, locking: locking)) }
    jobs.append(Job(mailboxExists: false))
    jobs.append(Job(work: .move, options: "--journal power", mailboxExists: false))
    return jobs
  }()

  /// `begin NAME COMMAND...` runs a command under strace until it has ended or is stopped; `finish NAME` waits for it.
  static let functions = """
    begin() {
      name=$1; shift
      "$@" <$log/$name.in >$log/$name.out 2>&1 &
      eval "run_$name=$!"
      until grep -qs -e 'stopped by SIGSTOP' -e ' +++ ' $log/$name; do sleep 0.01; done
    }
    go_on() { kill -CONT "$(sed -n '1s/ .*//p' $log/$1)" 2>/dev/null; }
    finish() { eval "wait \\$run_$1"; echo $1 $?; }

    """

  @Test("and robbed harms nothing when it goes on", arguments: Array(jobs.enumerated()))
  func everyCall(number: Int, job: Job) throws {
    let calls = try job.calls().suffix(job.work == .largeDelivery && !Torture.isThorough ? 100 : .max)
    for call in Array(calls).sample(3, number) { try stop(job, at: call) }
  }

  private func stop(_ job: Job, at call: TracedCall) throws {
    let scratch = try job.prepared()
    let log = ScratchDirectory()
    let result = try Shell.run(
      """
      log=\(log.path); cat >$log/victim.in
      \(Self.functions)
      begin victim \(call.strace("signal=STOP", log: "$log/victim")) \(job.command)
      \(job.robbery(by: "thief"))
      go_on victim; finish victim
      cat $log/victim.out
      \(job.delivery(by: "next")); echo next $?
      \(job.rest); echo rest $?
      """, in: scratch, input: job.input)
    let after = try Aftermath(in: scratch)
    let place: Comment = "\(job.testDescription): \(call)\n\(result)\n\(after)"
    after.expect(job, result.output, late: ["victim"], prompt: ["thief", "next"], place)
    #expect(job.locking.hasKernelLock || result.output.contains("thief 0\n"), place)
    #expect(after.files == [], place)
  }
}

extension Job {
  /// A delivery that steals the lock; one that the kernel keeps is waited for a moment.
  func robbery(by name: String) -> String {
    delivery(by: name, locking.hasKernelLock ? "--timeout 400ms" : "") + "; echo \(name) $?"
  }
}

extension Aftermath {
  /// Whoever reported success has delivered exactly once; who did not has not, or once at most if he was late; messages
  /// of a maildir are there exactly once, whatever was reported; and nothing else is there.
  ///
  /// - Parameter statuses: lines with a name and a status.
  func expect(_ job: Job, _ statuses: String, late: [String], prompt: [String], _ place: Comment) {
    let lines = statuses.split(separator: "\n")
    var expected = job.mailboxExists ? ["old"] : []
    for sender in late + prompt where job.work != .move || sender != "victim" {
      let isDelivered = lines.contains("\(sender) 0") || late.contains(sender) && count(sender) == 1
      if isDelivered { expected.append(sender) }
    }
    let moved = job.work == .move ? ["m1", "m2", "m3"] : []
    #expect(names?.filter { $0.hasPrefix("m") } == moved, place)
    #expect(names?.sorted() == (expected + moved).sorted(), place)
    #expect(!job.mailboxExists || names?.first == "old", place)
    #expect(statuses.hasSuffix("next 0\nrest 0\n"), place)
  }
}
