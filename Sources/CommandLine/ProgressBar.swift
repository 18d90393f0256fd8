internal import Glibc
internal import Posix

/// A line on a terminal that shows how far the work is, and is gone when it is done.
struct ProgressBar {
  private static let width = 30
  private static let interval = Duration.milliseconds(100)

  private let title: String
  private let isOnTerminal: Bool
  private var isShown = false
  private var next = BootTime.now

  /// - Parameter isWanted: whether to show one if standard error is a terminal.
  init(_ title: String, isWanted: Bool) {
    self.title = title
    isOnTerminal = isWanted && isatty(STDERR_FILENO) == 1
  }

  /// Shows it, but not so often that the terminal would be most of the work.
  mutating func show(_ done: Int64, of total: Int64, _ text: String) {
    guard isOnTerminal, .now >= next else { return }
    next = .now + Self.interval
    isShown = true
    let share = Double(done) / Double(max(1, total))
    let full = Int(min(1, share) * Double(Self.width))
    let bar = String(repeating: "#", count: full) + String(repeating: " ", count: Self.width - full)
    Diagnostics.write(STDERR_FILENO, "\r\(title): [\(bar)] \(text)\u{1B}[K")
  }

  mutating func clear() {
    if isShown { Diagnostics.write(STDERR_FILENO, "\r\u{1B}[K") }
    isShown = false
  }
}
