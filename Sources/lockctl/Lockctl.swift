internal import ArgumentParser
internal import CommandLine
internal import Glibc

/// lockctl(8): looks at mailbox locking, and repairs it.
@main
struct Lockctl: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lockctl",
    abstract: "Look at mailbox locking, and repair it.",
    discussion: "The manual: lockctl(8), dotlock.yaml(5), mailbox-locking(7).",
    version: "lockctl \(ProgramDescription.version)",
    subcommands: [
      PolicyCommands.self, StatusCommand.self, ListCommand.self, RecoverCommand.self, BreakCommand.self,
      ProbeCommand.self, StressCommand.self, LockCommand.self, UnlockCommand.self, TouchCommand.self, TestCommand.self,
      ProbeStepCommand.self, StressWorkerCommand.self,
    ])

  static func main() {
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch {
      Glibc.exit(report(error))
    }
  }

  /// Prints what went wrong, or the help that was asked for.
  private static func report(_ error: any Error) -> Int32 {
    if let status = SystemExit(error) {
      Diagnostics.report("lockctl", "\(error)")
      return status.rawValue
    }
    let status = exitCode(for: error)
    // --help, --version and the completion scripts are errors, too, as far as the parser is concerned.
    if status == .success {
      guard StandardOutput.write(fullMessage(for: error) + "\n") != .success else { return 0 }
      return report(StandardOutput.Failure())
    }
    // A bare status is an answer, and needs no words.
    let message = message(for: error)
    if !message.isEmpty { Diagnostics.report("lockctl", message) }
    return status.rawValue
  }
}
