internal import ArgumentParser
internal import FileLocking
internal import SystemPackage

struct TestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "test",
    abstract: "Tell by the exit status whether a file has a lock file: 0 when it has none, 75 when it has.",
    discussion: "By the time that the answer is read it may be wrong. Who is to have the lock takes it.")

  @Argument(help: fileHelp, completion: .file(), transform: readFileName) var file: FilePath
  @OptionGroup var options: SettingOptions

  func run() throws {
    let report = try LockSubject(file, options).ofScript().report()
    guard report.seen.sighting != .nothing else { return }
    try StandardOutput.print(report.headline.visible + "\n")
    throw ExitCode(SystemExit.temporaryFailure.rawValue)
  }
}
