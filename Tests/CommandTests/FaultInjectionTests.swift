import Posix
import TestSupport
import Testing

/// A delivery, or the moving of a maildir, in which one system call fails, for every call that it makes and every error
/// with `make torture`, else for a sample: strace(1) records one undisturbed run, and then has the k-th call of each name
/// fail.
@Suite("A system call that fails")
struct FaultInjectionTests {
  static let jobs = Locking.all.flatMap { [Job(locking: $0), Job(work: .move, locking: $0)] } + others

  private static let others = [
    Job(mailboxExists: false), Job(locking: Locking(method: "flock+dotlock"), mailboxExists: false),
    Job(options: "--journal power"), Job(work: .largeDelivery), Job(work: .move, mailboxExists: false),
    Job(prefix: "dotlock -n box"), Job(locking: Locking(method: "fcntl"), prefix: "dotlock -n box"),
  ]

  static let errors = ["EIO", "ENOSPC", "ESTALE", "EACCES", "EDQUOT", "EMFILE", "ENOLCK", "EROFS", "EINTR"]

  @Test("leaves the directory as it was, or what was to be done is done", arguments: Array(jobs.enumerated()))
  func everyCall(number: Int, job: Job) throws {
    guard Torture.wants(job) else { return }
    let calls = try job.calls(isWhole: true).suffix(job.work == .largeDelivery ? 100 : .max)
    let size = 2
    for (index, call) in Array(calls).sample(size, number).enumerated() {
      let turn = number * size + index
      for error in Torture.isThorough ? Self.errors : [Self.errors[turn % Self.errors.count]] {
        try fail(job, at: call, by: error)
      }
    }
  }

  private func fail(_ job: Job, at call: TracedCall, by error: String) throws {
    let scratch = try job.prepared()
    let before = job.mailboxExists ? try scratch.status(of: "box") : nil
    let log = ScratchDirectory()
    let result = try Shell.run(
      "\(Shell.input(in: log))\n\(call.failing(error)) \(job.prefix) \(job.command)", in: scratch, input: job.input)
    let place: Comment = "\(job.testDescription): \(error) at \(call)\n\(result)"
    #expect(result.status == 0 ? result.errors == "" : result.status == 75, place)
    // One line of each program that failed, and of each message that had to stay.
    let lines = result.errors.filter { $0 == "\n" }.count
    #expect(result.status == 0 || (1...3).contains(lines), place)
    if job.work == .move { return try expectMoved(job, result.status == 0, scratch, place) }

    // Looking at what is in it shows in the times.
    let now = try? scratch.status(of: "box")
    let after = try Aftermath(in: scratch)
    #expect(after.files == [], place)
    guard result.status == 75 else {
      return #expect(after.names == (job.mailboxExists ? ["old", "victim"] : ["victim"]), place)
    }
    #expect(scratch.names == (job.mailboxExists ? ["box"] : []), place)
    guard let before else { return }
    #expect(after.names == ["old"] && now?.modified == before.modified && now?.accessed == before.accessed, place)
  }

  /// Everything is in one place, whether the status says that it was moved or not; and in the end everything is moved.
  private func expectMoved(
    _ job: Job, _ isDone: Bool, _ scratch: borrowing ScratchDirectory, _ place: Comment
  ) throws {
    let old = job.mailboxExists ? ["old"] : []
    if isDone { #expect(try Aftermath(in: scratch).names == old + job.moved, place) }
    let rest = try Shell.run(job.rest, in: scratch)
    let after = try Aftermath(in: scratch)
    #expect(rest.status == 0 && rest.errors == "", "\(place) \(rest)")
    // What could not be read comes later.
    #expect(after.names?.sorted() == job.moved + ["m4"] + old && after.files == [], "\(place) \(after)")
  }
}
