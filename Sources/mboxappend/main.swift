import CommandLine
import SystemPackage

let description = ProgramDescription(
  "mboxappend", operands: "MAILBOX", summary: "Append the message on standard input to MAILBOX, whole or not at all.",
  options: [
    .init(short: "f", long: "sender", placeholder: "ADDRESS", help: "the sender for the From_ line; empty: a bounce")
  ])

Program.main(description) { program in
  guard program.invocation.operands.count == 1 else { throw description.usageError }
  return try program.deliver(
    to: program.invocation.operands.file(0), from: program.invocation.value(of: "sender"))
}
