import CommandLine
import FileLocking
import LockPolicy
import SystemPackage

let description = ProgramDescription(
  "dotlock", operands: "FILE PROGRAM [ARG...]",
  summary: "Take the lock on FILE, run PROGRAM under a lease, release the lock.",
  options: [
    .init(
      short: "s", long: "shared", placeholder: nil,
      help: "let other readers in meanwhile (fcntl and flock only)")
  ])

Program.main(description) { program in
  let operands = program.invocation.operands
  guard operands.count >= 2, let command = operands.dropFirst(1) else { throw description.usageError }
  return try program.runUnderLock(
    on: operands.file(0), command, isShared: program.invocation.value(of: "shared") != nil)
}
