internal import ArgumentParser
internal import CommandLine

struct StressCommand: ParsableCommand {
  static let name = "stress"
  static let configuration = CommandConfiguration(
    commandName: name,
    abstract: "Torture the lock on a file of your choosing.",
    discussion: """
      Processes take and release the lock while they are killed, stopped and continued; every two that were inside at \
      the same time are found. Several hosts may do so in one directory at once. Status 70 means that locking failed.
      """)

  @OptionGroup var options: StressOptions

  func run() throws {
    let tally = try StressRun.complete(StressPlan(options))
    try StandardOutput.print(options.json ? tally.json.text + "\n" : tally.text)
    if let verdict = tally.verdict { throw verdict }
  }
}
