import TestSupport

/// By which methods a mailbox is locked, and by which rules.
struct Locking: Sendable, CustomStringConvertible {
  let method: String
  var isLocal = true

  static let local = ["dotlock", "fcntl", "flock", "dotlock+fcntl", "fcntl+dotlock", "dotlock+flock", "flock+dotlock"]
    .map { Locking(method: $0) }
  static let network = ["dotlock", "dotlock+fcntl", "fcntl+dotlock"].map { Locking(method: $0, isLocal: false) }
  static let all = local + (ScratchDirectory.canMount ? network : [])

  var description: String { "\(method), \(isLocal ? "local" : "network") rules" }

  var hasDotlock: Bool { method.contains("dotlock") }
  /// Whether a process that is stopped keeps a lock that nobody steals.
  var hasKernelLock: Bool { method != "dotlock" }

  func scratch() throws -> ScratchDirectory {
    isLocal ? ScratchDirectory() : try ScratchDirectory(mounting: "ramfs")
  }

  /// A lock file counts as old as soon as one can, and nobody waits for long.
  static let haste = "-o steal.after=125ms -o steal.observe=10ms -o wait.longest=20ms"
}
