import Testing

@testable import LockPolicy

struct SettingsTests {
  @Test(arguments: Settings.table.map(\.key))
  func `a default reads back as itself`(key: String) throws {
    let setting = try #require(Settings.setting(key))
    var policy = Policy()
    try setting.store(setting.defaultText, &policy)
    #expect(policy == Policy())
    #expect(setting.text(in: policy) == setting.defaultText)
  }

  /// A value other than the default for each key: no setting may write into another's place.
  private static let others = [
    "method": "flock", "lease.length": "none", "lease.warning": "7s", "lease.kill": "2s", "lease.refresh": "off",
    "wait.timeout": "forever", "wait.first": "3ms", "wait.longest": "2s", "wait.growth": "1.5", "wait.jitter": "0.5",
    "wait.notify": "false", "steal.after": "never", "steal.foreign-after": "never", "steal.dead-owner": "by-age",
    "steal.observe": "9s", "steal.fence": "none", "steal.fence-max": "3MiB", "dotlock.suffix": ".lck",
    "dotlock.mode": "0600", "dotlock.unwritable-directory": "fail", "mailbox.create": "false", "mailbox.mode": "0660",
    "mailbox.sync": "false", "mailbox.journal": "power", "mailbox.symlinks": "follow", "mailbox.quoting": "mboxo",
    "mailbox.size-limit": "50MiB", "exit-codes": "shell",
  ]

  @Test(arguments: Settings.table.map(\.key))
  func `a value is stored in its own place and nowhere else`(key: String) throws {
    let setting = try #require(Settings.setting(key))
    let value = try #require(Self.others[key])
    var policy = Policy()
    try setting.store(value, &policy)
    for other in Settings.table {
      #expect(other.text(in: policy) == (other.key == key ? value : other.defaultText), "\(other.key)")
    }
  }

  @Test func `keys and options are each declared once, and every key has help`() {
    #expect(Set(Settings.table.map(\.key)).count == Settings.table.count)
    let options = Settings.table.compactMap(\.option)
    #expect(Set(options).count == options.count)
    for setting in Settings.table {
      #expect(!setting.help.isEmpty && !setting.help.hasSuffix("."), "\(setting.key)")
      #expect(!setting.form.summary.isEmpty && !setting.form.placeholder.isEmpty)
    }
    #expect(Set(Settings.sections).count == Settings.sections.count, "a section's keys stand together")
  }

  @Test(arguments: [
    ("lease.length", "0s", "0s is out of range: 1ms to 365d, or none"),
    ("lease.length", "forever", "'forever' is not a duration (60s, 5m, ...) nor none"),
    ("wait.jitter", "2", "2 is out of range: 0 to 1"), ("wait.jitter", "nan", "'nan' is not a number; expected 0 to 1"),
    ("wait.growth", "0x2", "'0x2' is not a number; expected 1 to 100"),
    ("mailbox.sync", "yes", "'yes' is not true or false"),
    ("mailbox.quoting", "mboxdr", "unknown value 'mboxdr'; did you mean 'mboxrd'?"),
    ("mailbox.journal", "x", "unknown value 'x'; known: auto, power, off"),
    ("lease.lenght", "1s", "unknown key 'lease.lenght'; did you mean 'lease.length'?"),
    ("timeout", "1s", "unknown key 'timeout'; did you mean 'wait.timeout'?"),
    ("timout", "1s", "unknown key 'timout'; did you mean 'wait.timeout'?"),
    ("steal.timeout", "1s", "unknown key 'steal.timeout'; did you mean 'wait.timeout'?"),
    ("METHOD", "flock", "unknown key 'METHOD'; did you mean 'method'?"),
  ])
  func `bad settings get a reason`(key: String, text: String, reason: String) {
    #expect(throws: ValueError(reason)) { try Assignment(key, text, origin: .commandLine("-o")) }
  }

  @Test func `an option is KEY=VALUE, and the value may hold another =`() throws {
    let assignment = try Assignment(option: "dotlock.suffix=.a=b")
    #expect(assignment.setting.key == "dotlock.suffix")
    #expect(assignment.text == ".a=b")
    #expect(throws: ValueError("'method' is not KEY=VALUE")) { try Assignment(option: "method") }
    #expect(throws: ValueError.self) { try Assignment(option: "=x") }
  }

  @Test func `a suggestion is made only when something near was meant`() {
    #expect(nearest(to: "lenght", among: ["length", "kill"]) == "length")
    #expect(nearest(to: "elngth", among: ["length", "kill"]) == "length")
    #expect(nearest(to: "colour", among: ["length", "kill"]) == nil)
    #expect(nearest(to: "", among: ["length"]) == nil)
    #expect(nearest(to: "x", among: []) == nil)
  }
}
