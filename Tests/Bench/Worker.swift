import Glibc

/// What a worker writes down: a run begins, or a run has ended.
struct Event {
  /// By ``now()``.
  var time = 0
  var worker: Int32 = 0
  /// The exit status of the run.
  var status: Int32 = Event.began

  static let began: Int32 = -1
}

/// One process of a crowd: runs its command again and again until the bench kills it, and writes down when.
///
/// Processes, as deliveries are, because each must be able to be somebody else's.
struct Worker {
  static let option = "--worker"

  private let number: Int32
  private let start: Int
  private let log: CInt
  private let command: Command

  /// The words of the command line that starts a worker.
  static func words(_ number: Int, start: Int, log: String, user: uid_t, command: [String]) -> [String] {
    [thisProgram, option, "\(number)", "\(start)", log, "\(user)"] + command
  }

  /// From the words that come after the option.
  init(_ words: [String]) throws(Failure) {
    guard words.count > 4, let number = Int32(words[0]), let start = Int(words[1]), let user = uid_t(words[3]) else {
      throw Failure(usage)
    }
    self.number = number
    self.start = start
    log = open(words[2], O_WRONLY | O_APPEND | O_CLOEXEC)
    // Opened while we still may: the package may lie where another user cannot look.
    let program = open(words[4], O_RDONLY | O_CLOEXEC)
    guard log >= 0, program >= 0, setuid(user) == 0 else { throw Failure("a worker cannot start") }
    command = Command(
      Array(words[4...]), environment: ["PATH=/usr/bin:/bin", "LANG=C"], input: "/dev/null",
      executable: "/proc/self/fd/\(program)")
  }

  func work() -> Never {
    let bench = getppid()
    sleep(until: start)
    // Who interrupts the bench does not want to look for its workers.
    while getppid() == bench {
      note(Event.began)
      note(command.run().status)
    }
    exit(1)
  }

  private func note(_ status: Int32) {
    let event = Event(time: now(), worker: number, status: status)
    _ = withUnsafeBytes(of: event) { write(log, $0.baseAddress, $0.count) }
  }
}

/// The path of the bench itself.
let thisProgram: String = {
  guard let path = realpath("/proc/self/exe", nil) else { return CommandLine.arguments[0] }
  defer { free(path) }
  return String(cString: path)
}()
