internal import ArgumentParser
internal import CommandLine
internal import SystemPackage

struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Show who holds the lock on a file, since when, and until when.",
    discussion: "Looks only, and leaves nothing behind. The exit status tells whether the answer could be given.")

  @Argument(help: fileHelp, completion: .file(), transform: readFileName) var files: [FilePath]
  @OptionGroup var options: SettingOptions
  @Flag(help: "Print JSON.") var json = false

  func run() throws {
    let reports = try files.map { try LockSubject($0, options).report() }
    try StandardOutput.print(json ? JSON.array(reports.map(\.json)).text + "\n" : reports.map(\.text).joined())
  }
}
