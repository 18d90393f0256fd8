internal import ArgumentParser
internal import FileLocking
internal import LockPolicy
internal import SystemPackage

struct BreakCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "break",
    abstract: "Take away a lock that somebody has left behind, after saying whose it is.",
    discussion: """
      As every program of this toolkit does that wants the lock: what is stale by the policy is stolen, late writers are \
      kept out of the file, and the lock is let go. What is not stale is refused without --force.
      """)

  @Argument(help: fileHelp, completion: .file(), transform: readFileName) var file: FilePath
  @OptionGroup var options: SettingOptions
  @Flag(help: "Take away the lock that is shown, though its holder may be at work.") var force = false

  func run() throws {
    let subject = try LockSubject(file, options)
    let shown = try subject.report()
    try StandardOutput.print(shown.text)
    guard shown.seen.sighting != .nothing else { return }
    try refuse(shown)
    var attendant = Attendant(isVerbose: false)
    do {
      try steal(shown, subject, &attendant)
    } catch let failure as LockFailure where failure.kind == .busy {
      // Whoever waited for the lock may have it by now, as is right.
      guard try subject.report().seen.isOfAnotherLock(than: shown.seen) else { throw failure }
    }
    let lines = attendant.thefts.isEmpty ? ["\(shown.seen.lockPath): gone by itself"] : attendant.thefts
    let kernelLines = force ? try subject.report().kernelLockLines(of: shown) : []
    try StandardOutput.print((lines + kernelLines).map { $0.visible + "\n" }.joined())
  }

  private func refuse(_ shown: LockReport) throws {
    guard let staleness = shown.staleness else {
      throw Refusal(
        .unavailable,
        "\(shown.seen.lockPath): is not removed, since no program makes that as a lock; make sure that nobody needs it,"
          + " and remove it by hand")
    }
    let life = shown.holder?.program != nil ? "is held by a process that lives" : nil
    guard !force, let reason = life ?? (staleness.isStale ? nil : "is not stale: \(staleness.reason)") else { return }
    throw Refusal(.unavailable, "\(shown.seen.lockPath): \(reason); --force takes it away all the same")
  }

  private func steal(_ shown: LockReport, _ subject: LockSubject, _ attendant: inout Attendant) throws {
    let seen = shown.seen
    var policy = subject.policy
    policy.method = methods(seen)
    // Time to watch it as a thief does.
    policy.wait.timeout = (seen.observation ?? .zero) + .seconds(1)
    let evicted = force ? seen.sighting.identity : nil
    let lock = try HeldLock.acquire(
      on: subject.location, policy: policy, holder: .writer, inherited: [], evicting: evicted, canQueue: true,
      attend: { (occasion) throws(LockFailure) in try attendant.attend(occasion, for: subject.location.path) })
    try lock.release()
  }

  /// Kernel locks on the file speak against a theft; not by force, and not where there is no file.
  private func methods(_ seen: LockInspection) -> MethodList {
    guard !force, seen.filePlace != nil else { return [.dotlock] }
    let methods = seen.policy.method.methods
    return MethodList(methods.contains(.dotlock) ? methods : [.dotlock] + methods)
  }
}
