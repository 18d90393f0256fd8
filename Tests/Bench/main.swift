// Times whole processes against the tools that mail administrators use today; see `lockbench --help`.

import Glibc

func run() throws(Failure) {
  let options = try Options(Array(CommandLine.arguments.dropFirst()))
  let field = try Field(options, in: options.directory)
  defer { field.remove() }
  for part in Part.allCases where options.parts.contains(part) {
    try measure(part, field)
    // Whoever has it written to a file wants to look meanwhile.
    fflush(nil)
  }
  print("\nOnly the ratios mean anything on another machine.")
}

func measure(_ part: Part, _ field: Field) throws(Failure) {
  switch part {
  case .locking: try runLockers(field)
  case .delivery: try runDeliverers(field)
  case .size: try runSizes(field)
  case .disk: try runDurable(field.options)
  case .large: try runLarge(field)
  case .maildir: try runMaildirs(field)
  case .contended: try runInCrowds(field, field.options)
  }
}

// What the bench runs of itself.
let words = Array(CommandLine.arguments.dropFirst())
if words.first == Exclusion.option, words.count == 2 { exit(Exclusion.workInside(words[1])) }

do throws(Failure) {
  if words.first == Worker.option { try Worker(Array(words.dropFirst())).work() }
  try run()
} catch {
  print(error.reason)
  exit(1)
}
