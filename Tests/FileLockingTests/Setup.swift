import FileLocking
import LockPolicy
import Posix
import SystemPackage
import TestSupport
import Testing

/// The methods and the rules under which each test runs.
struct Setup: Sendable, CustomTestStringConvertible {
  let method: MethodList
  let isLocal: Bool

  static let all: [Setup] = ["dotlock", "fcntl", "flock", "dotlock+fcntl", "fcntl+dotlock", "dotlock+fcntl+flock"]
    .flatMap { text in [true, false].map { Setup(method: method(text), isLocal: $0) } }
  static let withDotlock = all.filter { $0.method.contains(.dotlock) }

  var testDescription: String { "\(method), \(isLocal ? "local" : "network") rules" }

  private static func method(_ text: String) -> MethodList {
    do { return try MethodList(text) } catch { fatalError("\(error)") }
  }

  func lock(_ path: FilePath, _ change: (inout Policy) -> Void = { _ in }) throws -> HeldLock {
    var policy = Policy()
    policy.method = method
    policy.wait.timeout = .zero
    change(&policy)
    return try HeldLock.acquire(
      on: FileLocation(of: path), policy: policy, holder: .writer, inherited: [], isLocal: isLocal,
      canQueue: false, attend: { (occasion) in passTime(occasion) })
  }
}

func failure(_ body: () throws -> Void) -> LockFailure? {
  do {
    try body()
    return nil
  } catch { return error as? LockFailure }
}

func releaseFailure(_ lock: consuming HeldLock) -> LockFailure? {
  do throws(LockFailure) {
    try lock.release()
    return nil
  } catch { return error }
}

/// Steals what was not touched for more than a minute, after a look that need not last.
func steal(
  _ setup: Setup, _ scratch: borrowing ScratchDirectory, _ change: (inout Policy) -> Void = { _ in }
) throws -> HeldLock {
  try setup.lock(scratch.file("box")) { policy in
    policy.steal.observe = .zero
    change(&policy)
  }
}

/// What a process does that leaves signals alone.
func passTime(_ occasion: Occasion) {
  guard case .wait(let wakeUp, let time) = occasion else { return }
  if case .readable(let descriptor) = wakeUp { sleep(time, orReadable: descriptor) } else { sleepThrough(time) }
}
