internal import CPosix
internal import Glibc
package import SystemPackage

/// Words as execve(2) takes them: pointers to C strings, then a null pointer.
package typealias CommandWords = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

/// A program that runs as a child of this one, in a process group of its own.
package struct ChildProcess: Sendable {
  /// Its process id, which is also that of its group.
  package let pid: Int32

  /// How a child has changed.
  package enum Event: Sendable, Equatable {
    case exited(Int32)
    case killed(signal: Int32)
    case stopped
  }

  /// Starts a program, found along PATH unless its name has a `/`; a script without `#!` is run by sh(1).
  ///
  /// - Parameters:
  ///   - arguments: the program and its arguments.
  ///   - environment: the whole environment.
  ///   - terminal: the descriptor of the terminal whose foreground the child gets.
  ///   - inherited: a descriptor that the child gets as well.
  package init(
    _ arguments: CommandWords, environment: CommandWords, terminal: CInt?, inherited: CInt? = nil
  ) throws(Errno) {
    var pid = pid_t()
    let code = cposix_start(arguments, environment, terminal ?? -1, inherited ?? -1, &pid)
    guard code == 0 else { throw Errno(rawValue: code) }
    self.pid = pid
  }

  /// What has become of the child, if anything has; a child that has ended is reaped.
  package func poll() throws(Errno) -> Event? {
    var status: CInt = 0
    guard try systemCall({ waitpid(pid, &status, WNOHANG | WUNTRACED) }) == pid else { return nil }
    if cposix_term_signal(status) != 0 { return .killed(signal: cposix_term_signal(status)) }
    let code = cposix_exit_status(status)
    return code >= 0 ? .exited(code) : .stopped
  }

  /// Sends a signal to the child's process group, and continues it, as timeout(1) does: whoever is stopped notices no
  /// signal.
  package func send(_ signal: Int32) {
    kill(-pid, signal)
    kill(-pid, SIGCONT)
  }

  /// Sends a signal to the child alone.
  package func sendAlone(_ signal: Int32) { kill(pid, signal) }
}

/// The terminal on standard input, and who has its foreground.
package enum Terminal {
  /// Whether standard input is a terminal.
  package static var isThere: Bool { isatty(STDIN_FILENO) == 1 }

  /// Whether standard input is a terminal, and this process is in its foreground.
  package static var isOurs: Bool { isThere && tcgetpgrp(STDIN_FILENO) == getpgrp() }

  /// Gives the foreground to a process group; to our own with `nil`.
  package static func give(to group: Int32?) {
    // Who is in the background is stopped for doing this, unless SIGTTOU is blocked.
    blocking(SIGTTOU) { _ = tcsetpgrp(STDIN_FILENO, group ?? getpgrp()) }
  }

  /// Stops this process's group as ^Z does, until the shell continues it.
  ///
  /// - Returns: whether it was stopped. A group without a shell behind it is not, since nobody would continue it.
  package static func suspend() -> Bool {
    var pending = sigset_t()
    blocking(SIGCONT) {
      kill(0, SIGTSTP)
      sigpending(&pending)
    }
    return sigismember(&pending, SIGCONT) == 1
  }

  private static func blocking(_ signal: Int32, _ body: () -> Void) {
    var mask = sigset_t()
    var old = sigset_t()
    sigemptyset(&mask)
    sigaddset(&mask, signal)
    sigprocmask(SIG_BLOCK, &mask, &old)
    body()
    sigprocmask(SIG_SETMASK, &old, nil)
  }
}
