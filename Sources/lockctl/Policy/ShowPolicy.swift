internal import ArgumentParser
internal import CommandLine
internal import LockPolicy
internal import PolicyFile

struct ShowPolicy: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Show the whole policy: every default, and the rules.",
    discussion: "What is printed is a policy file itself, with comments that say where each value comes from.")

  @OptionGroup var options: SettingOptions

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let document = try PolicyFile.load(options.policy)
    let overrides = try options.overrides
    let shown = ShownPolicy(document, try document.resolved(for: nil, overrides: overrides), overrides)
    try StandardOutput.print(json ? shown.json.text + "\n" : shown.yaml)
  }
}
