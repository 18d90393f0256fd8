import Testing
import LockPolicy
import TestSupport

@Suite("--help and --version")
struct HelpTests {
  @Test(
    "name every option and every policy key with its built-in value",
    arguments: ["dotlock", "mboxappend", "maildir2mbox"])
  func help(program: String) throws {
    let scratch = ScratchDirectory()
    let result = try Shell.run("\(program) --help", in: scratch)
    #expect(result.status == 0 && result.errors == "")
    for setting in Settings.table {
      #expect(result.output.contains("\n  \(setting.key)=\(setting.defaultText) "), "\(setting.key)")
      if let option = setting.option { #expect(result.output.contains("\n      --\(option) "), "\(option)") }
    }
    #expect(result.output.split(separator: "\n").allSatisfy { $0.count <= 100 })
    #expect(try Shell.run("\(program) --version", in: scratch).output.hasPrefix("\(program) "))
  }
}
