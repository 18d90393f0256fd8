internal import ArgumentParser
internal import SystemPackage

/// Which rules for taking, leaving and stealing a lock file the workers follow.
enum StressRules: String, CaseIterable, ExpressibleByArgument {
  /// What the file system calls for.
  case filesystem
  case local, network
  /// Every other worker has the local ones.
  case mixed

  /// What is forced on a worker; `nil`: nothing.
  func isLocal(place: Int) -> Bool? {
    switch self {
    case .filesystem: nil
    case .local: true
    case .network: false
    case .mixed: place.isMultiple(of: 2)
    }
  }
}

/// What `lockctl stress` is told, and tells its workers in the same words.
struct StressOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "A name that is not in use; FILE and what begins like it go away in the end.", valueName: "FILE"),
    completion: .file(), transform: { FilePath($0) })
  var file: FilePath

  @Option(help: ArgumentHelp("So many processes at a time.", valueName: "N")) var workers = 8

  @Option(help: ArgumentHelp("Go on for so long.", valueName: "S")) var seconds = 10.0

  @Option(help: ArgumentHelp("Go on until the lock was handed over so many times.", valueName: "N")) var handOvers = 0

  @Option(help: "Rules for the lock file.") var rules = StressRules.filesystem

  @Option(help: ArgumentHelp("Disturb in the same order as another run.", valueName: "N")) var seed: UInt64?

  @Flag(help: "Set the lock file's time back and forward.") var clockSteps = false

  /// Stealing as other programs do it: the check must find them out.
  @Flag(help: .hidden) var naive = false

  @Flag(help: "Print JSON.") var json = false

  @OptionGroup var settings: SettingOptions

  func validate() throws {
    guard (1...1000).contains(workers) else { throw ValidationError("--workers must be 1 to 1000") }
    guard seconds > 0, seconds < 1e6 else { throw ValidationError("--seconds must be more than 0") }
  }
}
