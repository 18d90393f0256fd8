internal import ArgumentParser
internal import CommandLine
internal import FileLocking
internal import LockPolicy
internal import PolicyFile
internal import SystemPackage

struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "Show every lock in a directory, and clear the posts of processes that were killed.",
    discussion: """
      A post is what somebody makes who waits for a lock by network rules. It is cleared when it was not touched for \
      longer than steal.after, by the file server's clock.
      """)

  @Argument(
    help: ArgumentHelp("The directory.", valueName: "DIR"), completion: .directory, transform: { FilePath($0) })
  var directories: [FilePath]
  @OptionGroup var options: SettingOptions
  @Flag(help: "Clear nothing.") var dryRun = false
  @Flag(help: "Print JSON.") var json = false

  func run() throws {
    let document = try PolicyFile.load(options.policy)
    let lists = try directories.map { path in
      try LockList(path, clearing: !dryRun) { try LockSubject($0, document, options) }
    }
    try StandardOutput.print(json ? JSON.array(lists.map(\.json)).text + "\n" : lists.map(\.text).joined())
  }
}
