internal import LockPolicy

/// An option of a program: how it is written, and what it means.
package struct CommandOption: Sendable {
  let short: UInt8?
  let long: String?
  /// What stands for the value, where the settings table does not tell.
  private let word: String?
  let help: String
  let meaning: Meaning

  var takesValue: Bool { if case .setting = meaning { true } else { word != nil } }

  /// What stands for the value in the help text; `nil` for an option without a value.
  private var placeholder: String? {
    if case .setting(let setting) = meaning { setting.form.placeholder } else { word }
  }

  enum Meaning: Sendable {
    case setting(Setting)
    /// Understood by the program that has it.
    case own
    case policy, key, nonblock, conflictExitCode, verbose, quiet, help, version
  }

  /// An option of one program only.
  package init(short: Unicode.Scalar, long: String, placeholder: String?, help: String) {
    self.init(UInt8(ascii: short), long, placeholder, .own, help)
  }

  /// An option of one program only, without a value and without a letter.
  package init(long: String, help: String) { self.init(nil, long, nil, .own, help) }

  private init(_ short: UInt8?, _ long: String?, _ word: String?, _ meaning: Meaning, _ help: String) {
    (self.short, self.long, self.word, self.meaning, self.help) = (short, long, word, meaning, help)
  }

  /// The options that every program has, in the order of the help text: those of the settings table among them.
  static var common: [CommandOption] {
    var options = [
      CommandOption(nil, "policy", "FILE", .policy, "policy file (default: /etc/dotlock.yaml if it is there)"),
      CommandOption(UInt8(ascii: "o"), nil, "KEY=VALUE", .key, "set any policy key, for this invocation only"),
    ]
    for setting in Settings.table {
      guard let name = setting.option else { continue }
      options.append(CommandOption(nil, name, nil, .setting(setting), setting.help))
    }
    options += [
      CommandOption(UInt8(ascii: "n"), "nonblock", nil, .nonblock, "try once, do not wait"),
      CommandOption(
        nil, "conflict-exit-code", "N", .conflictExitCode, "exit status when somebody else holds the lock"),
      CommandOption(UInt8(ascii: "v"), "verbose", nil, .verbose, "say what is done"),
      CommandOption(UInt8(ascii: "q"), "quiet", nil, .quiet, "do not report that the lock is held by somebody else"),
      CommandOption(UInt8(ascii: "h"), "help", nil, .help, "show this"),
      CommandOption(nil, "version", nil, .version, "show the version"),
    ]
    return options
  }

  /// The option as the help text shows it.
  var usage: String {
    let short = self.short.map { "-\(Unicode.Scalar($0))" }
    let long = self.long.map { "--\($0)" }
    let names =
      switch (short, long) {
      case (let short?, let long?): "\(short), \(long)"
      case (let short?, nil): short
      case (nil, let long): "    \(long ?? "")"
      }
    return placeholder.map { "\(names) \($0)" } ?? names
  }
}
