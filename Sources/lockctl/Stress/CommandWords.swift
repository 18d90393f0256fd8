internal import Glibc
internal import Posix
internal import SystemPackage

/// Calls `body` with words as execve(2) takes them.
func withCommandWords<Result>(
  _ words: [String], _ body: (CommandWords) throws(Errno) -> Result
) throws(Errno) -> Result {
  let copies = CommandWords.allocate(capacity: words.count + 1)
  for (index, word) in words.enumerated() { copies[index] = strdup(word) }
  copies[words.count] = nil
  defer {
    for index in words.indices { free(copies[index]) }
    copies.deallocate()
  }
  return try body(copies)
}
