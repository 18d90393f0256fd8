import Glibc

/// What makes waiting harder: the lock file of another user, which cannot be opened for writing, and that of a program
/// that knows nothing of how ours wait.
///
/// Its user must be another one as well: root may open everything.
func runStrangers(_ rivals: [Rival], in crowd: Crowd) throws(Failure) {
  let title = "Two processes of different users want one lock, again and again"
  guard getuid() == 0 else { return print("\n\(title)\n  not measured, only root can be two users") }
  let named = { name in rivals.first { $0.name == name }?.words }
  guard let ours = named(Rival.ours), let kernel = named(Rival.kernel) else { return }
  var pairs = [(Rival.ours, [ours, ours]), (Rival.kernel, [kernel, kernel])]
  if let spinner = named(Rival.spinner) { pairs.append((mixed, [ours, spinner])) }

  var struggles = pairs.map { ($0.0, Struggle()) }
  for _ in 1...2 {
    for (index, (name, words)) in pairs.enumerated() {
      let members = zip(words, strangers).map { Member(words: $0 + ["/bin/true"], user: $1) }
      struggles[index].1 += try crowd.contend("\(name), different users", members, seconds: 1.5)
    }
  }
  report(title, struggles)
  let reference = struggles[1].1.handoverRate
  for (name, struggle) in struggles where name != Rival.kernel {
    judge("\(name): at least 0.30 x flock", struggle.handoverRate / reference, isReached: { $0 >= 0.3 })
  }
}

/// The other program never pauses, so that what is seen is how long ours takes to notice.
private let mixed = "dotlock and \(Rival.spinner)"

/// nobody and daemon.
private let strangers: [uid_t] = [65534, 1]
