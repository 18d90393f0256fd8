import TestSupport
import Testing

/// A delivery, or the moving of a maildir, that is killed at one of its system calls, and an ordinary delivery that
/// follows: for every call with `make torture`, else for a sample.
@Suite("A program that is killed")
struct KillTests {
  static let jobs = {
    var jobs = Locking.all.flatMap { [Job(locking: $0), Job(work: .move, locking: $0)] }
    for locking in Locking.all where locking.isLocal || locking.method == "dotlock" {
      jobs.append(Job(work: .largeDelivery, locking: locking))
      if locking.hasDotlock { jobs.append(Job(locking: locking, setup: partOfAnother(locking))) }
    }
    return jobs + others
  }()

  private static let others = [
    Job(options: "--journal power", mailboxExists: false),
    Job(locking: Locking(method: "fcntl"), mailboxExists: false),
    Job(work: .move, options: "--journal power", mailboxExists: false),
    Job(work: .largeDelivery, locking: Locking(method: "flock+dotlock"), options: "--journal power"),
    Job(prefix: "dotlock -n box"), Job(work: .largeDelivery, prefix: "dotlock -n box"),
    Job(work: .move, prefix: "dotlock -n box"),
  ]

  /// What another delivery leaves that is killed in the middle.
  static func partOfAnother(_ locking: Locking) -> String {
    """
    yes other | head -n 1000000 | strace -f -o /dev/null -e inject=fsync:signal=KILL \
      mboxappend --method \(locking.method) \(Locking.haste) box
    truncate -s 3000000 box
    """
  }

  @Test("leaves the message whole or not at all, and nothing in the way of the next one", arguments: Array(jobs.enumerated()))
  func everyCall(number: Int, job: Job) throws {
    // Reading a large message is most of it, and all the same.
    let calls = try job.calls().suffix(job.work == .largeDelivery && !Torture.isThorough ? 100 : .max)
    for (index, call) in Array(calls).sample(3, number).enumerated() {
      try kill(job, at: call, restFirst: job.work == .move && (number + index) % 2 == 0)
    }
  }

  private func kill(_ job: Job, at call: TracedCall, restFirst: Bool) throws {
    let scratch = try job.prepared()
    let next = "\(job.delivery(by: "next")); echo $?"
    let rest = "\(job.rest); echo $?"
    let result = try Shell.run(
      """
      \(job.prefix) \(call.strace("signal=KILL")) \(job.command) 2>errors; echo $?
      grep -v 'fatal signal 9' errors; rm errors
      \(restFirst ? rest : next)
      \(restFirst ? next : rest)
      """, in: scratch, input: job.input)
    let after = try Aftermath(in: scratch)
    let place: Comment = "\(job.testDescription): \(call)\n\(result)\n\(after)"
    // Not killed when it made fewer calls this time.
    let status = result.output.prefix { $0 != "\n" }
    #expect(["137", job.prefix.isEmpty ? "0" : "75", "0"].contains(status), place)
    #expect(result.output.hasSuffix("\n0\n0\n") && result.errors == "", place)
    #expect((job.locking.isLocal ? after.files : after.filesWithoutPosts) == [], place)
    try expectMessages(job, after, isCertain: status == "0", place)
  }

  private func expectMessages(_ job: Job, _ after: Aftermath, isCertain: Bool, _ place: Comment) throws {
    let old = job.mailboxExists ? ["old"] : []
    switch job.work {
    case .delivery, .largeDelivery:
      #expect(after.names == old + ["victim", "next"] || !isCertain && after.names == old + ["next"], place)
    case .move:
      let moved = ["m1", "m2", "m3"]
      #expect(after.names == old + moved + ["next"] || !isCertain && after.names == old + ["next"] + moved, place)
    }
  }
}
