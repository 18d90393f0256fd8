import Glibc
import TestSupport
import Testing

/// A system call of a command, as strace(1) counts them when it is to do something about one.
struct TracedCall: Sendable {
  let name: String
  /// The how-many'th of its name it is.
  let count: Int
  /// Its place among all calls of the run.
  let place: Int
  /// What strace tells of it.
  let line: String

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
    let result = try Shell.run(
      "\(Shell.input(in: log))\n\(prefix) strace -f -o \(log.path)/calls \(command)", in: scratch, input: input)
    try #require(result.status == 0, "\(result.errors)")
    return try all(in: log.text(of: "calls"))
  }

  /// The calls that count in what strace has told.
  static func all(in log: String) -> [TracedCall] {
    Array(parse(log).drop { !$0.line.contains("F_GETFD") }).filter { !others.contains($0.name) }
  }

  /// Every call in what strace has told; not those of a process that only asks for a lock, which strace counts apart.
  static func parse(_ log: String) -> [TracedCall] {
    let lines = log.split(separator: "\n")
    let programs = Set(lines.filter { $0.contains(" execve(") }.map { $0.prefix { $0 != " " } })
    var counts: [String: Int] = [:]
    return lines.enumerated().compactMap { place, line in
      guard let match = line.firstMatch(of: /^(\d+) +([a-z0-9_]+)\(/) else { return nil }
      guard programs.isEmpty || programs.contains(match.1) else { return nil }
      let name = String(match.2)
      counts[name, default: 0] += 1
      return TracedCall(name: name, count: counts[name] ?? 0, place: place, line: String(line))
    }
  }

  /// The command under which it fails.
  func failing(_ error: String) -> String {
    // Others than those of its name cost next to nothing.
    "strace -f --seccomp-bpf -o /dev/null -e trace=\(name) -e inject=\(name):error=\(error):when=\(count)"
  }

  /// The command under which a signal is sent at this call. (With --seccomp-bpf strace 6.1 forgets to send it.)
  func sending(_ signal: String, log: String = "/dev/null") -> String {
    "strace -f -o \(log) -e trace=\(name) -e inject=\(name):signal=\(signal):when=\(count)"
  }

  /// Whether every run makes it: how often something is waited for is left to chance.
  var isSteady: Bool { !["ppoll", "read", "rt_sigtimedwait"].contains(name) }
}

extension TracedCall: CustomStringConvertible {
  var description: String { "\(name) \(count): \(line)" }
}

/// How much is tried: a sample, or everything, which takes hours.
enum Torture {
  static let isThorough = getenv("MAILBOX_TORTURE") != nil

  /// Whether a job is among those that are to be tried: its description has that text in it.
  static func wants(_ job: Job) -> Bool { "\(job.testDescription);".contains(only) }

  private static let only = getenv("TORTURE_ONLY").map { String(cString: $0) } ?? ""

  /// Each of so many is tried when everything is to be.
  static let stride = getenv("TORTURE_STRIDE").flatMap { Int(String(cString: $0)) } ?? 1
}

extension Array {
  /// Some of them, from all over: each sample other ones, but always the same. All with `make torture`.
  func sample(_ size: Int, _ number: Int) -> [Element] {
    guard !Torture.isThorough else { return thinned(number) }
    guard count > size else { return self }
    // Multiples of the golden ratio, less its whole part, are spread evenly however many there are.
    let places = (0..<size).map { Double(number * size + $0) * 0.618_033_988_749_895 }
    return places.map { self[Int(($0 - $0.rounded(.down)) * Double(count))] }
  }

  private func thinned(_ number: Int) -> [Element] {
    Swift.stride(from: number % Torture.stride, to: count, by: Torture.stride).map { self[$0] }
  }
}
