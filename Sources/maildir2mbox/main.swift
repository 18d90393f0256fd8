import CommandLine
import SystemPackage

let description = ProgramDescription(
  "maildir2mbox", section: 1, operands: "[MAILDIR MAILBOX]",
  summary: "Move every message of MAILDIR to the end of MAILBOX, each exactly once.",
  options: [
    .init(long: "dry-run", help: "only show what would be moved, and in which order"),
    .init(long: "keep", help: "copy: leave the messages in MAILDIR, too"),
  ])

Program.main(description) { program in
  let (maildir, mailbox) = try program.maildirAndMailbox()
  return try program.move(
    maildir, to: mailbox, isCopy: program.invocation.has("keep"), isDryRun: program.invocation.has("dry-run"))
}

extension Program {
  /// From the command line, or from the environment as qmail's program has it. Its MAILTMP is not needed.
  fileprivate func maildirAndMailbox() throws -> (FilePath, FilePath) {
    let operands = invocation.operands
    switch operands.count {
    case 0: return (try Operands.directory(inVariable: "MAILDIR"), try Operands.file(inVariable: "MAIL"))
    case 2: return (try operands.directory(0), try operands.file(1))
    default: throw description.usageError
    }
  }
}
