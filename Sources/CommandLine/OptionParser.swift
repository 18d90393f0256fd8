internal import CPosix
internal import Glibc
internal import LockPolicy
internal import Posix
internal import SystemPackage

/// Reads the common options and a program's own by getopt_long(3), driven by the settings table.
///
/// Options end at the first operand, so that `dotlock FILE PROGRAM -v` leaves -v to the program.
struct OptionParser {
  private let options: [CommandOption]
  private let runsProgram: Bool

  // Loops instead of map and joined here and below: each generic that a program instantiates costs it start-up time.
  private init(_ program: ProgramDescription) {
    (options, runsProgram) = (CommandOption.common + program.options, program.runsProgram)
  }

  /// Reads a command line.
  ///
  /// - Parameter invocation: gets the options that were understood, also when a later one is wrong.
  /// - Throws: ``UsageError``.
  static func parse(
    _ count: CInt, _ words: CommandWords, of program: ProgramDescription, into invocation: inout Invocation
  ) throws(UsageError) -> Request {
    // What has no options needs no table of them, which would be a tenth of what a delivery computes.
    guard count > 1, words[1]?.pointee == CChar(UInt8(ascii: "-")) else {
      invocation.operands = Operands(words + min(Int(count), 1), count: max(Int(count) - 1, 0))
      return .run(invocation)
    }
    return try OptionParser(program).parse(count, words, into: &invocation)
  }

  private func parse(
    _ count: CInt, _ words: CommandWords, into invocation: inout Invocation
  ) throws(UsageError) -> Request {
    let long = longOptions()
    defer { for option in long { free(UnsafeMutablePointer(mutating: option.name)) } }
    cposix_getopt_reset()
    while case let code = getopt_long(count, words, shortOptions, long, nil), code != -1 {
      guard let option = known(code) else { throw complaint(code, words) }
      switch option.meaning {
      case .help: return .help
      case .version: return .version
      default: try apply(option, cposix_optarg().map { String(cString: $0) } ?? "", to: &invocation)
      }
    }
    let first = Int(cposix_optind())
    invocation.operands = Operands(words + first, count: Int(count) - first)
    return .run(invocation)
  }

  private func apply(_ option: CommandOption, _ value: String, to invocation: inout Invocation) throws(UsageError) {
    switch option.meaning {
    case .policy where value.isEmpty: throw UsageError("--policy: the name of the file is empty")
    case .policy: invocation.policyFile = cposix_optarg().map { FilePath(platformString: $0) }
    case .key:
      invocation.overrides.append(
        try assignment("-o \(value)") { () throws(ValueError) in try Assignment(option: value) })
    case .nonblock: try set("wait.timeout", "0", "-n", in: &invocation)
    case .setting(let setting): try set(setting.key, value, "--\(setting.option ?? "")", in: &invocation)
    case .own: invocation.own.append((option.long ?? "", cposix_optarg().map { Environment.bytes(of: $0) } ?? []))
    case .verbose: invocation.isVerbose = true
    case .quiet: invocation.isQuiet = true
    case .conflictExitCode:
      guard let code = Int32(value), (0...255).contains(code) else {
        throw UsageError("--conflict-exit-code \(value): not an exit status (0 to 255)")
      }
      guard code != 0 || runsProgram else {
        throw UsageError("--conflict-exit-code 0: means that the mail is delivered")
      }
      invocation.conflictExitCode = code
    case .help, .version: break
    }
  }

  private func set(_ key: String, _ value: String, _ words: String, in invocation: inout Invocation) throws(UsageError)
  {
    let assignment = try assignment("\(words) \(value.isEmpty ? "''" : value)") { () throws(ValueError) in
      try Assignment(key, value, origin: .commandLine(words))
    }
    invocation.overrides.append(assignment)
  }

  private func assignment(
    _ words: String, _ make: () throws(ValueError) -> Assignment
  ) throws(UsageError) -> Assignment {
    do throws(ValueError) { return try make() } catch { throw UsageError("\(words): \(error)") }
  }
}

// MARK: - getopt_long(3)'s tables

extension OptionParser {
  /// Codes beyond the characters, in the order of the options.
  private static let firstCode: CInt = 256

  private func known(_ code: CInt) -> CommandOption? {
    if code >= Self.firstCode { return options[Int(code - Self.firstCode)] }
    for option in options { if let short = option.short, CInt(short) == code { return option } }
    return nil
  }

  /// `+`: stop at the first operand; `:` tells a missing value from an unknown option.
  private var shortOptions: [CChar] {
    var letters = [CChar(UInt8(ascii: "+")), CChar(UInt8(ascii: ":"))]
    for option in options {
      guard let short = option.short else { continue }
      letters.append(CChar(short))
      if option.takesValue { letters.append(CChar(UInt8(ascii: ":"))) }
    }
    return letters + [0]
  }

  private func longOptions() -> [option] {
    var long: [option] = []
    for index in options.indices {
      guard let name = options[index].long else { continue }
      let argument = options[index].takesValue ? required_argument : no_argument
      long.append(option(name: strdup(name), has_arg: argument, flag: nil, val: Self.firstCode + CInt(index)))
    }
    return long + [option()]
  }

  private func complaint(_ code: CInt, _ words: CommandWords) -> UsageError {
    let known = cposix_optopt()
    let word = words[Int(cposix_optind()) - 1].map { String(cString: $0) } ?? ""
    if code == CInt(UInt8(ascii: ":")) { return UsageError("option '\(word)' needs a value") }
    guard word.hasPrefix("--") else {
      return UsageError("unknown option '-\(Unicode.Scalar(UInt8(truncatingIfNeeded: known)))'")
    }
    if known != 0 { return UsageError("option '\(word)' takes no value") }
    let name = String(word.dropFirst(2).prefix { $0 != "=" })
    let hint = nearest(to: name, among: options.compactMap(\.long)).map { "; did you mean '--\($0)'?" } ?? ""
    return UsageError("unknown option '--\(name)'\(hint)")
  }
}
