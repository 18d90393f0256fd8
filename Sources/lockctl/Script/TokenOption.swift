internal import ArgumentParser
internal import CommandLine
internal import FileLocking
internal import LockPolicy

/// What proves that a lock is the caller's.
struct TokenOption: ParsableArguments {
  @Option(help: ArgumentHelp("What 'lockctl lock' printed (default: DOTLOCK_HELD).", valueName: "TOKEN"))
  var token: String?

  /// Takes up the lock.
  func adopt(_ subject: LockSubject) throws -> HeldLock {
    let value = token ?? Environment.value(LockHandover.variable)
    guard let value, !value.isEmpty else {
      throw ValidationError("no token: give --token, or the environment variable DOTLOCK_HELD")
    }
    guard let handover = LockHandover.entry(for: subject.location, policy: subject.policy, in: value) else {
      throw ValidationError("the token is not of the lock on \(subject.location.path)")
    }
    return try HeldLock.adopt(handover, on: subject.location, policy: subject.policy)
  }
}
