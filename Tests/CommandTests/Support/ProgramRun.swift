import CPosix
import Glibc
import SystemPackage

/// Runs the programs of this package as they were built, each in a process of its own.
struct ProgramRun {
  /// Runs a program to its end.
  ///
  /// - Parameters:
  ///   - program: the name of a program of this package, or a path with a slash.
  ///   - arguments: what follows the program's name.
  ///   - input: its standard input.
  ///   - environment: its whole environment; `nil` means this process's.
  /// - Returns: the exit status (128 + n for death by signal n), standard output, standard error.
  /// - Throws: `Errno` when the program cannot be started.
  static func run(
    _ program: String, _ arguments: [String], input: [UInt8] = [], environment: [String: String]? = nil
  ) throws -> (status: Int32, output: String, errors: String) {
    let (stdin, stdout, stderr) = (try Pipe(), try Pipe(), try Pipe())
    let process = try spawn(
      path(of: program), [program] + arguments, environment,
      redirecting: [(stdin.reading, 0), (stdout.writing, 1), (stderr.writing, 2)])
    for descriptor in [stdin.reading, stdout.writing, stderr.writing] { close(descriptor) }
    var exchange = Exchange(writing: stdin.writing, input: input, reading: [stdout.reading, stderr.reading])
    exchange.run()
    return (
      status: try status(of: process), output: String(decoding: exchange.received[0], as: UTF8.self),
      errors: String(decoding: exchange.received[1], as: UTF8.self)
    )
  }

  /// Where a program of this package was built: beside the tests, unless others are to be tortured.
  static func path(of program: String) -> String {
    guard !program.contains("/") else { return program }
    if let directory = getenv("MAILBOX_PROGRAMS") { return "\(String(cString: directory))/\(program)" }
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
    readlink("/proc/self/exe", &buffer, Int(PATH_MAX))
    return FilePath(platformString: buffer).removingLastComponent().appending(program).string
  }

  private static func spawn(
    _ path: String, _ arguments: [String], _ environment: [String: String]?, redirecting: [(CInt, CInt)]
  ) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (from, to) in redirecting { posix_spawn_file_actions_adddup2(&actions, from, to) }
    // A program must meet the signals as a shell gives them, whatever this process ignores or blocks.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigaddset(&signals, SIGPIPE)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    var process = pid_t()
    let code = withCStrings(arguments) { arguments in
      guard let environment else { return posix_spawn(&process, path, &actions, &attributes, arguments, Glibc.environ) }
      return withCStrings(environment.map { "\($0)=\($1)" }) {
        posix_spawn(&process, path, &actions, &attributes, arguments, $0)
      }
    }
    guard code == 0 else { throw Errno(rawValue: code) }
    return process
  }

  private static func status(of process: pid_t) throws -> Int32 {
    var status: CInt = 0
    while waitpid(process, &status, 0) == -1 {
      guard errno == EINTR else { throw Errno(rawValue: errno) }
    }
    let code = cposix_exit_status(status)
    return code >= 0 ? code : 128 + cposix_term_signal(status)
  }
}

/// Calls `body` with a null-terminated array of C strings.
private func withCStrings<Result>(
  _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
) -> Result {
  let copies = strings.map { strdup($0) }
  defer { for copy in copies { free(copy) } }
  return body(copies + [nil])
}
