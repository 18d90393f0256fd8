internal import ArgumentParser
internal import LockPolicy
internal import Synchronization
internal import SystemPackage

/// A setting on the command line, and how early it was there: among several for one key the last one wins.
struct GivenSetting: Sendable {
  let assignment: Assignment
  private let order: Int

  private static let count = Atomic(0)

  init(_ assignment: Assignment) {
    self.assignment = assignment
    order = Self.count.wrappingAdd(1, ordering: .relaxed).newValue
  }

  static func inOrder(_ settings: [GivenSetting]) -> [Assignment] {
    settings.sorted { $0.order < $1.order }.map(\.assignment)
  }
}

extension Option where Value == GivenSetting? {
  /// The long option that the settings table gives to a key.
  init(setting key: String) {
    let setting = Settings.setting(key)
    let name = setting?.option ?? key
    self.init(
      name: .customLong(name), help: ArgumentHelp(stringLiteral: setting?.help ?? "", value: setting?.form.placeholder),
      transform: { GivenSetting(try Assignment(key, $0, origin: .commandLine("--\(name)"))) })
  }
}

extension ArgumentHelp {
  fileprivate init(stringLiteral text: String, value: String?) { self.init("\(text)", valueName: value) }
}

/// The policy file, and the settings for this invocation only: as every program of the toolkit has them.
struct SettingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Policy file (default: /etc/dotlock.yaml if it is there).", valueName: "FILE"),
    completion: .file(extensions: ["yaml"]), transform: { FilePath($0) })
  var policy: FilePath?

  @Option(
    name: .customShort("o"), parsing: .singleValue,
    help: ArgumentHelp("Set any policy key, for this invocation only.", valueName: "KEY=VALUE"),
    completion: .list(Settings.table.map { "\($0.key)=" }),
    transform: { GivenSetting(try Assignment(option: $0)) })
  var settings: [GivenSetting] = []

  @Flag(name: [.customShort("n"), .customLong("nonblock")], help: "Try once, do not wait (wait.timeout=0).")
  var isNonblocking = false

  @Option(setting: "method") var method: GivenSetting?
  @Option(setting: "lease.length") var lease: GivenSetting?
  @Option(setting: "lease.warning") var warning: GivenSetting?
  @Option(setting: "lease.kill") var kill: GivenSetting?
  @Option(setting: "lease.refresh") var refresh: GivenSetting?
  @Option(setting: "wait.timeout") var timeout: GivenSetting?
  @Option(setting: "steal.after") var stealAfter: GivenSetting?
  @Option(setting: "steal.foreign-after") var foreignAfter: GivenSetting?
  @Option(setting: "mailbox.journal") var journal: GivenSetting?
  @Option(setting: "mailbox.quoting") var quoting: GivenSetting?
  @Option(setting: "mailbox.size-limit") var sizeLimit: GivenSetting?
  @Option(setting: "exit-codes") var exitCodes: GivenSetting?

  /// The settings in the order of the command line.
  var overrides: [Assignment] {
    get throws {
      let everyday = [
        method, lease, warning, kill, refresh, timeout, stealAfter, foreignAfter, journal, quoting, sizeLimit,
        exitCodes,
      ]
      let nonblocking = try isNonblocking ? [Assignment("wait.timeout", "0", origin: .commandLine("-n"))] : []
      return GivenSetting.inOrder(everyday.compactMap { $0 } + settings) + nonblocking
    }
  }
}
