import Glibc

/// What one run of a whole process took.
struct Run {
  let status: CInt
  let microseconds: Double
  let pageFaults: Int
}

/// A command line as posix_spawn wants it, made once so that nothing but the process is timed.
final class Command {
  let words: [String]
  private let arguments: [UnsafeMutablePointer<CChar>?]
  private let environment: [UnsafeMutablePointer<CChar>?]
  private var redirections = posix_spawn_file_actions_t()

  init(_ words: [String], environment: [String], input: String) {
    self.words = words
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
    guard posix_spawn(&child, words[0], &redirections, nil, arguments, environment) == 0 else {
      return Run(status: 127, microseconds: 0, pageFaults: 0)
    }
    while wait4(child, &status, 0, &usage) == -1 && errno == EINTR {}
    let end = now()
    return Run(
      status: status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f,
      microseconds: Double(end - start) / 1000, pageFaults: usage.ru_minflt)
  }
}

private func now() -> Int {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return time.tv_sec * 1_000_000_000 + time.tv_nsec
}
