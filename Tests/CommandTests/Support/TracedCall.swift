import TestSupport
import Testing

/// A system call of a command, as strace(1) counts them when it is to do something about one.
struct TracedCall: Sendable {
  let name: String
  /// The how-many'th of its name it is.
  let count: Int

  /// Calls of the runtime and of process control, which are not about files.
  private static let others: Set = [
    "execve", "exit_group", "mmap", "munmap", "brk", "wait4", "clone3", "mprotect", "rt_sigaction", "rt_sigprocmask",
  ]

  /// The calls of an undisturbed run, from the look at the standard streams on, which is the first thing that ours do.
  ///
  /// - Parameter prefix: what the command is run under, besides strace.
  static func all(
    of command: String, under prefix: String = "", in scratch: borrowing ScratchDirectory, input: [UInt8]
  ) throws -> [TracedCall] {
    let log = ScratchDirectory()
    let result = try Shell.run("\(prefix) strace -f -o \(log.path)/calls \(command)", in: scratch, input: input)
    try #require(result.status == 0, "\(result.errors)")
    var counts: [String: Int] = [:]
    var calls: [TracedCall] = []
    var isOurs = false
    for line in try log.text(of: "calls").split(separator: "\n") {
      guard let match = line.firstMatch(of: /^\d+ +([a-z0-9_]+)\(/) else { continue }
      let name = String(match.1)
      counts[name, default: 0] += 1
      isOurs = isOurs || line.contains("F_GETFD")
      if isOurs, !others.contains(name) { calls.append(TracedCall(name: name, count: counts[name] ?? 0)) }
    }
    return calls
  }
}
