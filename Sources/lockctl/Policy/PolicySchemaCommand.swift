internal import ArgumentParser
internal import CommandLine

struct PolicySchemaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema",
    abstract: "Print a JSON Schema of policy files, for editors.")

  func run() throws { try StandardOutput.print(PolicySchema.json.text + "\n") }
}
