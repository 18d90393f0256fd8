internal import CPosix
internal import Glibc

/// What programs print: one line for a failure, nothing for success.
package enum Diagnostics {
  /// Prints `program: text` as one line on standard error; a closed standard error is nobody's business.
  ///
  /// Control characters come from a file's name, and would drive the terminal of whoever reads the log.
  package static func report(_ program: String, _ text: String) {
    write(STDERR_FILENO, "\(program): \(text.onOneLine)\n")
  }

  /// Tells the system's log, facility mail.
  package static func log(_ program: String, _ text: String) { cposix_syslog(program, text.onOneLine) }

  /// Prints an answer that was asked for.
  ///
  /// - Returns: the exit status: zero when it could be printed.
  package static func show(_ text: String) -> Int32 { write(STDOUT_FILENO, text) ? 0 : 75 }

  /// Prints names or other texts that were asked for, each as one line that drives no terminal.
  ///
  /// - Returns: the exit status: zero when they could be printed.
  package static func show(lines: [String]) -> Int32 { show(lines.map { $0.onOneLine + "\n" }.joined()) }

  /// Writes all of a text, if that is possible.
  @discardableResult
  static func write(_ descriptor: CInt, _ text: String) -> Bool {
    var text = text
    return text.withUTF8 { bytes in
      var rest = UnsafeRawBufferPointer(bytes)[...]
      while !rest.isEmpty {
        let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        rest = rest.dropFirst(count)
      }
      return true
    }
  }
}

extension String {
  fileprivate var onOneLine: String {
    var line = ""
    for scalar in unicodeScalars {
      line.unicodeScalars.append(scalar.properties.generalCategory == .control ? "?" : scalar)
    }
    return line
  }
}

/// Descriptors 0, 1 and 2.
enum StandardStreams {
  /// Puts /dev/null where the caller left a gap: the mailbox must not become somebody's standard error.
  ///
  /// Standard input becomes one that cannot be read: nobody closes it to send an empty message.
  static func fillGaps() {
    for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) == -1 {
      _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDWR)
    }
  }
}
