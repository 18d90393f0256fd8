import Testing
import LockPolicy
import SystemPackage
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

  @Test func `every program of lockctl policy export is in its help, its completions and its manual`() throws {
    let scratch = ScratchDirectory()
    let help = try Shell.run("lockctl policy export --help", in: scratch).output
    let page = try Shell.run("cat \(root)/man/lockctl.8", in: scratch).output
    let scripts = try ["bash", "zsh", "fish"].map {
      try Shell.run("lockctl --generate-completion-script \($0)", in: scratch).output
    }
    for program in ["postfix", "exim", "dovecot", "mutt", "procmail", "maildrop", "mailutils"] {
      #expect(help.contains(program) && page.contains("\n.It Cm \(program) Ta "), "\(program)")
      #expect(scripts.allSatisfy { $0.contains(program) }, "\(program)")
    }
  }
}

private let root = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent().string
