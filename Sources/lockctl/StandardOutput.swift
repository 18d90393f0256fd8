internal import CommandLine

/// Where answers go. An answer that cannot be printed is a failure: a full disk must not leave half a policy behind
/// and say nothing.
enum StandardOutput {
  struct Failure: Error, CustomStringConvertible {
    let description = "cannot write to standard output"
  }

  static func print(_ text: String) throws {
    guard write(text) == .success else { throw Failure() }
  }

  static func write(_ text: String) -> SystemExit { Diagnostics.show(text) == 0 ? .success : .outputError }
}

extension String {
  /// The text with control characters made visible: a file's name must not drive the terminal.
  var visible: String {
    unicodeScalars.map { character in
      switch character {
      case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}": character.escaped(asASCII: true)
      default: String(character)
      }
    }.joined()
  }

  func padded(to width: Int) -> String { self + String(repeating: " ", count: Swift.max(0, width - count)) }
}
