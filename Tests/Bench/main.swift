// Times whole processes against the tools that mail administrators use today; see `lockbench --help`.

import Glibc

func run() throws(Failure) {
  let options = try Options(Array(CommandLine.arguments.dropFirst()))
  let field = try Field(options, in: options.directory)
  defer { field.remove() }
  for part in options.parts {
    switch part {
    case .locks: try runLockers(field, options)
    case .deliveries: try runDeliverers(field, options)
    case .sizes: try runSizes(field, options)
    case .large: try runLarge(field, options)
    case .disk: try runOnDisk(options)
    case .maildirs: try runMaildirs(field, options)
    case .crowds: try runInCrowds(field, options)
    }
  }
  print("\nOnly the ratios mean anything on another machine.")
}

// What the bench runs of itself.
let words = Array(CommandLine.arguments.dropFirst())
if words.first == Exclusion.option, words.count == 2 { exit(Exclusion.workInside(words[1])) }
if words.first == BareAppend.option, words.count == 2 { exit(BareAppend.append(to: words[1])) }
if words.first == CopyingMove.option, words.count == 3 { exit(CopyingMove.move(words[1], to: words[2])) }

do throws(Failure) {
  if words.first == Worker.option { try Worker(Array(words.dropFirst())).work() }
  try run()
} catch {
  print(error.reason)
  exit(1)
}
