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
