internal import ArgumentParser
internal import CommandLine
internal import LockPolicy
internal import SystemPackage

struct ProbeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "probe",
    abstract: "Find out by trying which locking methods are safe in a directory.",
    discussion: """
      Makes a scratch directory there, removes it again, and prints a policy rule that fits. Exits with status 69 \
      where no method is safe.
      """)

  @Argument(
    help: ArgumentHelp("The directory; one in which you can make files.", valueName: "DIR"), completion: .directory,
    transform: { FilePath($0) })
  var directory: FilePath

  @Option(
    help: ArgumentHelp("Longest that one trial may take; what takes longer hangs.", valueName: "TIME"),
    transform: { try Duration(policyText: $0) })
  var deadline = Duration.seconds(20)

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    guard !directory.isEmpty else { throw ValidationError("DIR is empty") }
    guard deadline > .zero else { throw ValidationError("--deadline must be longer than nothing") }
  }

  func run() throws {
    let findings = try Probe(directory, deadline: deadline).run()
    try StandardOutput.print(json ? findings.json.text + "\n" : findings.text)
    if findings.methods.allSatisfy({ !$0.isSafe }) { throw ExitCode(SystemExit.unavailable.rawValue) }
  }
}

/// One step of a probe in a process of its own; not for people.
struct ProbeStepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "probe-step", shouldDisplay: false)

  @Argument(transform: { ProbeStep(word: $0) }) var step: ProbeStep?
  @Argument(transform: { FilePath($0) }) var path: FilePath
  @Option var report: Int32

  func run() throws {
    guard let step else { throw ValidationError("no such step") }
    try step.run(path, reportingTo: report)
  }
}
