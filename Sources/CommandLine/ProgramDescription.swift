internal import LockPolicy

/// What a program says about itself, and the options that it has besides the common ones.
package struct ProgramDescription: Sendable {
  package let name: String
  /// The section of the manual that it is in.
  private let section: Int
  /// The operands as a usage line shows them.
  package let operands: String
  /// What the program does, in one line.
  package let summary: String
  let options: [CommandOption]

  package init(
    _ name: String, section: Int = 8, operands: String, summary: String, options: [CommandOption] = []
  ) {
    (self.name, self.section, self.operands) = (name, section, operands)
    (self.summary, self.options) = (summary, options)
  }

  /// Whether it runs another program, whose statuses mean what they like. Of ours, 0 means that mail is in its place.
  var runsProgram: Bool { operands.contains("PROGRAM") }

  /// The version of the whole package.
  package static let version = "0.1.0"

  /// The error for operands that are not what the usage line says.
  package var usageError: UsageError { UsageError("usage: \(name) [options] \(operands)") }

  /// The text of `--help`, made from the settings table.
  var help: String {
    var lines = ["usage: \(name) [options] \(operands)", summary, "", "Options:"]
    func add(_ words: String, _ help: String) {
      let pad = String(repeating: " ", count: max(1, 34 - words.count))
      lines.append("  \(words)\(pad)\(help)")
    }
    for option in options + CommandOption.common { add(option.usage, option.help) }
    lines += ["", "Policy keys for -o, with their built-in values:"]
    for setting in Settings.table { add("\(setting.key)=\(setting.defaultText)", setting.form.summary) }
    lines += ["", "The manual: \(name)(\(section)), dotlock.yaml(5), mailbox-locking(7)."]
    return lines.joined(separator: "\n") + "\n"
  }
}
