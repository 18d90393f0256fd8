import TestSupport
import Testing

/// A delivery, or the moving of a maildir, that is killed at one of its system calls, and an ordinary delivery that
/// follows: for every call with `make torture`, else for a sample.
@Suite("A program that is killed")
struct KillTests {
  static let jobs = {
    var jobs = Locking.all.flatMap { [Job(locking: $0), Job(work: .move, locking: $0)] }
    for locking in Locking.all where Torture.isThorough || ["dotlock", "fcntl"].contains(locking.method) {
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

  @Test(
    "leaves the message whole or not at all, and nothing in the way of the next one",
    arguments: Array(jobs.enumerated()))
  func everyCall(number: Int, job: Job) throws {
    guard Torture.wants(job) else { return }
    // Reading a large message is most of it, and all the same.
    let calls = try job.calls().suffix(job.work == .largeDelivery && !Torture.isThorough ? 100 : .max)
    for (index, call) in Array(calls).sample(1, number).enumerated() {
      try kill(job, at: call, restFirst: job.work == .move && (number + index) % 2 == 0)
    }
  }

  @Test(
    "between the two names of a replaced mailbox leaves one mailbox to the next one",
    arguments: Locking.all.filter { $0.hasDotlock && !$0.isLocal })
  func betweenTwoNames(locking: Locking) throws {
    let job = Job(locking: locking, setup: Self.partOfAnother(locking))
    let scratch = try job.prepared()
    let result = try Shell.run(
      """
      strace -f -o /dev/null -e trace=linkat -P box -e inject=linkat:signal=KILL \(job.command) 2>/dev/null; echo $?
      [ -e box ] || echo none; \(job.delivery(by: "next")); echo $?
      """, in: scratch, input: job.input)
    let after = try Aftermath(in: scratch)
    #expect(result.output == "137\nnone\n0\n" && result.errors == "", "\(result)")
    #expect(after.names == ["old", "next"] && after.filesWithoutPosts == [], "\(after)")
  }

  private func kill(_ job: Job, at call: TracedCall, restFirst: Bool) throws {
    let scratch = try job.prepared()
    let next = "\(job.delivery(by: "next")); echo $?"
    let rest = "\(job.rest); echo $?"
    let log = ScratchDirectory()
    let result = try Shell.run(
      """
      \(Shell.input(in: log))
      \(job.prefix) \(call.sending("KILL")) \(job.command) 2>/dev/null; echo $?
      \(restFirst ? rest : next)
      \(restFirst ? next : rest)
      """, in: scratch, input: job.input)
    let after = try Aftermath(in: scratch)
    let place: Comment = "\(job.testDescription): \(call)\n\(result)\n\(after)"
    let status = result.output.prefix { $0 != "\n" }
    // A supervisor tells of it in its own way; and how often a lock is tried that somebody has left is left to chance.
    let isSteady = call.isSteady && (job.locking.isLocal || job.setup == ":")
    #expect(status == (job.prefix.isEmpty ? "137" : "75") || !isSteady && status == "0", place)
    #expect(result.output.hasSuffix("\n0\n0\n") && result.errors == "", place)
    #expect((job.locking.isLocal ? after.files : after.filesWithoutPosts) == [], place)
    try expectMessages(job, after, isCertain: status == "0", place)
  }

  private func expectMessages(_ job: Job, _ after: Aftermath, isCertain: Bool, _ place: Comment) throws {
    let old = job.mailboxExists ? ["old"] : []
    let done = job.work == .move ? job.moved : ["victim"]
    let later = job.work == .move ? ["m4"] : []
    let undone = job.work == .move ? job.moved : []
    #expect(
      after.names == old + done + ["next"] + later || !isCertain && after.names == old + ["next"] + undone + later,
      place)
  }
}
