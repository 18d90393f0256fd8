import Glibc

/// What one run of a whole process took.
struct Run {
  let status: CInt
  let microseconds: Double
  let pageFaults: Int
  /// The most memory that it had at once, in KiB.
  let resident: Int
}

/// A command line as posix_spawn wants it, made once so that nothing but the process is timed.
final class Command {
  let words: [String]
  private let executable: String
  private let arguments: [UnsafeMutablePointer<CChar>?]
  private let environment: [UnsafeMutablePointer<CChar>?]
  private var redirections = posix_spawn_file_actions_t()

  /// - Parameter executable: where the program is, if not at its first word.
  init(_ words: [String], environment: [String], input: String, executable: String? = nil) {
    self.words = words
    self.executable = executable ?? words[0]
    arguments = words.map { strdup($0) } + [nil]
    self.environment = environment.map { strdup($0) } + [nil]
    posix_spawn_file_actions_init(&redirections)
    posix_spawn_file_actions_addopen(&redirections, STDIN_FILENO, input, O_RDONLY, 0)
  }

  deinit {
    for word in arguments + environment { free(word) }
    posix_spawn_file_actions_destroy(&redirections)
  }

  /// Runs the command to its end.
  func run() -> Run {
    var child = pid_t()
    var status: CInt = 0
    var usage = rusage()
    let start = now()
    guard posix_spawn(&child, executable, &redirections, nil, arguments, environment) == 0 else {
      return Run(status: 127, microseconds: 0, pageFaults: 0, resident: 0)
    }
    while wait4(child, &status, 0, &usage) == -1 && errno == EINTR {}
    let end = now()
    return Run(
      status: status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f,
      microseconds: Double(end - start) / 1000, pageFaults: usage.ru_minflt, resident: usage.ru_maxrss)
  }

  /// Starts the command and leaves it running, in that process group; 0: in a new one.
  ///
  /// - Returns: its process, `nil` if it could not be started.
  func start(inGroup group: pid_t) -> pid_t? {
    var child = pid_t()
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
    posix_spawnattr_setpgroup(&attributes, group)
    let error = posix_spawn(&child, executable, &redirections, &attributes, arguments, environment)
    return error == 0 ? child : nil
  }
}

/// Nanoseconds on the clock by which everything here is timed; the same in all processes.
func now() -> Int {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return time.tv_sec * 1_000_000_000 + time.tv_nsec
}

/// Sleeps until that moment of ``now()``.
func sleep(until moment: Int) {
  var time = timespec(tv_sec: moment / 1_000_000_000, tv_nsec: moment % 1_000_000_000)
  while clock_nanosleep(CLOCK_MONOTONIC, CInt(TIMER_ABSTIME), &time, nil) == EINTR {}
}
