internal import LockPolicy

/// What a program says about itself, and the options that it has besides the common ones.
package struct ProgramDescription: Sendable {
  package let name: String
  /// The operands as a usage line shows them.
  package let operands: String
  /// What the program does, in one line.
  package let summary: String
  package let options: [OwnOption]

  /// An option that only one program has; it takes a value.
  package struct OwnOption: Sendable {
    package let short: Character
    package let long: String
    package let placeholder: String
    package let help: String

    package init(short: Character, long: String, placeholder: String, help: String) {
      (self.short, self.long, self.placeholder, self.help) = (short, long, placeholder, help)
    }
  }

  package init(_ name: String, operands: String, summary: String, options: [OwnOption] = []) {
    (self.name, self.operands, self.summary, self.options) = (name, operands, summary, options)
  }

  /// The version of the whole package.
  package static let version = "0.1.0"

  /// The text of `--help`, made from the settings table.
  package var help: String {
    var lines = ["usage: \(name) [options] \(operands)", summary, "", "Options:"]
    func add(_ words: String, _ help: String) {
      let pad = String(repeating: " ", count: max(1, 34 - words.count))
      lines.append("  \(words)\(pad)\(help)")
    }
    for option in options { add("-\(option.short), --\(option.long) \(option.placeholder)", option.help) }
    add("    --policy FILE", "policy file (default: /etc/dotlock.yaml if it is there)")
    add("-o KEY=VALUE", "set any policy key, for this invocation only")
    for setting in Settings.table {
      if let option = setting.option { add("    --\(option) \(setting.form.placeholder)", setting.help) }
    }
    add("-n, --nonblock", "try once, do not wait")
    add("    --conflict-exit-code N", "exit status when somebody else holds the lock")
    add("-v, --verbose", "say what is done")
    add("-q, --quiet", "do not report that the lock is held by somebody else")
    add("-h, --help", "show this")
    add("    --version", "show the version")
    lines += ["", "Policy keys for -o, with their built-in values:"]
    for setting in Settings.table { add("\(setting.key)=\(setting.defaultText)", setting.form.summary) }
    lines += ["", "The manual: \(name)(8), dotlock.yaml(5), mailbox-locking(7)."]
    return lines.joined(separator: "\n") + "\n"
  }
}
