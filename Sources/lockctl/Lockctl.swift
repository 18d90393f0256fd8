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
    subcommands: [PolicyCommands.self, RecoverCommand.self, ProbeCommand.self, ProbeStepCommand.self])

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
    Diagnostics.report("lockctl", message(for: error))
    return status.rawValue
  }
}
