internal import FileLocking
internal import LockPolicy
package import Posix
package import SystemPackage

extension Program {
  /// Runs a program while the lock on a file is held.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - command: the program and its arguments.
  ///   - isShared: whether others may read meanwhile, who ask for the same.
  /// - Returns: how the program ended.
  /// - Throws: `LockFailure` when the lock could not be taken, or was lost meanwhile.
  package mutating func runUnderLock(
    on path: FilePath, _ command: CommandWords, isShared: Bool
  ) throws -> Outcome {
    let location = try FileLocation(of: path)
    var policy = try policy(for: location)
    // A program that locks the file itself must not meet our kernel lock, unless somebody asked for it here and now.
    if !invocation.sets("method") { policy.method = [.dotlock] }
    let outer = Environment.value(LockHandover.variable)
    var lock = try HeldLock.acquire(
      on: location, policy: policy, holder: .program, inherited: LockHandover.entries(in: outer),
      isShared: isShared, canQueue: true,
      attend: { (occasion) throws(LockFailure) in try attend(occasion, for: location.path) })
    say("\(location.path): locked")
    let held = lock.handover.map { (LockHandover.variable, $0.appended(to: outer)) }
    var supervisor: Supervisor
    do throws(Errno) {
      supervisor = try Supervisor(command, environment: Environment(setting: held), lock)
    } catch {
      try lock.release()
      return cannotRun(command, error)
    }
    let ending = supervisor.wait(&lock, signals)
    if let reason = supervisor.reasonForKill { complain("\(location.path): \(reason)") }
    guard case .over(let outcome) = ending else {
      lock.leaveBehind()
      complain("\(location.path): the program was killed and does not die; the lock stays")
      return .failed
    }
    // The status tells only that something failed.
    if case .signalled(let signal) = outcome { complain("\(name(of: command)): ended by signal \(signal)") }
    try letGo(lock)
    return outcome
  }

  /// The lock was held to the end: a program that did its work must not be told to do it again only because a call
  /// failed afterwards.
  private func letGo(_ lock: consuming HeldLock) throws {
    do throws(LockFailure) {
      try lock.release()
    } catch {
      guard case .system = error.kind else { throw error }
      say("\(error)")
    }
  }

  private func cannotRun(_ command: CommandWords, _ error: Errno) -> Outcome {
    complain("\(name(of: command)): cannot run: \(error)")
    return error == .noSuchFileOrDirectory ? .programNotFound : .programNotExecutable
  }

  private func name(of command: CommandWords) -> FilePath {
    command.pointee.map { FilePath(platformString: $0) } ?? ""
  }
}
