package import FileLocking
internal import Glibc
package import LockPolicy
internal import PolicyFile
package import Posix
package import SystemPackage

/// One run of a per-message program: its command line, its policy, and where its diagnostics go.
package struct Program: ~Copyable {
  package let description: ProgramDescription
  package private(set) var invocation = Invocation()
  /// Signals that ask the program to stop.
  package var signals = SignalQueue()

  /// Runs `body` with the command line that the process was given, and ends the process with the status that it comes to.
  package static func main(
    _ description: ProgramDescription, _ body: (inout Program) throws -> Outcome
  ) -> Never {
    // Nothing is buffered, and the end of a process frees its memory faster than the runtime does.
    _exit(run(description, body))
  }

  private static func run(_ description: ProgramDescription, _ body: (inout Program) throws -> Outcome) -> Int32 {
    StandardStreams.fillGaps()
    var program = Program(description)
    do {
      switch try OptionParser.parse(
        Swift.CommandLine.argc, Swift.CommandLine.unsafeArgv, of: description, into: &program.invocation)
      {
      case .help: return Diagnostics.show(description.help)
      case .version: return Diagnostics.show("\(description.name) \(ProgramDescription.version)\n")
      case .run(let invocation): program.invocation = invocation
      }
      return program.status(of: try body(&program))
    } catch {
      return program.report(error)
    }
  }

  /// The dialect of exit statuses, once there is a policy.
  private var exitCodes: Policy.ExitCodes?

  private init(_ description: ProgramDescription) { self.description = description }

  /// The settings for the file, from the policy file and the command line.
  package mutating func policy(for location: FileLocation) throws -> Policy {
    let policy = try resolvedPolicy(for: location)
    exitCodes = policy.exitCodes
    return policy
  }

  /// The settings for a file that is not what the program was started for.
  func otherPolicy(for location: FileLocation) throws(LockFailure) -> Policy {
    do {
      return try resolvedPolicy(for: location)
    } catch let failure as LockFailure {
      throw failure
    } catch {
      throw LockFailure(.refused, location.path, "\(error)")
    }
  }

  private func resolvedPolicy(for location: FileLocation) throws -> Policy {
    try PolicyFile.load(invocation.policyFile).resolution(
      for: location.path, overrides: invocation.overrides, program: description.name
    ).policy
  }

  /// Does what the locking functions leave to the program: sleeps until a signal asks it to stop, and tells of thefts.
  package mutating func attend(_ occasion: Occasion, for path: FilePath) throws(LockFailure) {
    switch occasion {
    case .wait(let wakeUp, let time): try signals.wait(wakeUp, time, for: path)
    case .theft(let text):
      say(text)
      Diagnostics.log(description.name, text)
    }
  }

  /// Says something that is only wanted with -v.
  package func say(_ text: @autoclosure () -> String) {
    if invocation.isVerbose { Diagnostics.report(description.name, text()) }
  }

  package func complain(_ text: String) { Diagnostics.report(description.name, text) }
}

// MARK: - Exit statuses

extension Program {
  private func status(of outcome: Outcome) -> Int32 {
    outcome.status(exitCodes ?? declaredExitCodes, conflict: invocation.conflictExitCode)
  }

  /// What the command line says, or the defaults of the policy file as far as it can be read: before there is a policy
  /// for the file, as when the command line is wrong.
  private var declaredExitCodes: Policy.ExitCodes {
    let document = (try? PolicyFile.load(invocation.policyFile)) ?? PolicyDocument()
    let given = document.defaults + invocation.overrides
    return given.last { $0.setting.key == "exit-codes" }.flatMap { Policy.ExitCodes(rawValue: $0.text) } ?? .mail
  }

  private func report(_ error: any Error) -> Int32 {
    let outcome: Outcome =
      switch error {
      case let failure as LockFailure: Outcome(failure)
      case is UsageError: .usage
      default: .failed
      }
    if outcome != .conflict || !invocation.isQuiet { complain("\(error)") }
    return status(of: outcome)
  }
}
